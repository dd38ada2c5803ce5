"""Where bookers go in the end, when the host has chosen a page."""

import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks.accounts.models import User
from tests import factories
from tests.web import pages

pytestmark = pytest.mark.usefixtures("watch")

ANN = {"name": "Ann Lee", "email": "ann@example.com"}
LINK = "/rick/demo?slot=2026-03-03T10:00:00Z"


@pytest.fixture(autouse=True)
def _demo(app: Flask, rick: User) -> None:
    with app.app_context():
        factories.create_event_type(
            rick, slug="demo", title="Demo & more", redirect_url="https://www.example.com/thanks?lang=en#top"
        )


def landed(client: FlaskClient, link: str) -> tuple[str, str, list[tuple[str, str]]]:
    """Book by a link: the path of our page, the whole address it leads to, and what that says."""
    answer = pages.submit(client, link, ANN)
    assert answer.status_code == 303
    page = client.get(answer.location)
    found = re.search(r'<meta http-equiv="refresh" content="0; url=([^"]*)">', page.text)
    assert found
    address = unescape(found[1])
    return urlsplit(answer.location).path, address, parse_qsl(urlsplit(address).query)


def test_the_hosts_page_is_told_what_was_booked(client: FlaskClient) -> None:
    path, address, said = landed(client, LINK)
    assert address.startswith("https://www.example.com/thanks?lang=en&uid=")
    assert address.endswith("#top")
    assert path == "/booking/" + dict(said)["uid"]
    assert said[2:] == [
        ("title", "Demo & more"),
        ("startTime", "2026-03-03T10:00:00Z"),
        ("endTime", "2026-03-03T10:30:00Z"),
        ("email", "ann@example.com"),
    ]


def test_the_links_own_parameters_go_along_and_override_nothing(client: FlaskClient) -> None:
    evil = "&uid=x&startTime=never&email=evil@example.com&title=Evil&lang=xx&forward=n"
    _, _, said = landed(client, f"{LINK}&utm_source=news&utm_source=mail&metadata[user_id]=7&timeZone=Asia/Tokyo{evil}")
    assert said[6:] == [("utm_source", "news"), ("utm_source", "mail"), ("metadata[user_id]", "7")]
    assert [name for name, _ in said].count("uid") == 1
    assert dict(said)["email"] == "ann@example.com"
    assert dict(said)["lang"] == "en"


def test_the_hosts_own_address_does_not_say_another_booking(client: FlaskClient, app: Flask, rick: User) -> None:
    with app.app_context():
        factories.create_event_type(rick, slug="odd", redirect_url="https://www.example.com/?uid=x&a=1")
    _, _, said = landed(client, "/rick/odd?slot=2026-03-03T12:00:00Z")
    assert [name for name, _ in said][:3] == ["a", "uid", "title"]
    assert dict(said)["uid"] != "x"


def test_they_survive_the_way_through_the_page(client: FlaskClient) -> None:
    back = pages.submit(client, f"{LINK}&utm_source=news", {"step": "back"})
    assert "utm_source=news" in back.location


def test_htmx_is_led_by_our_page_too(client: FlaskClient) -> None:
    form = pages.post_form(client.get(LINK))
    answer = client.post(form.path, data={**form.fields.to_dict(), **ANN}, headers={"HX-Request": "true"})
    assert re.fullmatch(r"/booking/[\w-]{22}\?forward=y", answer.headers["HX-Redirect"])


def test_the_booking_page_itself_leads_nowhere(client: FlaskClient) -> None:
    answer = pages.submit(client, LINK, ANN)
    uid = urlsplit(answer.location).path
    assert "http-equiv" not in client.get(uid).text
    pages.submit(client, f"{uid}?cancel=true", to=uid)
    assert "http-equiv" not in client.get(answer.location).text


def test_without_a_page_of_the_hosts_nothing_changes(client: FlaskClient, app: Flask, rick: User) -> None:
    with app.app_context():
        factories.create_event_type(rick, slug="plain")
    answer = pages.submit(client, "/rick/plain?slot=2026-03-03T12:00:00Z&utm_source=news", ANN)
    assert re.fullmatch(r"/booking/[\w-]{22}", answer.location)
    assert "http-equiv" not in client.get(f"{answer.location}?forward=y").text


def test_the_address_is_set_in_the_form(owner: FlaskClient) -> None:
    form = "/event-types/1/edit"
    assert pages.submit(owner, form, {"redirectUrl": "javascript:alert(1)"}).status_code == 422
    assert pages.submit(owner, form, {"redirectUrl": "https://example.org/"}).status_code == 303
    assert pages.post_form(owner.get(form)).fields["redirectUrl"] == "https://example.org/"

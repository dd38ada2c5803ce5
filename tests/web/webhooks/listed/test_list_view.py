"""The list of webhooks: names first, an order, and a search once there are many."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import writing
from calhooks.delivery.models.endpoints import Endpoint, InactiveReason
from calhooks.webhooks.models import Webhook
from tests import factories
from tests.web import pages

LIST = "/integrations"
HTMX = {"HX-Request": "true"}
SEARCH = 'name="find"'


def make(rick: User, url: str, name: str = "", triggers: list[str] | None = None, **state: object) -> Webhook:
    webhook = factories.create_webhook(rick, url, **({"triggers": triggers} if triggers else {}))
    with writing() as session:
        endpoint = session.get_one(Endpoint, webhook.endpoint_id)
        endpoint.name = name
        for column, value in state.items():
            setattr(endpoint, column, value)
    return webhook


def titles(text: str) -> list[str]:
    """Return what the rows are called, in their order."""
    return re.findall(r'<a class="truncate" id="webhook-url-\d+"[^>]*>([^<]+)</a>', text)


@pytest.fixture
def three(app: Flask, rick: User) -> None:
    """A webhook that is off, one that gets through and one that fails, in this order."""
    with app.app_context():
        now = clock.now()
        make(rick, "https://a.example/", "Zapier", active=False, inactive_reason=InactiveReason.OWNER)
        make(rick, "https://b.example/", "crm", last_success_at=now)
        make(rick, "https://c.example/", failing_since=now, consecutive_failures=3)


@pytest.fixture
def eleven(app: Flask, rick: User) -> None:
    """Eleven webhooks, of which one has a name of its own and one another event."""
    with app.app_context():
        make(rick, "https://slack.example/booked", "Booked in Slack")
        make(rick, "https://other.example/", triggers=["MEETING_ENDED"])
        for number in range(9):
            make(rick, f"https://example.com/{number}")


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", ["Zapier", "crm", "https://c.example/"]),
        ("nonsense", ["Zapier", "crm", "https://c.example/"]),
        ("newest", ["https://c.example/", "crm", "Zapier"]),
        ("name", ["crm", "https://c.example/", "Zapier"]),
        ("state", ["https://c.example/", "crm", "Zapier"]),
    ],
)
def test_the_order_is_chosen_in_the_address(owner: FlaskClient, sort: str, order: list[str]) -> None:
    assert titles(owner.get(f"{LIST}?sort={sort}").text) == order


@pytest.mark.usefixtures("three")
def test_few_webhooks_are_not_searched(owner: FlaskClient) -> None:
    assert SEARCH not in owner.get(LIST).text


@pytest.mark.usefixtures("eleven")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("slack BOOKED", ["Booked in Slack"]),
        ("other.ex", ["https://other.example/"]),
        ("meeting ended", ["https://other.example/"]),
        ("MEETING_ENDED", ["https://other.example/"]),
        ("example.com/3", ["https://example.com/3"]),
    ],
)
def test_many_are_searched_by_name_url_and_event(owner: FlaskClient, words: str, found: list[str]) -> None:
    page = owner.get(LIST, query_string={"find": words})
    assert titles(page.text) == found
    assert SEARCH in page.text


@pytest.mark.usefixtures("eleven")
def test_nothing_found_says_so_and_leads_back_to_all(owner: FlaskClient) -> None:
    page = owner.get(f"{LIST}?find=%3Cnowhere%3E&sort=name")
    assert titles(page.text) == []
    assert "No webhook has “&lt;nowhere&gt;” in its name, URL or events." in page.text
    assert f'href="{LIST}?sort=name"' in page.text


@pytest.mark.usefixtures("eleven")
def test_without_javascript_every_form_leads_back_to_the_list_as_it_was(owner: FlaskClient) -> None:
    view = "find=slack&sort=name"
    page = owner.get(f"{LIST}?{view}").text
    edit = re.search(r'href="(/integrations/webhooks/\d+/edit\?[^"]+)"', page)
    assert edit
    saved = pages.submit(owner, edit[1].replace("&amp;", "&"), {"name": "Slack, all"})
    assert saved.location == f"{LIST}?{view}"
    switched = pages.post_form(owner.get(saved.location), re.search(r"/integrations/webhooks/\d+/active", page)[0])
    assert owner.post(switched.path, data=switched.fields).location == f"{LIST}?{view}"


@pytest.mark.usefixtures("eleven")
def test_the_list_behind_a_dialog_stays_as_it_was(owner: FlaskClient) -> None:
    page = owner.get(LIST).text
    edit = re.search(r"/integrations/webhooks/\d+/edit", page)[0]
    form = pages.post_form(owner.get(edit))
    current = {"HX-Current-URL": f"http://localhost{edit}?find=slack&sort=name"}
    saved = owner.post(edit, data=form.fields, headers=HTMX | {"HX-Target": "modal"} | current)
    assert titles(saved.text) == ["Booked in Slack"]
    assert 'value="slack"' in saved.text


@pytest.mark.usefixtures("three")
def test_a_name_comes_first_and_the_url_below_it(owner: FlaskClient) -> None:
    page = owner.get(LIST).text
    assert '<p class="webhook-address mono truncate" title="https://b.example/">https://b.example/</p>' in page
    assert page.count('class="webhook-address') == 2


def test_many_events_are_counted_and_named_for_those_who_listen(app: Flask, rick: User, owner: FlaskClient) -> None:
    with app.app_context():
        make(rick, "https://a.example/", triggers=["BOOKING_CREATED", "BOOKING_REJECTED"])
        make(rick, "https://b.example/")
    page = owner.get(LIST).text
    assert '<span class="chip tone-neutral">Booking rejected</span>' in page
    assert "3 events<span" in page
    assert "Booking created, Booking rescheduled, Booking cancelled" in page


def test_an_address_of_the_browser_that_is_none_does_no_harm(rick: User, owner: FlaskClient) -> None:
    for address in ("http://[", "\udc80", "?" + "find=" + "x" * 5000):
        headers = HTMX | {"HX-Current-URL": address.encode("utf-8", "surrogateescape").decode("latin-1")}
        assert owner.get(LIST, headers=headers).status_code == 200

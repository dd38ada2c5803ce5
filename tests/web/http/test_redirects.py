"""No redirect leads to another site, whatever Host a request names, or is longer than proxies take."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from calhooks.scheduling.models.event_types import EventType
from calhooks.web.http.redirects import MAX_NEXT_LENGTH, MAX_OWN_REDIRECT_LENGTH, is_own_path
from tests.web import pages
from tests.web.site.belongings import Belongings
from tests.web.site.routes import ADMIN_ONLY, PUBLIC, SIGNED_IN

HTMX = {"HX-Request": "true", "HX-Current-URL": "https://evil.example//evil.example/x"}
LONG = "x" * 65_000
EVIL = "next=https://evil.example/&url=//evil.example&forward=y&rescheduleUid=x&timeFormat=12"


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """Mail is set up, for the page for a lost password, and every Host is let in, as on the internet."""
    return environ | {"MAIL_URL": "smtp://127.0.0.1:9", "CALHOOKS_HOST": "0.0.0.0"}


def check(answer: TestResponse) -> None:
    """Look at where an answer leads."""
    for name in ("Location", "HX-Redirect", "HX-Push-Url", "HX-Location", "Refresh", "Content-Location"):
        if address := answer.headers.get(name):
            assert is_own_path(address), (answer.request.path, name, address)
            assert len(address) <= MAX_OWN_REDIRECT_LENGTH + 100, (answer.request.path, name)
    assert answer.status_code < 400 or answer.location is None
    if answer.status_code in (301, 302, 303, 307, 308):
        assert "//evil.example" not in answer.text.partition("?")[0]


def get(browser: FlaskClient, address: str, **options: object) -> TestResponse:
    """Ask for exactly this path, of another Host than ours."""
    path, _, query = address.partition("?")
    exactly = {"PATH_INFO": path, "HTTP_HOST": "evil.example"}
    return browser.get("/", query_string=query, environ_overrides=exactly, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("who", ["owner", "client"])
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["browser", "htmx"])
def test_every_address_leads_to_this_site_alone(
    request: pytest.FixtureRequest, ricks: Belongings, who: str, headers: dict[str, str]
) -> None:
    browser: FlaskClient = request.getfixturevalue(who)
    token = pages.csrf_token(browser, "/settings/password" if who == "owner" else "/login")
    for asked in PUBLIC + SIGNED_IN + ADMIN_ONLY:
        path = asked.template.format(**ricks).partition("?")[0]
        doubled = path.replace("/", "//")
        for address in (path, f"{path}/", doubled, f"//evil.example{path}", f"/\\evil.example/{path}"):
            check(get(browser, f"{address}?{EVIL}", headers=headers))
        for address in (path, doubled):
            check(get(browser, f"{address}?{EVIL}&q={LONG}&notes={LONG}", headers=headers))
        check(asked.ask(browser, ricks, token, headers=headers | {"Host": "evil.example"}))


def test_doubled_slashes_lead_to_the_page_without_them(client: FlaskClient, event_type: EventType) -> None:
    answer = get(client, "/rick//quick-chat?a=b%20c&metadata[x]=ä")
    assert (answer.status_code, answer.location) == (308, "/rick/quick-chat?a=b%20c&metadata%5Bx%5D=%C3%A4")
    assert client.get(answer.location).status_code == 200
    assert get(client, "//rick").status_code == 200
    assert get(client, "//evil.example/%2f..").status_code == 404


def test_an_address_that_is_too_long_to_be_repeated_is_said_to_be(client: FlaskClient) -> None:
    answer = get(client, f"/rick//quick-chat?a={LONG}")
    assert answer.status_code == 414
    assert "This link is too long" in answer.text
    assert LONG not in answer.text


def test_the_way_back_after_the_login_is_bounded(client: FlaskClient, app: Flask) -> None:
    short, long = f"/event-types?a={LONG[: MAX_NEXT_LENGTH - 20]}", f"/event-types?a={LONG[:MAX_NEXT_LENGTH]}"

    assert "next=" in client.get(short).location
    assert client.get(long).location == "/login"
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://localhost/{LONG}"}
    assert client.get("/event-types", headers=headers).headers["HX-Redirect"] == "/login"


@pytest.mark.usefixtures("watch")
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["browser", "htmx"])
def test_what_is_too_long_for_an_address_is_kept_all_the_same(
    client: FlaskClient, event_type: EventType, headers: dict[str, str]
) -> None:
    link, notes = "/rick/quick-chat?slot=2026-03-03T10:00:00Z", "😀" * 4_000
    page = pages.submit(client, link, {"notes": notes, "step": "add-guest"}, headers=headers)
    assert page.status_code == 200
    assert "HX-Push-Url" not in page.headers
    assert pages.post_form(page).fields["notes"] == notes


def test_a_change_of_clock_leaves_out_what_is_too_long(client: FlaskClient, event_type: EventType) -> None:
    answer = client.get(
        "/rick/quick-chat", query_string={"timeFormat": "12", "notes": "😀" * 4_000, "month": "2026-03"}
    )
    assert (answer.status_code, answer.location) == (302, "/rick/quick-chat?month=2026-03")

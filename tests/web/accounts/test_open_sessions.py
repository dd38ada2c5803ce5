"""Tests of sessions in the browser: the cookie, the list under Settings, and how sessions end."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from calhooks.accounts.models import User
from calhooks.db import db
from calhooks.web.site.sessions import start_session
from tests import factories
from tests.web import pages

COOKIE = "calhooks_session"
SIGNED_IN_PAGE = "/settings/profile"


@pytest.fixture
def elsewhere(app: Flask, rick: User) -> FlaskClient:
    """Another browser of Rick's."""
    browser = app.test_client()
    pages.sign_in(browser, rick)
    return browser


def is_signed_in(browser: FlaskClient) -> bool:
    return browser.get(SIGNED_IN_PAGE).status_code == 200


def test_a_copy_of_the_cookie_is_worth_nothing_after_logging_out(app: Flask, owner: FlaskClient) -> None:
    owner.get(SIGNED_IN_PAGE)
    cookie = owner.get_cookie(COOKIE)
    assert cookie is not None
    thief = app.test_client()
    thief.set_cookie(COOKIE, cookie.value)
    assert is_signed_in(thief)
    thief.set_cookie(COOKIE, cookie.value)
    pages.submit(owner, SIGNED_IN_PAGE, to="/logout")
    assert not is_signed_in(thief)


def test_a_response_that_comes_late_brings_no_former_session_back(owner: FlaskClient, elsewhere: FlaskClient) -> None:
    """A tab asked before the login, or the change of the password, of another tab, and is answered after it."""
    pages.csrf_token(owner, SIGNED_IN_PAGE)
    assert "Set-Cookie" not in owner.get(SIGNED_IN_PAGE).headers
    pages.submit(elsewhere, "/settings/sessions/end-others")
    assert not is_signed_in(owner)
    assert "Set-Cookie" not in owner.get(SIGNED_IN_PAGE).headers


def test_the_list_has_every_browser_and_this_one_first(owner: FlaskClient, elsewhere: FlaskClient) -> None:
    page = owner.get("/settings/sessions").text
    assert page.index("This session") < page.index("End the session of")
    assert page.count("Firefox on Linux") == 3
    assert page.count("192.0.2.1") == 3
    assert page.count("This session") == 1
    assert "End all others" in page


def test_alone_there_is_nothing_to_end(owner: FlaskClient) -> None:
    page = owner.get("/settings/sessions").text
    assert "You are not signed in anywhere else." in page
    assert "End all others" not in page


def test_one_session_is_ended(owner: FlaskClient, elsewhere: FlaskClient) -> None:
    path = (
        "/settings/sessions/1/end" if "/1/end" in owner.get("/settings/sessions").text else "/settings/sessions/2/end"
    )
    response = pages.submit(owner, path, follow_redirects=True)
    assert "Session ended." in response.text
    assert (is_signed_in(owner), is_signed_in(elsewhere)) == (True, False)
    assert owner.get(path).status_code == 404


def test_all_others_are_ended_at_once(app: Flask, owner: FlaskClient, elsewhere: FlaskClient, rick: User) -> None:
    third = app.test_client()
    pages.sign_in(third, rick)
    headers = {"HX-Request": "true"}
    token = pages.csrf_token(owner, "/settings/sessions/end-others")
    answer = owner.post("/settings/sessions/end-others", data={"csrf_token": token}, headers=headers)
    assert answer.status_code == 200
    assert "All other sessions ended." in answer.headers["HX-Trigger"]
    assert 'hx-swap-oob="true"' in answer.text
    assert [is_signed_in(browser) for browser in (owner, elsewhere, third)] == [True, False, False]


def test_signing_in_again_ends_the_session_before(app: Flask, owner: FlaskClient, rick: User) -> None:
    """As a one-time link does in a browser that is signed in."""
    before = owner.get_cookie(COOKIE)
    assert before is not None
    with app.test_request_context(headers={"Cookie": f"{COOKIE}={before.value}"}):
        start_session(db.session.get_one(User, rick.id))
    assert not is_signed_in(owner)


def test_a_booker_costs_no_lookup_and_a_host_one(app: Flask, client: FlaskClient, owner: FlaskClient) -> None:
    asked: list[str] = []
    with app.app_context():
        factories.create_event_type(db.session.get_one(User, 1), slug="quick-chat")
        event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    client.get("/rick/quick-chat")
    assert asked
    assert not any("FROM sessions" in statement for statement in asked)
    asked.clear()
    owner.get(SIGNED_IN_PAGE)
    assert sum("FROM sessions" in statement for statement in asked) == 1
    assert not any("FROM users" in statement and "sessions" not in statement for statement in asked)


def test_under_https_a_cookie_belongs_to_this_host_alone(secure_app: Flask) -> None:
    with secure_app.app_context():
        factories.create_user("rick")
    answer = secure_app.test_client().get("/login", base_url="https://localhost")
    cookies = answer.headers.getlist("Set-Cookie")
    assert len(cookies) == 1
    assert cookies[0].startswith("__Host-calhooks_session=")
    attributes = {part.strip() for part in cookies[0].split(";")[1:]}
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= attributes
    assert not any(part.startswith("Domain") for part in attributes)

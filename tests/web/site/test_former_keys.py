"""Tests of browsers that were here before SECRET_KEY was changed."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from calhooks import create_app
from calhooks.accounts.models import User
from calhooks.config import Config
from calhooks.db import db
from calhooks.web.site import known_browsers
from calhooks.web.site.known_browsers import remember_browser
from tests.web import pages

NEW_KEY = "another-key-of-more-than-thirty-two-letters"
SETTINGS = "/settings/calendar"


@pytest.fixture
def restarted(environ: dict[str, str], owner: FlaskClient) -> Iterator[Callable[..., FlaskClient]]:
    """Rick's browser at a server that was started again with another key."""
    apps: list[Flask] = []

    def restart(*former: str) -> FlaskClient:
        variables = {"SECRET_KEY": NEW_KEY, "SECRET_KEY_FALLBACKS": ", ".join(former)}
        apps.append(create_app(Config.from_env(environ | variables)))
        browser = apps[-1].test_client()
        cookie = owner.get_cookie("calhooks_session")
        assert cookie is not None
        browser.set_cookie(cookie.key, cookie.value)
        return browser

    yield restart
    for app in apps:
        with app.app_context():
            db.engine.dispose()


def test_a_session_goes_on_while_the_former_key_is_known(
    restarted: Callable[..., FlaskClient], environ: dict[str, str]
) -> None:
    assert restarted("some-other-former-key", environ["SECRET_KEY"]).get(SETTINGS).status_code == 200
    assert restarted("some-other-former-key").get(SETTINGS).status_code == 302


def test_a_form_that_was_open_can_still_be_sent(
    owner: FlaskClient, rick: User, restarted: Callable[..., FlaskClient], environ: dict[str, str]
) -> None:
    token = pages.csrf_token(owner, SETTINGS)
    sent = {"csrf_token": token}
    assert restarted(environ["SECRET_KEY"]).post("/logout", data=sent).status_code == 303
    assert restarted(environ["SECRET_KEY"]).post("/logout", data={"csrf_token": token.swapcase()}).status_code == 400


def test_a_browser_stays_known_while_the_former_key_is(
    rick: User, owner: FlaskClient, restarted: Callable[..., FlaskClient], environ: dict[str, str]
) -> None:
    with owner.application.test_request_context():
        remember_browser(rick.email)
        known = owner.application.process_response(Response()).headers["Set-Cookie"].partition(";")[0]
    for former, is_known in (((environ["SECRET_KEY"],), True), ((), False)):
        app = restarted(*former).application
        with app.test_request_context(method="POST", data={"email": rick.email}, headers={"Cookie": known}):
            assert known_browsers.is_known() is is_known


def test_what_the_server_signs_is_signed_with_the_newest_key(
    restarted: Callable[..., FlaskClient], environ: dict[str, str]
) -> None:
    browser = restarted(environ["SECRET_KEY"])
    pages.csrf_token(browser, "/settings/profile")
    cookie = browser.get_cookie("calhooks_session")
    assert cookie is not None
    newest_alone = restarted()
    newest_alone.set_cookie(cookie.key, cookie.value)
    assert newest_alone.get(SETTINGS).status_code == 200

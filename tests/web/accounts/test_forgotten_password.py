"""Tests of a lost password: the link by mail, and what a stranger learns from asking for one."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from calhooks import create_app
from calhooks.accounts import links, passwords, users
from calhooks.accounts.models import User
from calhooks.config import Config
from calhooks.db import db, writing
from calhooks.mail.models import Mail
from calhooks.web.accounts import forgotten_password
from tests import factories
from tests.mail.letters import pump
from tests.mail.smtp_server import MailServer, mail_server
from tests.web import pages

FORGOT = "/auth/forgot"
HASH = passwords.hash_password("never gonna give")

Send = Callable[[], list[str]]


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def environ(environ: dict[str, str], server: MailServer) -> dict[str, str]:
    return environ | {"MAIL_URL": server.url}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgotten_password, "ANSWER_SECONDS", 0.0)


@pytest.fixture
def rick(app: Flask) -> User:
    with app.app_context():
        return factories.create_user("rick", password_hash=HASH)


def links_sent(app: Flask, server: MailServer) -> list[str]:
    """Send what is owed and return the paths of the links in it."""
    with app.app_context():
        pump()
    mails, server.mails = server.mails, []
    return [found[1] for mail in mails if (found := re.search(r"http://localhost(/auth/link/\S+)", mail.text))]


def test_a_link_comes_by_mail_and_lets_a_new_password_be_chosen(
    client: FlaskClient, app: Flask, rick: User, server: MailServer
) -> None:
    assert f'href="{FORGOT}"' in client.get("/login").text
    answer = pages.submit(client, FORGOT, {"email": " Rick@Example.com "}, follow_redirects=True)
    assert "Look into your mail" in answer.text
    (link,) = links_sent(app, server)
    assert pages.submit(client, link, {"password": "something new 1"}).status_code == 303
    with app.app_context():
        assert users.authenticate(db.session(), "rick@example.com", "something new 1") is not None
    assert client.get(link).status_code == 404


def test_a_stranger_learns_nothing_from_the_answer(
    client: FlaskClient, app: Flask, rick: User, server: MailServer
) -> None:
    known = pages.submit(client, FORGOT, {"email": "rick@example.com"})
    unknown = pages.submit(client, FORGOT, {"email": "nobody@example.com"})
    assert (known.status_code, known.location, known.text) == (unknown.status_code, unknown.location, unknown.text)
    assert len(links_sent(app, server)) == 1


def test_what_is_no_address_is_said_at_the_field(client: FlaskClient) -> None:
    response = pages.submit(client, FORGOT, {"email": "rick"})
    assert response.status_code == 422
    assert "Enter an e-mail address like name@example.com." in response.text
    assert 'value="rick"' in response.text


def test_an_account_gets_no_more_links_than_anybody_needs(
    client: FlaskClient, app: Flask, rick: User, server: MailServer
) -> None:
    for _ in range(5):
        assert pages.submit(client, FORGOT, {"email": "rick@example.com"}).status_code == 303
    assert pages.submit(client, FORGOT, {"email": "rick@example.com"}).status_code == 429
    assert len(links_sent(app, server)) == 3


def test_a_stranger_who_asks_ends_no_link_of_the_owners(
    client: FlaskClient, app: Flask, rick: User, server: MailServer
) -> None:
    with app.app_context(), writing() as session:
        invitation = f"/auth/link/{links.create_link(session, session.get_one(User, rick.id))}"
    pages.submit(client, FORGOT, {"email": "rick@example.com"})
    pages.submit(app.test_client(), FORGOT, {"email": "rick@example.com"})
    sent = [invitation, *links_sent(app, server)]
    assert [client.get(link).status_code for link in sent] == [200, 200, 200]
    pages.submit(client, sent[1], {"password": "something new 1"})
    assert [app.test_client().get(link).status_code for link in sent] == [404, 404, 404]


def test_the_link_is_not_kept_once_it_is_sent(client: FlaskClient, app: Flask, rick: User, server: MailServer) -> None:
    pages.submit(client, FORGOT, {"email": "rick@example.com"})
    assert links_sent(app, server)
    with app.app_context():
        mail = db.session.scalars(select(Mail)).one()
        assert (mail.state, mail.text, mail.html) == ("sent", "", "")


def test_without_mail_there_is_no_such_page(environ: dict[str, str]) -> None:
    app = create_app(Config.from_env(environ | {"MAIL_URL": ""}))
    with app.app_context():
        factories.create_user("rick")
    client = app.test_client()
    assert client.get(FORGOT).status_code == 404
    assert "An administrator can give you a link" in client.get("/login").text
    with app.app_context():
        db.engine.dispose()


@pytest.mark.usefixtures("rick")
def test_strangers_who_ask_too_often_leave_the_owner_a_way(app: Flask, client: FlaskClient) -> None:
    pages.submit(client, "/login", {"email": "rick@example.com", "password": "never gonna give"})
    pages.submit(client, "/settings/profile", to="/logout")
    stranger, asked = app.test_client(), {"email": "rick@EXAMPLE.com"}
    answers = [
        pages.submit(stranger, FORGOT, asked, environ_overrides={"REMOTE_ADDR": f"198.51.100.{number}"}).status_code
        for number in range(6)
    ]
    assert answers == [303] * 5 + [429]
    assert pages.submit(client, FORGOT, asked, environ_overrides={"REMOTE_ADDR": "203.0.113.9"}).status_code == 303

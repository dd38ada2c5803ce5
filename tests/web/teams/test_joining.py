"""Tests of invitations on the pages: the link is made, shown once, and used by people with and without an account."""

import logging
import re
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.accounts.teams.invitations import invite_to_team
from calhooks.accounts.teams.memberships import find_membership
from calhooks.accounts.teams.models import Invitation, Role, Team
from calhooks.db import db, writing
from calhooks.logs import OneLineFormatter
from calhooks.scheduling.models.event_types import EventType
from tests import factories
from tests.web import pages

Browsers = Callable[[User], FlaskClient]
HTMX = {"HX-Request": "true"}
EVE = {
    "name": "Eve",
    "username": "eve",
    "email": "eve@example.com",
    "password": "never gonna give",
    "timeZone": "Asia/Tokyo",
}


def link_in(text: str) -> str | None:
    found = re.search(r"http://localhost(/invitations/[\w-]+)", text)
    return found[1] if found else None


def path_of(app: Flask, team: Team, by: User, role: Role = Role.MEMBER) -> str:
    with app.app_context(), writing() as database:
        return f"/invitations/{invite_to_team(database, team.id, role, by)}"


def role_of(app: Flask, team: Team, email: str) -> str | None:
    with app.app_context():
        user = db.session.scalars(select(User).where(User.email == email)).one_or_none()
        found = user and find_membership(db.session(), team.id, user)
        return found.role if found else None


def count_users(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(User)) or 0


def test_an_invitation_is_made_and_shown_once(app: Flask, browser_of: Browsers, alice: User, team: Team) -> None:
    browser, path = browser_of(alice), f"/teams/{team.id}/members/invite"
    page = pages.submit(browser, path, {"role": "ADMIN"}, follow_redirects=True)
    token = (link_in(page.text) or "").rpartition("/")[2]
    assert len(token) == 43
    assert page.headers["Cache-Control"] == "no-store"
    assert link_in(browser.get(path).text) is None
    with app.app_context():
        kept = db.session.scalars(select(Invitation)).one()
        assert (kept.role, kept.token_hash == token) == (Role.ADMIN, False)
    with browser.session_transaction() as session:
        assert token not in str(dict(session))
    listed = browser.get(f"/teams/{team.id}/members").text
    assert "Open invitations" in listed
    assert token not in listed


def test_in_the_box_the_link_is_shown_at_once_with_the_new_list(browser_of: Browsers, alice: User, team: Team) -> None:
    browser, path = browser_of(alice), f"/teams/{team.id}/members/invite"
    token = pages.csrf_token(browser, path)
    answer = browser.post(path, data={"role": "MEMBER", "csrf_token": token}, headers=HTMX)
    assert link_in(answer.text)
    assert 'hx-swap-oob="true"' in answer.text
    assert link_in(browser.get(path).text) is None


def test_a_link_is_not_shown_on_the_page_of_another_team(
    app: Flask, browser_of: Browsers, alice: User, team: Team
) -> None:
    with app.app_context():
        other = factories.create_team(alice, slug="other")
    browser = browser_of(alice)
    pages.submit(browser, f"/teams/{team.id}/members/invite", {"role": "MEMBER"})
    assert link_in(browser.get(f"/teams/{other.id}/members/invite").text) is None


@pytest.mark.parametrize("role", ["", "BOSS", "owner"])
def test_an_unknown_role_is_said_at_its_field(browser_of: Browsers, alice: User, team: Team, role: str) -> None:
    answer = pages.submit(browser_of(alice), f"/teams/{team.id}/members/invite", {"role": role})
    assert answer.status_code == 422
    assert "Choose one of the roles." in answer.text


def test_admins_do_not_invite_owners(app: Flask, browser_of: Browsers, dave: User, team: Team) -> None:
    with app.app_context():
        factories.create_membership(team, dave, Role.ADMIN)
    browser, path = browser_of(dave), f"/teams/{team.id}/members/invite"
    assert 'value="OWNER"' not in browser.get(path).text
    answer = pages.submit(browser, path, {"role": "OWNER"})
    assert answer.status_code == 403
    assert "Only the team’s owners can invite another owner." in answer.text


def test_too_many_open_invitations_are_refused_with_a_sentence(
    browser_of: Browsers, alice: User, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calhooks.accounts.teams.invitations.MAX_OPEN_INVITATIONS", 0)
    answer = pages.submit(browser_of(alice), f"/teams/{team.id}/members/invite", {"role": "MEMBER"})
    assert answer.status_code == 422
    assert "Revoke one of them first." in answer.text


def test_an_invitation_is_revoked(
    app: Flask, browser_of: Browsers, client: FlaskClient, alice: User, team: Team
) -> None:
    path, browser = path_of(app, team, alice), browser_of(alice)
    with app.app_context():
        number = db.session.scalars(select(Invitation.id)).one()
    pages.submit(browser, f"/teams/{team.id}/members", to=f"/teams/{team.id}/members/invitations/{number}/revoke")
    assert client.get(path).status_code == 404
    assert "Open invitations" not in browser.get(f"/teams/{team.id}/members").text


def test_a_person_with_an_account_joins_with_one_button(
    app: Flask, browser_of: Browsers, alice: User, dave: User, team: Team
) -> None:
    path, browser = path_of(app, team, alice, Role.ADMIN), browser_of(dave)
    page = browser.get(path)
    assert "Alice invited you as an admin. You join as Dave (dave@example.com)." in page.text
    assert "password" not in page.text
    joined = pages.submit(browser, path, follow_redirects=True)
    assert joined.request.path == f"/teams/{team.id}/members"
    assert "Welcome to “Sales”." in joined.text
    assert role_of(app, team, "dave@example.com") == "ADMIN"
    assert browser.get(path).status_code == 404


def test_a_person_without_an_account_makes_one_and_joins(
    app: Flask, client: FlaskClient, alice: User, team: Team
) -> None:
    path = path_of(app, team, alice)
    joined = pages.submit(client, path, EVE, follow_redirects=True)
    assert joined.request.path == f"/teams/{team.id}/members"
    assert role_of(app, team, "eve@example.com") == "MEMBER"
    with app.app_context():
        eve = db.session.scalars(select(User).where(User.username == "eve")).one()
        assert (eve.time_zone, eve.is_admin) == ("Asia/Tokyo", False)
        assert db.session.scalar(select(func.count()).where(EventType.owner_id == eve.id)) == 2
    assert client.get(path).status_code == 404


def test_a_person_who_logs_in_comes_back_to_the_invitation(
    app: Flask, client: FlaskClient, alice: User, team: Team
) -> None:
    path = path_of(app, team, alice)
    assert f'href="/login?next={path}"' in client.get(path).text


def test_what_is_wrong_is_said_at_its_field_and_the_invitation_stays_open(
    app: Flask, client: FlaskClient, alice: User, team: Team
) -> None:
    path, before = path_of(app, team, alice), count_users(app)
    answer = pages.submit(client, path, EVE | {"username": "alice", "password": "short"})
    assert answer.status_code == 422
    assert 'id="password-error"' in answer.text
    assert 'value="Eve"' in answer.text
    answer = pages.submit(client, path, EVE | {"username": "alice"})
    assert "This username is taken." in answer.text
    assert count_users(app) == before
    assert client.get(path).status_code == 200


def test_a_holder_of_an_invitation_cannot_look_for_accounts(
    app: Flask, client: FlaskClient, alice: User, team: Team
) -> None:
    """The answer to an address that is taken must say so, and is therefore limited."""
    path = path_of(app, team, alice)
    token = pages.csrf_token(client, path)
    sent = EVE | {"email": "alice@example.com", "csrf_token": token}
    statuses = [client.post(path, data=sent).status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]
    answer = client.post(path, data=EVE | {"csrf_token": token})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
    assert (answer.headers["Cache-Control"], answer.headers["X-Robots-Tag"]) == ("no-store", "noindex")
    assert role_of(app, team, "eve@example.com") is None
    with app.app_context(), writing() as database:
        database.delete(database.scalars(select(Invitation)).one())
    answer = client.post(path, data=EVE | {"csrf_token": token})
    assert answer.status_code == 429
    assert "This invitation no longer works" in answer.text


def test_wrong_passwords_are_no_guesses(app: Flask, client: FlaskClient, alice: User, team: Team) -> None:
    path = path_of(app, team, alice)
    token = pages.csrf_token(client, path)
    for _ in range(12):
        assert client.post(path, data=EVE | {"password": "x", "csrf_token": token}).status_code == 422
    assert client.post(path, data=EVE | {"csrf_token": token}).status_code == 303


def test_a_member_is_told_and_the_invitation_stays_open(
    app: Flask, browser_of: Browsers, alice: User, bob: User, team: Team
) -> None:
    path, browser = path_of(app, team, alice, Role.OWNER), browser_of(bob)
    assert "You already belong to Sales" in browser.get(path).text
    token = pages.csrf_token(browser, "/teams/new")
    assert browser.post(path, data={"csrf_token": token}).status_code == 303
    assert role_of(app, team, "bob@example.com") == "MEMBER"
    assert browser.get(path).status_code == 200


@pytest.mark.parametrize("kind", ["used", "expired", "revoked", "unknown"])
def test_an_invitation_that_does_not_work_says_so_to_everybody_alike(
    app: Flask,
    browser_of: Browsers,
    client: FlaskClient,
    alice: User,
    dave: User,
    team: Team,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    path = path_of(app, team, alice)
    if kind == "used":
        pages.submit(browser_of(dave), path)
    elif kind == "revoked":
        with app.app_context(), writing() as database:
            database.delete(database.scalars(select(Invitation)).one())
    elif kind == "unknown":
        path = f"/invitations/{'x' * 43}"
    else:
        later = clock.now() + timedelta(days=8)
        monkeypatch.setattr(clock, "now", lambda: later)
    csrf = pages.csrf_token(client)
    for answer in (client.get(path), client.post(path, data=EVE | {"csrf_token": csrf})):
        assert answer.status_code == 404
        assert "This invitation no longer works" in answer.text
        assert "Ask the person who invited you for a new one." in answer.text
        assert "Sales" not in answer.text
        assert (answer.headers["Cache-Control"], answer.headers["X-Robots-Tag"]) == ("no-store", "noindex")


def test_a_full_team_says_so(
    app: Flask,
    browser_of: Browsers,
    client: FlaskClient,
    alice: User,
    dave: User,
    team: Team,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, before = path_of(app, team, alice), count_users(app)
    monkeypatch.setattr("calhooks.accounts.teams.invitations.MAX_MEMBERS", 3)
    for answer in (pages.submit(browser_of(dave), path), pages.submit(client, path, EVE)):
        assert answer.status_code == 409
        assert "members at most" in answer.text
    assert count_users(app) == before


def test_the_page_is_kept_and_listed_nowhere(app: Flask, client: FlaskClient, alice: User, team: Team) -> None:
    page = client.get(path_of(app, team, alice))
    assert (page.headers["Cache-Control"], page.headers["X-Robots-Tag"]) == ("no-store", "noindex")
    assert '<meta name="robots" content="noindex">' in page.text


def test_two_who_use_a_link_at_once_make_one_account(app: Flask, alice: User, team: Team) -> None:
    path, before = path_of(app, team, alice), count_users(app)
    browsers = [app.test_client(), app.test_client()]
    tokens = [pages.csrf_token(browser, path) for browser in browsers]
    barrier, statuses = threading.Barrier(2), list[int]()

    def join(number: int) -> None:
        barrier.wait()
        typed = EVE | {"username": f"eve{number}", "email": f"eve{number}@example.com", "csrf_token": tokens[number]}
        statuses.append(browsers[number].post(path, data=typed).status_code)

    threads = [threading.Thread(target=join, args=[number]) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303, 404]
    assert count_users(app) == before + 1


@pytest.mark.parametrize("text", ["/invitations/{}", "/login?next=%2Finvitations%2F{}", "GET /auth/link/{} failed"])
def test_no_token_of_a_link_is_logged(text: str) -> None:
    token = "Abc-_9" * 7
    record = logging.LogRecord("calhooks", logging.ERROR, __file__, 1, text.format(token), (), None)
    line = OneLineFormatter("%(message)s").format(record)
    assert token not in line
    assert line.endswith(("…", "… failed"))

"""Owners and admins who lose their role at the very moment at which they change something."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, event, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import UpdateBase

from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner, lock_owner
from calhooks.accounts.teams.models import Membership, Role, Team
from calhooks.db import db, writing
from tests import factories
from tests.web import pages
from tests.web.site.belongings import Belongings, everything_kept, give_everything
from tests.web.site.routes import SIGNED_IN, Asked

BrowserOf = Callable[[User], FlaskClient]
Happens = Callable[[UpdateBase], None]

AS_MEMBERS = update(Membership).where(Membership.role == Role.ADMIN).values(role=Role.MEMBER)
CHANGED = [asked for asked in SIGNED_IN if asked.method == "POST" and asked.rule.startswith("/teams/<int:team_id>")]


@pytest.fixture
def meanwhile() -> Iterator[Happens]:
    """Have a statement run once a request has been let in, before its first transaction that writes."""
    waiting: list[UpdateBase] = []

    def run(_session: Session) -> None:
        if waiting:
            statement = waiting.pop()
            with db.engine.begin() as connection:
                connection.execute(statement)

    event.listen(Session, "before_commit", run)
    yield waiting.append
    event.remove(Session, "before_commit", run)


@pytest.fixture
def sales(app: Flask, alice: User, bob: User) -> Belongings:
    """What belongs to Alice and to her team, of which Bob is an admin."""
    with app.app_context():
        things = give_everything(alice)
        factories.create_membership(db.session.get_one(Team, int(things["team_id"])), bob, Role.ADMIN)
    return things


def kept(app: Flask) -> dict[str, list[object]]:
    with app.app_context():
        return {table: rows for table, rows in everything_kept().items() if table != "memberships"}


@pytest.mark.parametrize("asked", CHANGED, ids=lambda asked: f"{asked.template} {asked.sent}")
def test_who_is_removed_while_they_change_a_team_changes_nothing(
    app: Flask, sales: Belongings, bob: User, browser_of: BrowserOf, meanwhile: Happens, asked: Asked
) -> None:
    browser = browser_of(bob)
    token = pages.csrf_token(browser, "/settings/password")
    before = kept(app)
    meanwhile(delete(Membership).where(Membership.user_id == bob.id))
    answer = asked.ask(browser, sales, token)
    assert kept(app) == before
    assert answer.status_code < 500


def test_who_is_made_a_member_while_they_change_a_team_is_told(
    app: Flask, sales: Belongings, bob: User, browser_of: BrowserOf, meanwhile: Happens
) -> None:
    browser, path = browser_of(bob), f"/teams/{sales['team_id']}/settings"
    form = pages.post_form(browser.get(path))
    form.fields["name"] = "Bob's"
    meanwhile(AS_MEMBERS)
    assert browser.post(path, data=form.fields).status_code == 403
    with app.app_context():
        assert db.session.scalars(select(Team.name).where(Team.id == int(sales["team_id"]))).one() != "Bob's"


def test_a_change_that_waits_while_its_author_is_made_a_member_is_refused(
    app: Flask, sales: Belongings, bob: User, browser_of: BrowserOf
) -> None:
    browser, path, let_in = browser_of(bob), f"/teams/{sales['team_id']}/settings", threading.Event()
    form = pages.post_form(browser.get(path))
    form.fields["name"] = "Bob's"
    with ThreadPoolExecutor() as pool, app.app_context():
        with writing() as session:
            lock_owner(session, Owner(team_id=int(sales["team_id"])))
            session.execute(AS_MEMBERS)
            event.listen(Session, "before_commit", lambda _session: let_in.set(), once=True)
            answer = pool.submit(browser.post, path, data=form.fields)
            assert let_in.wait(10)
        assert answer.result(20).status_code == 403
    with app.app_context():
        assert db.session.scalars(select(Team.name).where(Team.id == int(sales["team_id"]))).one() != "Bob's"

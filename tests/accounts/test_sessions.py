"""Tests of sessions: who is signed in where, and until when."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts import sessions
from calhooks.accounts.models import LoginSession, User
from calhooks.db import writing
from tests import factories

HERE = sessions.Browser("Firefox on Linux", "192.0.2.1")


def sign_in(user: User) -> str:
    with writing() as database:
        return sessions.begin_session(database, user.id, user.password_hash, HERE)


def test_the_token_itself_is_not_kept(session: Session) -> None:
    token = sign_in(factories.create_user())
    kept = session.scalars(select(LoginSession)).one()
    assert token not in [kept.token_hash, kept.client, kept.network]
    found = sessions.find(session, token)
    assert found is kept


@pytest.mark.parametrize("token", ["", "x", "é", "x" * 5000])
def test_a_token_that_nobody_got_finds_nothing(session: Session, token: str) -> None:
    sign_in(factories.create_user())
    assert sessions.find(session, token) is None


def test_a_session_ends_after_31_days_and_is_purged(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    token = sign_in(factories.create_user())
    began = clock.now()
    monkeypatch.setattr(clock, "now", lambda: began + timedelta(days=30, hours=23))
    assert sessions.find(session, token) is not None
    monkeypatch.setattr(clock, "now", lambda: began + timedelta(days=31))
    assert sessions.find(session, token) is None
    with writing() as database:
        sessions.purge_sessions(database, clock.now())
    assert session.scalars(select(LoginSession)).all() == []


def test_a_password_that_was_changed_meanwhile_begins_no_session(session: Session) -> None:
    user = factories.create_user(password_hash="new")
    with pytest.raises(sessions.PasswordChanged), writing() as database:
        sessions.begin_session(database, user.id, "old", HERE)
    assert sessions.open_sessions(session, user.id) == []


def test_ending_others_keeps_this_one_and_those_of_other_accounts(session: Session) -> None:
    user, other = factories.create_user(), factories.create_user()
    first, second, others = sign_in(user), sign_in(user), sign_in(other)
    this = sessions.find(session, first)
    assert this is not None
    with writing() as database:
        sessions.end_all(database, user.id, but=this.id)
    assert [bool(sessions.find(session, token)) for token in (first, second, others)] == [True, False, True]


def test_an_account_has_so_many_sessions_and_the_oldest_end(session: Session) -> None:
    user = factories.create_user()
    tokens = [sign_in(user) for _ in range(sessions.MAX_OPEN_SESSIONS + 2)]
    assert len(sessions.open_sessions(session, user.id)) == sessions.MAX_OPEN_SESSIONS
    assert [bool(sessions.find(session, token)) for token in tokens[:3]] == [False, False, True]


def test_a_network_stays_the_owners_after_logging_out(session: Session) -> None:
    user = factories.create_user("rick")
    token = sign_in(user)
    with writing() as database:
        sessions.end_with_token(database, token)
    assert sessions.signed_in_from(session, "rick@example.com", "192.0.2.1")
    assert not sessions.signed_in_from(session, "rick@example.com", "192.0.2.2")
    assert not sessions.signed_in_from(session, "ann@example.com", "192.0.2.1")

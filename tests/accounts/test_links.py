"""Tests of the one-time links with which people choose a password."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts import links, passwords, sessions, users
from calhooks.accounts.models import AccountLink, User
from calhooks.db import writing
from tests import factories

HASH = passwords.hash_password("never gonna give")


def make_link(user: User) -> str:
    with writing() as session:
        return links.create_link(session, user)


def test_an_invited_person_chooses_a_password_once(session: Session) -> None:
    account = users.draft_account(name="Ann", username="ann", email="ann@example.com", time_zone="UTC")
    with writing():
        user, token = links.invite(session, account)
    assert user.password_hash == ""
    assert links.find_user(session, token) is user
    with writing():
        links.use_link(session, token, HASH)
    assert users.authenticate(session, "ann@example.com", "never gonna give") is user
    with pytest.raises(links.LinkUnusable):
        links.find_user(session, token)
    with pytest.raises(links.LinkUnusable), writing():
        links.use_link(session, token, HASH)


def test_the_token_itself_is_not_kept(session: Session) -> None:
    token = make_link(factories.create_user())
    (kept,) = session.scalars(select(AccountLink))
    assert token not in (kept.token_hash, str(vars(kept)))


def test_a_link_expires_after_seven_days(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    made = datetime(2026, 3, 5, 9, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: made)
    user = factories.create_user()
    token = make_link(user)
    monkeypatch.setattr(clock, "now", lambda: made + timedelta(days=7, seconds=-1))
    assert links.find_user(session, token) is user
    monkeypatch.setattr(clock, "now", lambda: made + timedelta(days=7))
    with pytest.raises(links.LinkUnusable):
        links.find_user(session, token)
    with pytest.raises(links.LinkUnusable), writing():
        links.use_link(session, token, HASH)


def test_a_new_link_replaces_the_one_before(session: Session) -> None:
    user, other = factories.create_user(), factories.create_user()
    first, others, second = make_link(user), make_link(other), make_link(user)
    with pytest.raises(links.LinkUnusable):
        links.find_user(session, first)
    assert links.find_user(session, second) is user
    assert links.find_user(session, others) is other
    assert set(links.waiting(session)) == {user.id, other.id}


def test_using_a_link_signs_out_every_session(session: Session) -> None:
    user = factories.create_user()
    token = make_link(user)
    with writing():
        before = sessions.begin_session(session, user.id, user.password_hash, sessions.Browser("Firefox", "192.0.2.1"))
    with writing():
        links.use_link(session, token, HASH)
    assert sessions.find(session, before) is None


def test_of_two_people_with_one_link_one_gets_in(app: Flask) -> None:
    with app.app_context():
        token = make_link(factories.create_user())
    start = threading.Barrier(4)
    results: list[str] = []

    def use() -> None:
        with app.app_context():
            start.wait()
            try:
                with writing() as session:
                    links.use_link(session, token, HASH)
                results.append("used")
            except links.LinkUnusable:
                results.append("refused")

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["refused", "refused", "refused", "used"]

"""Tests of making accounts, changing them, and telling who is at the door."""

import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from calhooks.accounts import passwords, sessions, users
from calhooks.accounts.errors import InvalidAccount
from calhooks.accounts.models import User
from calhooks.db import db, writing
from tests import factories

TYPED = {
    "name": "Rick",
    "username": "Rick",
    "email": "Rick@Example.com",
    "time_zone": "Europe/London",
    "password": "never gonna give",
}


def draft(**changes: Any) -> users.AccountDraft:
    return users.draft_account(**(TYPED | changes))


def errors_of(**changes: Any) -> dict[str, str]:
    with pytest.raises(InvalidAccount) as error:
        draft(**changes)
    return error.value.errors


def test_a_new_account_is_kept_tidy(session: Session) -> None:
    with writing():
        user = users.create_user(session, draft(name="  Rick \n Astley "))
    assert (user.name, user.username, user.email) == ("Rick Astley", "rick", "rick@example.com")
    assert (user.time_zone, user.locale, user.is_admin) == ("Europe/London", "en", False)
    assert passwords.matches(user.password_hash, "never gonna give")


def test_everything_that_is_wrong_is_said_at_once_at_its_field() -> None:
    errors = errors_of(name=" ", username="a b", email="rick@", password="short", time_zone="", locale="klingon")
    assert set(errors) == {"name", "username", "email", "password", "timeZone", "locale"}
    assert all(sentence.endswith(".") for sentence in errors.values())


@pytest.mark.parametrize(
    "email", ["", "rick", "rick@", "@example.com", "a b@example.com", "rick@exa mple.com", "a@b@c"]
)
def test_an_address_that_is_no_e_mail_address_is_refused(email: str) -> None:
    assert set(errors_of(email=email)) == {"email"}


@pytest.mark.parametrize(
    "email", ["rick@calendar.local", "rick@example.test", "rick+calls@example.co.uk", "rick@localhost"]
)
def test_addresses_of_private_networks_and_with_a_plus_are_e_mail_addresses(email: str) -> None:
    assert draft(email=email).email == email


def test_a_draft_does_not_show_its_password_hash() -> None:
    assert "argon2" not in repr(draft())


def test_a_username_and_an_e_mail_address_belong_to_one_account(session: Session) -> None:
    factories.create_user("rick")
    with pytest.raises(InvalidAccount) as error, writing():
        users.create_user(session, draft())
    assert set(error.value.errors) == {"username", "email"}


def test_a_name_taken_between_looking_and_writing_is_said_at_its_field(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.create_user("rick")
    monkeypatch.setattr(users, "_refuse_taken", lambda *_args, **_values: None)
    with pytest.raises(InvalidAccount) as error, writing():
        users.create_user(session, draft(username="uq_users_email"))
    assert set(error.value.errors) == {"email"}
    with pytest.raises(InvalidAccount) as error, writing():
        users.create_user(session, draft(email="email@example.com"))
    assert set(error.value.errors) == {"username"}


def test_the_first_account_is_an_administrator_and_there_is_only_one_first(session: Session) -> None:
    with writing():
        assert users.create_first_user(session, draft()).is_admin
    with pytest.raises(users.SetupDone), writing():
        users.create_first_user(session, draft(username="ann", email="ann@example.com"))


def test_of_many_first_accounts_at_once_one_is_made(app: Flask) -> None:
    count = 8
    start = threading.Barrier(count)
    results: list[str] = []

    def set_up(number: int) -> None:
        with app.app_context():
            account = draft(username=f"host{number}", email=f"host{number}@example.com")
            start.wait()
            try:
                with writing() as session:
                    users.create_first_user(session, account)
                results.append("made")
            except users.SetupDone:
                results.append("done")

    threads = [threading.Thread(target=set_up, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["done"] * (count - 1) + ["made"]
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(User)) == 1


def test_an_e_mail_address_in_any_case_and_the_password_open_an_account(session: Session) -> None:
    user = factories.create_user("rick", password_hash=passwords.hash_password("never gonna give"))
    assert users.authenticate(session, " RICK@example.com ", "never gonna give") is user
    assert users.authenticate(session, "rick@example.com", "let you down") is None
    assert users.authenticate(session, "ann@example.com", "never gonna give") is None
    assert users.authenticate(session, "", "") is None


@pytest.mark.parametrize("email", ["rick@intranet", "rick@10.0.0.1"])
def test_an_account_keeps_an_address_that_could_no_longer_be_chosen(session: Session, email: str) -> None:
    user = factories.create_user("rick", email=email, password_hash=passwords.hash_password("never gonna give"))
    assert users.authenticate(session, email.upper(), "never gonna give") is user
    assert users.by_email(session, f" {email} ") is user


def test_an_account_that_has_not_chosen_a_password_cannot_be_opened(session: Session) -> None:
    factories.create_user("rick")
    assert users.authenticate(session, "rick@example.com", "") is None


def test_an_unknown_address_costs_one_hash_as_a_wrong_password_does(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.create_user("rick", password_hash=passwords.hash_password("never gonna give"))
    factories.create_user("ann")
    checked: list[str] = []
    matches = passwords.matches
    monkeypatch.setattr(passwords, "matches", lambda kept, typed: checked.append(typed) or matches(kept, typed))
    for email in ("rick@example.com", "ann@example.com", "nobody@example.com", "no address"):
        users.authenticate(session, email, "wrong")
    assert checked == ["wrong"] * 4


def test_no_transaction_is_open_while_a_password_is_checked(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    open_meanwhile: list[bool] = []
    monkeypatch.setattr(passwords, "matches", lambda *_: open_meanwhile.append(session.in_transaction()))
    users.authenticate(session, "rick@example.com", "wrong")
    assert open_meanwhile == [False]


def test_a_changed_password_makes_older_sessions_worthless(session: Session) -> None:
    user = factories.create_user("rick")
    with writing():
        before = sessions.begin_session(session, user.id, user.password_hash, sessions.Browser("Firefox", "192.0.2.1"))
    with writing():
        users.change_password(session, user, passwords.hash_password("let you down"))
    assert sessions.find(session, before) is None


def test_a_profile_is_changed_and_may_keep_its_own_username(session: Session) -> None:
    user = factories.create_user("rick")
    with writing():
        users.update_profile(session, user, name="Rick A.", username="rick", time_zone="Asia/Kolkata", locale="de")
    session.expire_all()
    assert (user.name, user.username, user.time_zone, user.locale) == ("Rick A.", "rick", "Asia/Kolkata", "de")


def test_a_profile_cannot_take_somebody_elses_username(session: Session) -> None:
    factories.create_user("ann")
    user = factories.create_user("rick")
    with pytest.raises(InvalidAccount) as error, writing():
        users.update_profile(session, user, name="Rick", username="Ann", time_zone="UTC", locale="en")
    assert set(error.value.errors) == {"username"}


def test_a_free_username_is_found_beside_the_ones_taken(session: Session) -> None:
    assert users.free_username(session, "Ann Lee", "ann@example.com") == "ann-lee"
    factories.create_user("ann-lee")
    factories.create_user("ann-lee-2")
    assert users.free_username(session, "Ann Lee", "ann@example.com") == "ann-lee-3"
    assert users.free_username(session, "李", "li@example.com") == "li"
    assert users.free_username(session, "李", "admin@example.com") == "calendar-1"

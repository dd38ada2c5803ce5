"""Tests of a person's own settings."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks.accounts import links, passwords, users
from calhooks.accounts.models import User
from calhooks.db import db, writing
from tests import factories
from tests.web import pages

PASSWORD = "never gonna give"
HASH = passwords.hash_password(PASSWORD)


@pytest.fixture
def rick(app: Flask) -> User:
    """A host with a password."""
    with app.app_context():
        return factories.create_user("rick", password_hash=HASH)


def kept(app: Flask, user: User) -> User:
    with app.app_context():
        return db.session.get_one(User, user.id)


def test_a_profile_is_shown_and_changed(app: Flask, owner: FlaskClient, rick: User) -> None:
    form = pages.post_form(owner.get("/settings/profile"))
    assert {name: form.fields[name] for name in ("name", "username", "timeZone", "locale")} == {
        "name": "Rick",
        "username": "rick",
        "timeZone": "Europe/London",
        "locale": "en",
    }
    changes = {"name": "Rick Astley", "username": "Astley", "timeZone": "Asia/Calcutta", "locale": "pt-BR"}
    response = pages.submit(owner, "/settings/profile", changes, follow_redirects=True)
    assert "Your profile is saved." in response.text
    user = kept(app, rick)
    assert (user.name, user.username, user.time_zone, user.locale) == ("Rick Astley", "astley", "Asia/Kolkata", "pt-BR")


def test_nothing_but_the_profile_is_changed_by_its_form(app: Flask, owner: FlaskClient, rick: User) -> None:
    pages.submit(owner, "/settings/profile", {"is_admin": "y", "email": "x@example.com", "password_hash": "x"})
    user = kept(app, rick)
    assert (user.is_admin, user.email, user.password_hash) == (False, "rick@example.com", HASH)


@pytest.mark.usefixtures("ann")
def test_wrong_details_are_said_at_their_fields_and_change_nothing(app: Flask, owner: FlaskClient, rick: User) -> None:
    wrong = {"name": "", "username": "settings", "timeZone": "Mars/Olympus", "locale": "tlh"}
    response = pages.submit(owner, "/settings/profile", wrong)
    assert response.status_code == 422
    for field in wrong:
        assert f'id="{field}-error"' in response.text
    assert 'value="settings"' in response.text
    taken = pages.submit(owner, "/settings/profile", {"username": "ann", "name": "Richard"})
    assert taken.status_code == 422
    assert "This username is taken." in taken.text
    assert 'value="Richard"' in taken.text
    assert kept(app, rick).name == "Rick"


def test_changing_the_password_keeps_this_session_and_ends_the_others(
    app: Flask, owner: FlaskClient, rick: User
) -> None:
    elsewhere = app.test_client()
    pages.sign_in(elsewhere, rick)
    typed = {"currentPassword": PASSWORD, "password": "let you down"}
    response = pages.submit(owner, "/settings/password", typed, follow_redirects=True)
    assert "Your password is changed." in response.text
    assert owner.get("/settings/profile").status_code == 200
    assert elsewhere.get("/settings/profile").status_code == 302
    with app.app_context():
        assert users.authenticate(db.session(), "rick@example.com", "let you down") is not None


def test_of_two_changes_of_the_password_at_once_the_later_one_is_not_made(
    app: Flask, owner: FlaskClient, rick: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thief who knows the old password must not take it back while its owner changes it."""
    new_hash = passwords.hash_password("run around")

    def change_meanwhile(_: str) -> str:
        with app.app_context(), writing() as session:
            users.change_password(session, session.get_one(User, rick.id), new_hash)
        return "the hash of a thief's password"

    monkeypatch.setattr(passwords, "hash_password", change_meanwhile)
    response = pages.submit(owner, "/settings/password", {"currentPassword": PASSWORD, "password": "let you down"})
    assert (response.status_code, response.location) == (302, "/login")
    assert kept(app, rick).password_hash == new_hash


def test_a_changed_password_ends_the_links_to_choose_another(app: Flask, owner: FlaskClient, rick: User) -> None:
    with app.app_context(), writing() as session:
        path = f"/auth/link/{links.create_link(session, session.get_one(User, rick.id))}"
    assert app.test_client().get(path).status_code == 200
    pages.submit(owner, "/settings/password", {"currentPassword": PASSWORD, "password": "let you down"})
    assert app.test_client().get(path).status_code == 404


def test_a_wrong_current_password_and_a_bad_new_one_are_said_together(owner: FlaskClient) -> None:
    response = pages.submit(owner, "/settings/password", {"currentPassword": "wrong one", "password": "short"})
    assert response.status_code == 422
    assert "This is not your current password." in response.text
    assert "Use at least 8 characters." in response.text
    assert "wrong one" not in response.text
    assert owner.get("/settings/profile").status_code == 200


def test_the_current_password_cannot_be_guessed_for_ever(app: Flask, owner: FlaskClient, rick: User) -> None:
    for _ in range(10):
        pages.submit(owner, "/settings/password", {"currentPassword": "wrong", "password": "let you down"})
    response = pages.submit(owner, "/settings/password", {"currentPassword": PASSWORD, "password": "let you down"})
    assert response.status_code == 429
    assert "Too many tries." in response.text
    assert kept(app, rick).password_hash == HASH


def test_wrong_passwords_in_a_stolen_session_leave_the_owner_a_way(app: Flask, owner: FlaskClient, rick: User) -> None:
    thief = app.test_client()
    pages.sign_in(thief, rick)
    for _ in range(11):
        pages.submit(thief, "/settings/password", {"currentPassword": "wrong", "password": "let you down"})
    typed = {"currentPassword": PASSWORD, "password": "let you down"}
    assert pages.submit(owner, "/settings/password", typed).status_code == 303
    assert thief.get("/settings/profile").status_code == 302


@pytest.mark.parametrize("path", ["/settings/profile", "/bookings/upcoming/bookings.csv", "/rick"])
def test_nothing_that_is_sent_to_a_person_is_kept_by_a_cache(owner: FlaskClient, path: str) -> None:
    assert owner.get(path).headers["Cache-Control"] == "no-store"


def test_a_file_that_any_cache_may_keep_carries_nobodys_cookie(owner: FlaskClient) -> None:
    file = owner.get("/static/css/site/base.css")
    assert "public" in file.headers["Cache-Control"]
    assert "Set-Cookie" not in file.headers
    assert "Cookie" not in file.headers["Vary"]

"""Tests of what administrators do: add people and hand over one-time links."""

import re

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from calhooks.accounts.models import AccountLink, User
from calhooks.db import db
from calhooks.scheduling.models.event_types import EventType
from tests.web import pages

ANN = {"name": "Ann Lee", "email": "Ann@example.com"}


def link_on(text: str) -> str | None:
    found = re.search(r"http://localhost(/auth/link/[\w-]+)", text)
    return found[1] if found else None


def test_a_person_is_added_and_comes_in_with_the_link(app: Flask, admin: FlaskClient, administrator: User) -> None:
    page = pages.submit(admin, "/settings/people", ANN, follow_redirects=True)
    assert "Hand this link to Ann Lee" in page.text
    path = link_on(page.text) or ""
    person = app.test_client()
    assert pages.submit(person, path, {"password": "let you down"}).location == "/event-types"
    with app.app_context():
        ann = db.session.scalars(select(User).where(User.email == "ann@example.com")).one()
        assert (ann.username, ann.time_zone, ann.is_admin) == ("ann-lee", administrator.time_zone, False)
        slugs = db.session.scalars(select(EventType.slug).where(EventType.owner_id == ann.id)).all()
        assert set(slugs) == {"15min", "30min"}


def test_the_link_is_shown_once_and_kept_as_a_hash(app: Flask, admin: FlaskClient) -> None:
    page = pages.submit(admin, "/settings/people", ANN, follow_redirects=True)
    token = (link_on(page.text) or "").rpartition("/")[2]
    assert link_on(admin.get("/settings/people").text) is None
    with app.app_context():
        kept = db.session.scalars(select(AccountLink)).one()
        assert len(token) == 43
        assert kept.token_hash != token
    with admin.session_transaction() as session:
        assert token not in str(dict(session))


def test_a_username_may_be_chosen(app: Flask, admin: FlaskClient) -> None:
    pages.submit(admin, "/settings/people", ANN | {"username": "Annie", "timeZone": "Asia/Tokyo"})
    with app.app_context():
        ann = db.session.scalars(select(User).where(User.username == "annie")).one()
        assert ann.time_zone == "Asia/Tokyo"


def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(admin: FlaskClient, rick: User) -> None:
    response = pages.submit(admin, "/settings/people", {"name": "Ann", "email": "ann@", "username": "rick/ann"})
    assert response.status_code == 422
    assert 'id="email-error"' in response.text
    assert 'id="username-error"' in response.text
    assert 'value="Ann"' in response.text
    taken = pages.submit(admin, "/settings/people", {"name": "Rick", "email": "RICK@example.com", "username": "rick"})
    assert taken.status_code == 422
    assert "Somebody has an account with this e-mail address already." in taken.text
    assert "This username is taken." in taken.text


def test_a_person_who_lost_the_password_gets_a_new_link(app: Flask, admin: FlaskClient) -> None:
    first = link_on(pages.submit(admin, "/settings/people", ANN, follow_redirects=True).text) or ""
    with app.app_context():
        ann = db.session.scalars(select(User).where(User.email == "ann@example.com")).one()
    page = pages.submit(admin, "/settings/people", to=f"/settings/people/{ann.id}/link", follow_redirects=True)
    second = link_on(page.text) or ""
    assert first != second
    person = app.test_client()
    assert person.get(first).status_code == 404
    assert person.get(second).status_code == 200


def test_a_link_for_nobody_is_not_there(admin: FlaskClient) -> None:
    token = pages.csrf_token(admin, "/settings/people")
    assert admin.post("/settings/people/999/link", data={"csrf_token": token}).status_code == 404


def test_an_ordinary_account_is_not_led_to_the_page(other: FlaskClient) -> None:
    assert "/settings/people" not in other.get("/settings/profile").text


def test_a_person_added_without_a_time_zone_has_the_administrators(
    app: Flask, admin: FlaskClient, administrator: User
) -> None:
    pages.submit(admin, "/settings/people", ANN | {"timeZone": None})
    with app.app_context():
        ann = db.session.scalars(select(User).where(User.email == "ann@example.com")).one()
        assert ann.time_zone == administrator.time_zone

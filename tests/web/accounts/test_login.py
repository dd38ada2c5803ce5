"""Tests of logging in and out, and of the one-time links with which people choose a password."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks.accounts import links, passwords, users
from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.web.http.redirects import own_path
from tests import factories
from tests.web import pages

RIGHT = {"email": "rick@example.com", "password": "never gonna give"}
HASH = passwords.hash_password(RIGHT["password"])


@pytest.fixture
def rick(app: Flask) -> User:
    """An account with a password."""
    with app.app_context():
        return factories.create_user("rick", password_hash=HASH)


@pytest.mark.usefixtures("rick")
def test_a_person_logs_in_and_gets_to_the_event_types(client: FlaskClient) -> None:
    assert client.get("/").location == "/login"
    assert client.get("/event-types").location.startswith("/login")
    response = pages.submit(client, "/login", RIGHT)
    assert (response.status_code, response.location) == (303, "/event-types")
    assert client.get("/settings/profile").status_code == 200
    assert client.get("/login").location == "/event-types"


@pytest.mark.usefixtures("rick")
def test_a_person_gets_to_the_page_that_asked_for_the_login(client: FlaskClient) -> None:
    asked = client.get("/settings/profile?x=1&y=%2F")
    response = pages.submit(client, asked.location, RIGHT)
    assert response.location == "/settings/profile?x=1&y=%2F"


@pytest.mark.usefixtures("rick")
def test_the_way_back_may_be_a_field_of_the_form(client: FlaskClient) -> None:
    wrong = pages.submit(client, "/login", RIGHT | {"password": "wrong", "next": "/settings/profile"})
    form = pages.post_form(wrong)
    form.fields.setlist("password", [RIGHT["password"]])
    assert client.post(form.path, data=form.fields).location == "/settings/profile"
    client.delete_cookie("calhooks_session")
    assert pages.submit(client, "/login", RIGHT | {"next": "//evil.example"}).location == "/event-types"


@pytest.mark.usefixtures("rick")
def test_the_way_back_survives_a_wrong_password(client: FlaskClient) -> None:
    wrong = pages.submit(client, "/login?next=/settings/profile", RIGHT | {"password": "wrong"})
    form = pages.post_form(wrong)
    form.fields.setlist("password", [RIGHT["password"]])
    assert client.post(form.path, data=form.fields).location == "/settings/profile"


@pytest.mark.usefixtures("rick")
@pytest.mark.parametrize("typed", [{"password": "wrong"}, {"email": "nobody@example.com"}, {"email": ""}])
def test_an_unknown_address_and_a_wrong_password_get_the_same_answer(
    client: FlaskClient, typed: dict[str, str]
) -> None:
    response = pages.submit(client, "/login", RIGHT | typed)
    assert response.status_code == 422
    assert "The e-mail address or the password is wrong." in response.text
    assert f'value="{(RIGHT | typed)["email"]}"' in response.text
    assert RIGHT["password"] not in response.text
    assert client.get("/settings/profile").status_code == 302


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\t/evil.example",
        "\t//evil.example",
        "/\n/evil.example",
        "/\x00/evil.example",
        "/ /evil.example",
        "evil.example",
        "@evil.example",
        "",
        None,
    ],
)
def test_only_a_path_of_this_site_is_gone_on_to(target: str | None) -> None:
    assert own_path(target) is None


@pytest.mark.parametrize("target", ["/", "/bookings/upcoming", "/rick/15min?metadata[a]=1#x", "/a//b", "/?next=//x"])
def test_a_path_of_this_site_is_gone_on_to(target: str) -> None:
    assert own_path(target) == target


@pytest.mark.usefixtures("rick")
@pytest.mark.parametrize(
    "target", ["//evil.example", "/%5Cevil.example", "https:%2F%2Fevil.example", "/%09/evil.example"]
)
def test_logging_in_never_leads_to_another_site(client: FlaskClient, target: str) -> None:
    assert pages.submit(client, f"/login?next={target}", RIGHT).location == "/event-types"
    assert client.get(f"/login?next={target}").location == "/event-types"


@pytest.mark.usefixtures("rick")
def test_logging_in_needs_the_token_of_the_form(client: FlaskClient) -> None:
    client.get("/login")
    assert client.post("/login", data=RIGHT).status_code == 400
    assert client.get("/settings/profile").status_code == 302


@pytest.mark.usefixtures("rick")
def test_of_tabs_that_were_opened_together_each_leads_to_its_page(app: Flask, client: FlaskClient) -> None:
    """Each got a session of its own from the server; the browser has kept the last."""
    early = pages.csrf_token(app.test_client())
    client.get("/login")
    typed = RIGHT | {"csrf_token": early, "next": "/settings/profile"}
    again = client.post("/login", data=typed)
    assert (again.status_code, again.location) == (303, "/login?next=/settings/profile")
    assert "This page was out of date. Log in again." in client.get(again.location).text
    assert pages.submit(client, again.location, RIGHT).location == "/settings/profile"
    once_more = client.post("/login", data=typed)
    assert client.get(once_more.location).location == "/settings/profile"


@pytest.mark.usefixtures("rick")
def test_a_browser_that_keeps_no_cookie_is_told_so(app: Flask, client: FlaskClient) -> None:
    token = pages.csrf_token(client)
    answer = app.test_client().post("/login", data=RIGHT | {"csrf_token": token})
    assert answer.status_code == 400
    assert "Your browser sent no cookie. Allow cookies, open calhooks at http://localhost and" in answer.text


@pytest.mark.usefixtures("rick")
def test_logging_in_leaves_nothing_of_the_session_before(client: FlaskClient) -> None:
    token = pages.csrf_token(client)
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    pages.submit(client, "/login", RIGHT)
    with client.session_transaction() as session:
        assert "planted" not in session
        assert session.permanent
    assert client.post("/logout", data={"csrf_token": token}).status_code == 400


@pytest.mark.usefixtures("rick")
def test_logging_out_ends_the_session(client: FlaskClient) -> None:
    pages.submit(client, "/login", RIGHT)
    assert client.get("/logout").status_code in (404, 405)
    assert client.post("/logout").status_code == 400
    response = pages.submit(client, "/settings/profile", to="/logout")
    assert (response.status_code, response.location) == (303, "/login")
    assert client.get("/settings/profile").status_code == 302
    with client.session_transaction() as session:
        assert set(session) <= {"csrf_token"}


def test_a_script_whose_session_ended_is_sent_to_the_login_page(client: FlaskClient, rick: User) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/settings/profile"}
    response = client.get("/settings/profile", headers=headers)
    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == "/login?next=/settings/profile"


def test_a_changed_password_ends_the_sessions_there_were(app: Flask, client: FlaskClient, rick: User) -> None:
    pages.sign_in(client, rick)
    assert client.get("/settings/profile").status_code == 200
    with app.app_context(), writing() as session:
        users.change_password(session, session.get_one(User, rick.id), HASH)
    assert client.get("/settings/profile").status_code == 302


def test_a_password_that_changes_while_it_is_checked_signs_nobody_in(
    app: Flask, client: FlaskClient, rick: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change_meanwhile(*_: str) -> bool:
        with app.app_context(), writing() as session:
            users.change_password(session, session.get_one(User, rick.id), "another hash")
        return True

    monkeypatch.setattr(passwords, "matches", change_meanwhile)
    response = pages.submit(client, "/login", RIGHT)
    assert (response.status_code, response.location) == (303, "/login")
    assert client.get("/settings/profile").status_code == 302


@pytest.fixture
def link(app: Flask) -> str:
    """The path of a one-time link for Ann, who has no password yet."""
    with app.app_context(), writing() as session:
        account = users.draft_account(name="Ann", username="ann", email="ann@example.com", time_zone="UTC")
        return f"/auth/link/{links.invite(session, account)[1]}"


def test_a_person_chooses_a_password_with_the_link_and_is_signed_in(client: FlaskClient, link: str) -> None:
    page = client.get(link)
    assert page.status_code == 200
    assert "ann@example.com" in page.text
    response = pages.submit(client, link, {"password": "let you down"})
    assert (response.status_code, response.location) == (303, "/event-types")
    assert client.get("/settings/profile").status_code == 200


def test_a_link_works_once(client: FlaskClient, link: str) -> None:
    token = pages.csrf_token(client, link)
    pages.submit(client, link, {"password": "let you down"})
    again = client.get(link)
    assert again.status_code == 404
    assert "This link no longer works" in again.text
    assert client.post(link, data={"csrf_token": token, "password": "run around"}).status_code in (400, 404)


def test_a_link_is_looked_at_as_often_as_one_likes(client: FlaskClient, link: str) -> None:
    assert [client.get(link).status_code for _ in range(3)] == [200, 200, 200]


def test_a_password_that_is_not_accepted_does_not_use_the_link_up(client: FlaskClient, link: str) -> None:
    response = pages.submit(client, link, {"password": "ann@example.com"})
    assert response.status_code == 422
    assert "Choose something other than your name or e-mail address." in response.text
    assert client.get(link).status_code == 200


@pytest.mark.parametrize("token", ["x", "x" * 43, "%00", "%2e%2e", "é"])
def test_a_link_that_never_existed_is_not_there(client: FlaskClient, token: str) -> None:
    assert client.get(f"/auth/link/{token}").status_code in (400, 404)


def test_the_link_is_kept_nowhere_and_listed_nowhere(client: FlaskClient, link: str) -> None:
    for response in (client.get(link), pages.submit(client, link, {"password": "short"})):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Robots-Tag"] == "noindex"
        assert response.headers["Referrer-Policy"] == "same-origin"


def test_the_link_signs_its_own_person_in_whoever_was_signed_in(
    app: Flask, client: FlaskClient, rick: User, link: str
) -> None:
    pages.sign_in(client, rick)
    pages.submit(client, link, {"password": "let you down"})
    assert "ann@example.com" in client.get("/settings/profile").text
    with app.app_context():
        assert users.authenticate(db.session(), RIGHT["email"], RIGHT["password"]) is not None


def test_choosing_a_password_needs_the_token_of_the_form(client: FlaskClient, link: str) -> None:
    client.get(link)
    assert client.post(link, data={"password": "let you down"}).status_code == 400
    assert client.get(link).status_code == 200

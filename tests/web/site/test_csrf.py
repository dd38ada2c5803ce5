"""Tests of the token in forms: another one in each response, so that compression gives nothing away."""

import re
from base64 import urlsafe_b64encode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks.accounts.models import User
from calhooks.web.site.csrf import mask, unmask
from tests import factories
from tests.web import pages

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@pytest.fixture
def _slug(app: Flask, rick: User) -> None:
    with app.app_context():
        factories.create_event_type(rick, slug="15min")


@pytest.mark.usefixtures("_slug")
def test_no_two_responses_have_the_same_token(client: FlaskClient) -> None:
    texts = [client.get("/login").text for _ in range(20)]
    tokens = [TOKEN.findall(text)[0] for text in texts]
    # Not even a part of it, which could be found out on its own.
    eights = [{token[at : at + 8] for at in range(len(token) - 7)} for token in tokens]
    assert all(one.isdisjoint(other) for at, one in enumerate(eights) for other in eights[:at])
    with client.session_transaction() as session:
        assert not any(session["csrf_token"] in text for text in texts)


def test_a_token_of_any_earlier_page_is_taken(owner: FlaskClient) -> None:
    early = pages.csrf_token(owner, "/settings/profile")
    for _ in range(3):
        owner.get("/settings/profile")
    assert owner.post("/settings/profile", data={"csrf_token": early}).status_code == 303


def test_a_header_is_taken_too(owner: FlaskClient) -> None:
    token = pages.csrf_token(owner, "/settings/profile")
    assert owner.post("/settings/profile", headers={"X-CSRFToken": token}).status_code == 303


@pytest.mark.parametrize("token", ["", "x", "é", "AAAA", "A" * 4096, "=", urlsafe_b64encode(b"\xff" * 8).decode()])
def test_a_made_up_token_is_refused(owner: FlaskClient, token: str) -> None:
    owner.get("/settings/profile")
    assert owner.post("/settings/profile", data={"csrf_token": token}).status_code == 400


def test_a_token_of_another_session_is_refused(owner: FlaskClient, other: FlaskClient) -> None:
    token = pages.csrf_token(other, "/settings/profile")
    owner.get("/settings/profile")
    assert owner.post("/settings/profile", data={"csrf_token": token}).status_code == 400


def test_what_was_masked_comes_back() -> None:
    assert unmask(mask("ImFiYyI.aSk.x-_")) == "ImFiYyI.aSk.x-_"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 422),
        ({"Referer": "https://localhost/login"}, 422),
        # nginx's $host has no port.
        ({"Referer": "https://localhost:8443/login"}, 422),
        ({"Origin": "https://localhost:8443"}, 422),
        ({"Origin": "null", "Referer": "https://localhost/login"}, 422),
        ({"Origin": "null"}, 422),
        # A proxy that does not hand on the name leaves that of CALHOOKS_BASE_URL.
        ({"Host": "127.0.0.1:8000", "Origin": "https://localhost"}, 422),
        ({"Referer": "http://localhost/login"}, 400),
        ({"Referer": "https://evil.example/login"}, 400),
        ({"Origin": "https://evil.example", "Referer": "https://localhost/login"}, 400),
        ({"Origin": "http://["}, 400),
    ],
)
def test_under_https_a_form_comes_from_a_page_of_this_site(
    secure_app: Flask, headers: dict[str, str], status: int
) -> None:
    browser = secure_app.test_client(use_cookies=False)
    with secure_app.app_context():
        factories.create_user("rick")
    page = browser.get("/login", base_url="https://localhost")
    typed = {"csrf_token": TOKEN.findall(page.text)[0], "email": "rick@example.com", "password": "x"}
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    answer = browser.post("/login", base_url="https://localhost", data=typed, headers={"Cookie": cookie} | headers)
    assert answer.status_code == status
    assert ("This form came from another address. Open calhooks at https://localhost" in answer.text) is (status == 400)

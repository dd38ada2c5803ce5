"""Tests of requests under a name that is not the server's: against DNS rebinding."""

from collections.abc import Iterator

import pytest
from flask import Flask

from calhooks import create_app
from calhooks.config import Config
from calhooks.db import db
from calhooks.web.http.hosts import host_name
from tests import factories


@pytest.fixture
def environ(environ: dict[str, str], request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment of a server on loopback, with what the test changes."""
    return environ | getattr(request, "param", {})


@pytest.fixture
def app(environ: dict[str, str]) -> Iterator[Flask]:
    """An application with an account."""
    app = create_app(Config.from_env(environ))
    app.config["TESTING"] = True
    with app.app_context():
        factories.create_user("rick")
    yield app
    with app.app_context():
        db.engine.dispose()


def status(app: Flask, host: str, path: str = "/login", **options: object) -> int:
    return app.test_client().get(path, base_url=f"http://{host}", **options).status_code


@pytest.mark.parametrize("path", ["/login", "/", "/rick", "/event-types", "/metrics", "/nowhere", "/docs/webhooks"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.nip.io", "localhost.evil.example"])
def test_another_sites_name_gets_no_page(app: Flask, host: str, path: str) -> None:
    answer = app.test_client().get(path, base_url=f"http://{host}")
    assert answer.status_code == 421
    assert f"calhooks is not set up for the address {host}." in answer.text
    assert "CALHOOKS_BASE_URL" in answer.text


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:8000", "127.1.2.3", "[::1]:8000", "LocalHost:80", "cal.localhost:80"]
)
def test_this_machines_names_get_it(app: Flask, host: str) -> None:
    assert status(app, host) == 200


@pytest.mark.parametrize("environ", [{"CALHOOKS_BASE_URL": "http://Cal.example.com:8080"}], indirect=True)
def test_the_public_address_gets_it_too(app: Flask) -> None:
    assert status(app, "cal.example.com:8080") == 200
    assert status(app, "cal.example.com") == 200
    assert status(app, "cal.example.org") == 421


@pytest.mark.parametrize("environ", [{"CALHOOKS_HOST": "0.0.0.0"}, {"CALHOOKS_TRUSTED_PROXIES": "1"}], indirect=True)
def test_where_others_reach_the_server_any_name_may_be_its_own(app: Flask) -> None:
    assert status(app, "calendar.example.com") == 200


def test_a_server_that_others_reach_whatever_its_settings_say_has_any_name(app: Flask) -> None:
    assert status(app, "calendar.example.com", environ_overrides={"REMOTE_ADDR": "203.0.113.7"}) == 200


def test_a_post_under_another_name_does_nothing(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    data = {"email": "rick@example.com", "password": "x"}
    assert app.test_client().post("/login", data=data, base_url="http://evil.example").status_code == 421


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("localhost", "localhost"),
        ("Example.COM:8000", "example.com"),
        ("[::1]:8000", "::1"),
        ("[::1]", "::1"),
        ("localhost:", "localhost"),
        ("me@localhost", ""),
        ("localhost/x", ""),
        ("localhost:80:90", ""),
        ("::1", ""),
        ("", ""),
    ],
)
def test_the_name_in_a_host_header(host: str, name: str) -> None:
    assert host_name(host) == name

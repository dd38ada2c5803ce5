"""Tests of the limits on logging in and booking, with Redis and without."""

import threading
import time
from collections.abc import Iterator

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient

from calhooks import create_app
from calhooks.accounts import passwords
from calhooks.config import Config
from calhooks.db import db
from calhooks.web.site import rate_limits
from tests import factories
from tests.web import pages

PASSWORD = "never gonna give"
HASH = passwords.hash_password(PASSWORD)
NOBODY_LISTENS = "redis://127.0.0.1:1/0"


def make_app(environ: dict[str, str], **changes: str) -> Flask:
    app = create_app(Config.from_env(environ | changes))
    app.config["TESTING"] = True
    with app.app_context():
        factories.create_user("rick", password_hash=HASH)
    return app


@pytest.fixture(params=["redis", "no redis"])
def limited_app(request: pytest.FixtureRequest, environ: dict[str, str]) -> Iterator[Flask]:
    """An application with an account, once with its Redis and once without."""
    app = make_app(environ, **({} if request.param == "redis" else {"REDIS_URL": NOBODY_LISTENS}))
    yield app
    with app.app_context():
        db.engine.dispose()


def log_in(client: FlaskClient, email: str, password: str, address: str = "203.0.113.7", **headers: str) -> int:
    options = {"environ_overrides": {"REMOTE_ADDR": address}, "headers": headers}
    return pages.submit(client, "/login", {"email": email, "password": password}, **options).status_code


def test_after_ten_wrong_passwords_an_account_is_left_alone_for_a_while(limited_app: Flask) -> None:
    client = limited_app.test_client()
    for number in range(10):
        assert log_in(client, "rick@example.com", "wrong", f"203.0.113.{number}") == 422
    page = pages.submit(client, "/login", {"email": " RICK@example.com", "password": PASSWORD})
    assert page.status_code == 429
    assert "Too many tries. Wait a few minutes, then try again." in page.text
    assert "RICK@example.com" in page.text
    assert page.headers["Retry-After"] == "600"
    assert client.get("/login").status_code == 200


def test_after_thirty_wrong_passwords_an_address_is_left_alone_for_a_while(limited_app: Flask) -> None:
    client = limited_app.test_client()
    for number in range(30):
        assert log_in(client, f"host{number}@example.com", "wrong") == 422
    assert log_in(client, "rick@example.com", PASSWORD) == 429
    assert log_in(client, "rick@example.com", PASSWORD, "203.0.113.8") == 303


def test_logging_in_well_is_not_counted(limited_app: Flask) -> None:
    for _ in range(12):
        assert log_in(limited_app.test_client(), "rick@example.com", PASSWORD) == 303


@pytest.mark.parametrize(
    "email",
    [
        "RICK@EXAMPLE.COM",
        " rick@example.com\t",
        "rick@\uff45xample.com",
        "rick@example\u3002com",
        "rick@\u24d4\u24e7\u24d0\u24dc\u24df\u24db\u24d4.com",
    ],
)
def test_an_account_is_counted_and_not_its_spelling(environ: dict[str, str], email: str) -> None:
    client = make_app(environ).test_client()
    for number in range(10):
        assert log_in(client, "rick@example.com" if number % 2 else email, "wrong", f"203.0.113.{number}") == 422
    assert log_in(client, email, "wrong", "203.0.113.99") == 429
    assert log_in(client, "rick@example.com", "wrong", "203.0.113.98") == 429


def test_forty_passwords_at_once_are_ten_tries(limited_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    monkeypatch.setattr(passwords, "matches", lambda _hash, typed: tried.append(typed))
    limited_app.config["WTF_CSRF_ENABLED"] = False
    start = threading.Barrier(40)

    def try_one(number: int) -> None:
        client = limited_app.test_client()
        start.wait()
        data = {"email": "rick@example.com", "password": f"wrong {number}"}
        client.post("/login", data=data, environ_overrides={"REMOTE_ADDR": f"198.51.100.{number}"})

    threads = [threading.Thread(target=try_one, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tried) == 10


def test_many_right_passwords_at_once_lock_nobody_out(limited_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was refused because others were under way has not been wrong."""
    monkeypatch.setattr(passwords, "matches", lambda *_: time.sleep(0.1) or True)
    limited_app.config["WTF_CSRF_ENABLED"] = False
    start = threading.Barrier(20)

    def sign_in() -> None:
        client = limited_app.test_client()
        start.wait()
        client.post("/login", data={"email": "rick@example.com", "password": PASSWORD})

    threads = [threading.Thread(target=sign_in) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    monkeypatch.undo()
    assert log_in(limited_app.test_client(), "rick@example.com", PASSWORD, "203.0.113.8") == 303


def lock_strangers_out(app: Flask) -> None:
    """Try wrong passwords from many networks until no stranger may try one any more."""
    stranger = app.test_client()
    for number in range(10):
        assert log_in(stranger, "rick@example.com", "wrong", f"198.51.100.{number}") == 422
    assert log_in(stranger, "rick@example.com", "wrong", "198.51.100.99") == 429


def test_strangers_do_not_lock_out_a_browser_that_was_signed_in_before(limited_app: Flask) -> None:
    known = limited_app.test_client()
    assert log_in(known, "rick@example.com", PASSWORD, "203.0.113.7") == 303
    pages.submit(known, "/settings/profile", to="/logout")
    lock_strangers_out(limited_app)
    # Elsewhere, and behind an address from which too many passwords were tried.
    for number in range(30):
        log_in(limited_app.test_client(), f"host{number}@example.com", "wrong", "203.0.113.50")
    assert log_in(known, "rick@example.com", PASSWORD, "203.0.113.50") == 303


def test_strangers_do_not_lock_out_a_network_that_was_signed_in_from_before(limited_app: Flask) -> None:
    first = limited_app.test_client()
    assert log_in(first, "rick@example.com", PASSWORD, "203.0.113.7") == 303
    pages.submit(first, "/settings/profile", to="/logout")
    lock_strangers_out(limited_app)
    assert log_in(limited_app.test_client(), "rick@example.com", PASSWORD, "203.0.113.7") == 303


def test_a_known_browser_has_ten_tries_too(limited_app: Flask) -> None:
    known = limited_app.test_client()
    log_in(known, "rick@example.com", PASSWORD)
    pages.submit(known, "/settings/profile", to="/logout")
    for number in range(10):
        assert log_in(known, "rick@example.com", "wrong", f"203.0.113.{number}") == 422
    assert log_in(known, "rick@example.com", PASSWORD, "203.0.113.99") == 429


def test_a_browser_known_to_one_account_is_a_stranger_to_another(limited_app: Flask) -> None:
    with limited_app.app_context():
        factories.create_user("ann", password_hash=HASH)
    known = limited_app.test_client()
    log_in(known, "ann@example.com", PASSWORD)
    pages.submit(known, "/settings/profile", to="/logout")
    lock_strangers_out(limited_app)
    assert log_in(known, "rick@example.com", PASSWORD, "203.0.113.9") == 429


def test_a_made_up_cookie_makes_no_browser_known(limited_app: Flask) -> None:
    stranger = limited_app.test_client()
    for value in ("", "x", "W10.x.y", "é" * 10):
        stranger.set_cookie("calhooks_browser", value)
        assert log_in(stranger, "rick@example.com", "wrong") == 422


def test_when_too_many_log_in_at_once_the_rest_is_told_to_wait(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_hashing_or_waiting", threading.BoundedSemaphore(1))
    client = make_app(environ).test_client()
    with passwords._turn():
        for _ in range(11):
            page = pages.submit(client, "/login", {"email": "rick@example.com", "password": "wrong"})
            assert (page.status_code, page.headers["Retry-After"]) == (503, "3")
    assert "Too many people are logging in" in page.text
    assert log_in(client, "rick@example.com", PASSWORD) == 303


@pytest.mark.timed
def test_without_redis_nobody_waits_for_it(environ: dict[str, str]) -> None:
    client = make_app(environ, REDIS_URL=NOBODY_LISTENS).test_client()
    started = time.monotonic()
    assert log_in(client, "rick@example.com", PASSWORD) == 303
    # redis-py's own retries take four seconds.
    assert time.monotonic() - started < 3


def test_a_redis_that_goes_away_meanwhile_is_no_error(environ: dict[str, str], redis_url: str) -> None:
    app = make_app(environ)
    client = app.test_client()
    assert log_in(client, "rick@example.com", "wrong") == 422
    storage = rate_limits.limiter.storage
    storage.storage.connection_pool.connection_kwargs.update(path="/nowhere", host="127.0.0.1", port=1)  # type: ignore[attr-defined]  # Redis'
    storage.storage.connection_pool.disconnect()  # type: ignore[attr-defined]  # Redis'
    assert log_in(client, "rick@example.com", "wrong") == 422
    assert log_in(client, "rick@example.com", PASSWORD) == 303


def test_limits_can_be_switched_off(environ: dict[str, str]) -> None:
    client = make_app(environ, CALHOOKS_RATE_LIMITS="off").test_client()
    assert {log_in(client, "rick@example.com", "wrong") for _ in range(12)} == {422}


def test_behind_a_proxy_the_client_is_who_the_proxy_says(environ: dict[str, str]) -> None:
    client = make_app(environ, CALHOOKS_TRUSTED_PROXIES="1").test_client()
    for number in range(30):
        forwarded = {"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.9"}
        assert log_in(client, f"host{number}@example.com", "wrong", "10.0.0.1", **forwarded) == 422
    assert log_in(client, "a@example.com", "wrong", "10.0.0.1", **{"X-Forwarded-For": "203.0.113.9"}) == 429
    assert log_in(client, "a@example.com", "wrong", "10.0.0.1", **{"X-Forwarded-For": "203.0.113.10"}) == 422


def test_without_a_trusted_proxy_nobody_chooses_an_address_for_themselves(environ: dict[str, str]) -> None:
    client = make_app(environ).test_client()
    for number in range(30):
        forwarded = {"X-Forwarded-For": f"198.51.100.{number}"}
        assert log_in(client, f"host{number}@example.com", "wrong", **forwarded) == 422
    assert log_in(client, "a@example.com", "wrong", **{"X-Forwarded-For": "198.51.100.99"}) == 429


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:51234", "203.0.113.7"),
        ("[2001:db8:1:2::1]:51234", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::1]", "2001:db8:1:2::/64"),
        ("203.0.113.7:x", "unknown"),
        ("[2001:db8::1", "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_an_ipv6_household_counts_as_one(app: Flask, address: str, counted_as: str) -> None:
    with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
        assert rate_limits.client_network() == counted_as


def test_bookings_are_limited_by_address_and_reading_is_not(environ: dict[str, str]) -> None:
    blueprint = Blueprint("booked", __name__)

    @blueprint.route("/booked", methods=["GET", "POST"])
    @rate_limits.booking
    def book() -> str:
        return "booked"

    app = create_app(Config.from_env(environ))
    app.config["WTF_CSRF_ENABLED"] = False
    app.register_blueprint(blueprint)
    client = app.test_client()
    assert {client.get("/booked").status_code for _ in range(70)} == {200}
    assert {client.post("/booked").status_code for _ in range(60)} == {200}
    refused = client.post("/booked")
    assert refused.status_code == 429
    assert "Too many bookings come from your network." in refused.text

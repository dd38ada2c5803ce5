"""Tests of the first start: the page that makes the first account."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from calhooks import create_app
from calhooks.accounts.models import User
from calhooks.accounts.setup_code import setup_code
from calhooks.config import Config
from calhooks.db import db
from calhooks.scheduling.models.event_types import EventType
from calhooks.scheduling.models.schedules import Schedule
from tests import factories
from tests.web import pages

TYPED = {
    "name": "Rick",
    "username": "rick",
    "email": "rick@example.com",
    "password": "never gonna give",
    "timeZone": "Europe/London",
}


@pytest.fixture(params=[("CALHOOKS_HOST", "0.0.0.0"), ("CALHOOKS_TRUSTED_PROXIES", "1")], ids=["open", "proxied"])
def open_app(environ: dict[str, str], request: pytest.FixtureRequest) -> Iterator[Flask]:
    """An application that strangers could reach before its owner does."""
    app = create_app(Config.from_env(environ | dict([request.param])))
    app.config["TESTING"] = True
    yield app
    with app.app_context():
        db.engine.dispose()


def count_users() -> int:
    return db.session.scalar(select(func.count()).select_from(User)) or 0


@pytest.mark.parametrize("path", ["/", "/login"])
def test_the_first_visit_leads_to_setup(client: FlaskClient, path: str) -> None:
    assert client.get(path).location == "/setup"


def test_setup_makes_the_account_and_signs_its_person_in(app: Flask, client: FlaskClient) -> None:
    response = pages.submit(client, "/setup", TYPED)
    assert (response.status_code, response.location) == (303, "/event-types")
    assert client.get("/").location == "/event-types"
    with app.app_context():
        user = db.session.scalars(select(User)).one()
        assert (user.name, user.username, user.email) == ("Rick", "rick", "rick@example.com")
        assert (user.time_zone, user.is_admin) == ("Europe/London", True)
        event_types = db.session.scalars(select(EventType).order_by(EventType.position)).all()
        assert [(event_type.slug, event_type.length) for event_type in event_types] == [("15min", 15), ("30min", 30)]
        schedule = db.session.scalars(select(Schedule)).one()
        assert schedule.time_zone == "Europe/London"
        assert [(hours.weekday, hours.start_minute, hours.end_minute) for hours in schedule.ranges] == [
            (day, 9 * 60, 17 * 60) for day in range(5)
        ]


def test_the_page_does_not_exist_afterwards(app: Flask, client: FlaskClient) -> None:
    token = pages.csrf_token(client, "/setup")
    with app.app_context():
        factories.create_user()
    assert client.get("/setup").status_code == 404
    assert client.post("/setup", data=TYPED | {"csrf_token": token}).status_code == 404
    with app.app_context():
        assert count_users() == 1


def test_everything_wrong_is_said_at_its_field_and_nothing_typed_is_lost(app: Flask, client: FlaskClient) -> None:
    wrong = {"name": "", "username": "Admin", "email": "rick@", "password": "secret7", "timeZone": "Mars/Olympus"}
    response = pages.submit(client, "/setup", wrong)
    assert response.status_code == 422
    for name in wrong:
        assert f'id="{name}-error"' in response.text
    assert 'value="Admin"' in response.text
    assert 'value="rick@"' in response.text
    assert "secret7" not in response.text
    with app.app_context():
        assert count_users() == 0


def test_a_valid_choice_of_zone_survives_another_fields_error(client: FlaskClient) -> None:
    response = pages.submit(client, "/setup", TYPED | {"name": "", "timeZone": "Asia/Kolkata"})
    assert pages.post_form(response).fields["timeZone"] == "Asia/Kolkata"


@pytest.mark.parametrize(("sent", "kept"), [("Asia/Calcutta", "Asia/Kolkata"), ("Etc/UTC", "UTC")])
def test_a_zone_is_kept_under_the_name_it_has_today(app: Flask, client: FlaskClient, sent: str, kept: str) -> None:
    pages.submit(client, "/setup", TYPED | {"timeZone": sent})
    with app.app_context():
        assert db.session.scalars(select(User.time_zone)).one() == kept


def test_a_form_without_its_token_is_refused(app: Flask, client: FlaskClient) -> None:
    client.get("/setup")
    assert client.post("/setup", data=TYPED).status_code == 400
    with app.app_context():
        assert count_users() == 0


def test_two_setups_at_once_make_one_account_and_tell_the_other_kindly(app: Flask) -> None:
    count = 4
    start = threading.Barrier(count)
    answers: list[Any] = []

    def set_up(number: int) -> None:
        client = app.test_client()
        data = TYPED | {"csrf_token": pages.csrf_token(client, "/setup"), "username": f"rick{number}"}
        start.wait()
        answers.append(client.post("/setup", data=data))

    threads = [threading.Thread(target=set_up, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert count_users() == 1
    made = [answer for answer in answers if answer.location == "/event-types"]
    late = [answer for answer in answers if answer.location == "/login" or answer.status_code == 404]
    assert (len(made), len(late)) == (1, count - 1)


def test_no_code_is_asked_for_on_this_machine_alone(client: FlaskClient) -> None:
    assert 'name="code"' not in client.get("/setup").text


def test_where_strangers_could_come_first_the_code_is_asked_for(open_app: Flask) -> None:
    client = open_app.test_client()
    client.environ_base["HTTP_X_FORWARDED_FOR"] = "203.0.113.7"
    response = pages.submit(client, "/setup", TYPED | {"code": "AAAA-AAAA"})
    assert response.status_code == 422
    assert 'id="code-error"' in response.text
    assert 'value="rick@example.com"' in response.text
    with open_app.app_context():
        assert count_users() == 0
    code = setup_code(open_app.extensions["calhooks"])
    assert pages.submit(client, "/setup", TYPED | {"code": code.lower()}).location == "/event-types"


def test_the_code_cannot_be_guessed_for_ever(open_app: Flask) -> None:
    client = open_app.test_client()
    client.environ_base["HTTP_X_FORWARDED_FOR"] = "203.0.113.7"
    for _ in range(10):
        assert pages.submit(client, "/setup", TYPED | {"code": "wrong"}).status_code == 422
    code = setup_code(open_app.extensions["calhooks"])
    response = pages.submit(client, "/setup", TYPED | {"code": code})
    assert response.status_code == 429
    assert "Too many wrong codes." in response.text
    assert 'value="rick@example.com"' in response.text


def test_the_fields_say_what_browsers_may_fill_in(client: FlaskClient) -> None:
    page = client.get("/setup").text
    assert 'autocomplete="username"' in page
    assert 'autocomplete="new-password"' in page
    assert "data-detect-zone" in page


def make_app(environ: dict[str, str], **changes: str) -> Flask:
    app = create_app(Config.from_env(environ | changes))
    app.config["TESTING"] = True
    return app


def asks_for_the_code(app: Flask, *, host: str = "localhost", **options: Any) -> bool:
    answer = app.test_client().get("/setup", base_url=f"http://{host}", **options)
    assert answer.status_code == 200
    with app.app_context():
        db.engine.dispose()
    return 'name="code"' in answer.text


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "LOCALHOST", "127.0.0.1:8000", "127.8.9.1", "[::1]:8000"]
)
def test_on_this_machine_no_code_is_asked_for(environ: dict[str, str], host: str) -> None:
    assert not asks_for_the_code(make_app(environ), host=host)


@pytest.mark.parametrize(
    "host",
    [
        "calendar.example.com",
        "127.0.0.1.nip.io",
        "localhost.evil.example",
        "evil.example:8000",
        "192.168.1.7",
        "[2001:db8::1]",
        "0.0.0.0",
        "127.0.0.1.",
    ],
)
def test_under_another_host_the_code_is_asked_for(environ: dict[str, str], host: str) -> None:
    assert asks_for_the_code(make_app(environ), host=host)


@pytest.mark.parametrize(
    "header",
    [
        *("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded", "X-Real-IP"),
        *("CF-Connecting-IP", "CF-Ray", "CDN-Loop", "True-Client-IP", "X-Client-IP", "X-Cluster-Client-IP"),
        *(
            "X-Original-Forwarded-For",
            "X-Original-Host",
            "Fastly-Client-IP",
            "Fly-Client-IP",
            "X-Envoy-External-Address",
        ),
        *(
            "Fly-Client-IP",
            "X-Amzn-Trace-Id",
            "X-Azure-ClientIP",
            "X-ARR-LOG-ID",
            "X-Scheme",
            "X-Remote-Addr",
            "X-ProxyUser-Ip",
        ),
    ],
)
def test_through_a_proxy_that_nobody_announced_the_code_is_asked_for(environ: dict[str, str], header: str) -> None:
    assert asks_for_the_code(make_app(environ), headers={header: "127.0.0.1"})


@pytest.mark.parametrize(
    "overrides",
    [
        # nginx with nothing but `proxy_pass`.
        {"SERVER_PROTOCOL": "HTTP/1.0"},
        # gunicorn that listens elsewhere than CALHOOKS_HOST says: on all addresses, or on a Unix socket.
        {"REMOTE_ADDR": "203.0.113.7"},
        {"REMOTE_ADDR": ""},
    ],
)
def test_what_does_not_come_from_a_browser_on_this_machine_needs_the_code(
    environ: dict[str, str], overrides: dict[str, str]
) -> None:
    assert asks_for_the_code(make_app(environ), environ_overrides=overrides)


@pytest.mark.parametrize(
    "changes",
    [
        {"CALHOOKS_TRUSTED_PROXIES": "1"},
        {"CALHOOKS_HOST": "0.0.0.0"},
    ],
)
def test_where_others_are_meant_to_come_the_code_is_always_asked_for(
    environ: dict[str, str], changes: dict[str, str]
) -> None:
    assert asks_for_the_code(make_app(environ, **changes))


def test_no_account_is_made_under_another_host_without_the_code(environ: dict[str, str]) -> None:
    app = make_app(environ)
    app.config["WTF_CSRF_ENABLED"] = False
    answer = app.test_client().post("/setup", data=TYPED, base_url="http://evil.example:8000")
    assert answer.status_code == 422
    with app.app_context():
        assert count_users() == 0
        db.engine.dispose()

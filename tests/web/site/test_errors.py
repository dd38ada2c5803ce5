"""What does not exist, or is not permitted: one page for all of it, to a browser and to htmx."""

import json
import resource
from pathlib import Path
from typing import NoReturn

import pytest
from flask import Flask, after_this_request
from flask.testing import FlaskClient
from sqlalchemy import text, update
from werkzeug.exceptions import Forbidden
from werkzeug.test import TestResponse

from calhooks.accounts.errors import NotPermitted
from calhooks.accounts.models import User
from calhooks.accounts.teams.memberships import ONLY_OWNERS
from calhooks.db import db, writing
from calhooks.scheduling.errors import HostedByOthers, NotFound

BOTH = pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["browser", "htmx"])


def is_our_404(answer: TestResponse) -> bool:
    return answer.status_code == 404 and "This page does not exist" in answer.text


@BOTH
def test_what_a_service_does_not_find_is_a_page_that_does_not_exist(app: Flask, headers: dict[str, str]) -> None:
    def gone() -> str:
        raise NotFound

    app.add_url_rule("/test/gone", view_func=gone)
    client = app.test_client()
    answer, unknown = client.get("/test/gone", headers=headers), client.get("/no/such/page", headers=headers)
    assert is_our_404(answer)
    assert (answer.status, answer.mimetype, answer.text) == (unknown.status, unknown.mimetype, unknown.text)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NotPermitted(ONLY_OWNERS), ONLY_OWNERS),
        (HostedByOthers(), HostedByOthers().sentence),
        (Forbidden("Ask Alice."), "Ask Alice."),
    ],
    ids=lambda each: type(each).__name__,
)
def test_htmx_says_who_may_do_what_was_refused(app: Flask, error: Exception, sentence: str) -> None:
    def refuse() -> NoReturn:
        raise error

    app.add_url_rule("/refused", view_func=refuse)
    answer = app.test_client().get("/refused", headers={"HX-Request": "true"})
    assert (answer.status_code, sentence in answer.text) == (403, True)
    assert json.loads(answer.headers["HX-Trigger"]) == {"toast": {"message": sentence, "tone": "danger"}}
    assert "HX-Trigger" not in app.test_client().get("/refused").headers


def test_a_transaction_in_which_something_is_not_found_changes_nothing(app: Flask, rick: User) -> None:
    def rename() -> str:
        with writing() as session:
            session.get_one(User, rick.id).name = "Somebody else"
            session.flush()
            raise NotFound

    app.add_url_rule("/test/rename", view_func=rename)
    assert is_our_404(app.test_client().get("/test/rename"))
    with app.app_context():
        assert db.session.get_one(User, rick.id).name == "Rick Sanders"


@BOTH
def test_a_database_that_refuses_writes_is_said_in_words(
    app: Flask, caplog: pytest.LogCaptureFixture, headers: dict[str, str]
) -> None:
    def rename() -> None:
        refuse, allow = "SET TRANSACTION READ ONLY", "SELECT 1"
        if db.engine.dialect.name == "sqlite":
            refuse, allow = "PRAGMA query_only = ON", "PRAGMA query_only = OFF"
        connection = db.session.connection()
        try:
            connection.execute(text(refuse))
            db.session.execute(update(User).values(name="Somebody else"))
        finally:
            if not connection.invalidated:
                connection.execute(text(allow))

    app.add_url_rule("/test/rename", view_func=rename)
    answer = app.test_client().get("/test/rename", headers=headers)
    assert answer.status_code == 503
    assert "This can&#39;t be saved right now" in answer.text
    (record,) = caplog.records
    assert record.getMessage().startswith("Nothing can be stored (")


@BOTH
def test_a_machine_without_descriptors_is_said_in_words(
    app: Flask, caplog: pytest.LogCaptureFixture, headers: dict[str, str]
) -> None:
    def read() -> str:
        _, hard = limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        try:
            return Path(__file__).read_text()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    app.add_url_rule("/test/read", view_func=read)
    answer = app.test_client().get("/test/read", headers=headers)
    assert answer.status_code == 503
    assert "The server is overloaded. Nothing was changed; try again in a minute." in answer.text
    (record,) = caplog.records
    assert "Too many open files" in record.getMessage()
    assert record.exc_info is None


def test_where_even_the_page_cannot_be_read_its_words_are_shown(app: Flask, tmp_path: Path) -> None:
    def read() -> None:
        _, hard = limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        after_this_request(lambda response: resource.setrlimit(resource.RLIMIT_NOFILE, limits) or response)
        Path(__file__).read_text()

    app.jinja_env.cache.clear()
    app.add_url_rule("/test/read", view_func=read)
    answer = app.test_client().get("/test/read")
    assert answer.status_code == 503
    assert "<h1>Please try again</h1>" in answer.text


@BOTH
def test_other_faults_of_files_are_bugs(app: Flask, headers: dict[str, str]) -> None:
    app.add_url_rule("/test/read", view_func=lambda: Path("/no/such/file").read_text())
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = app.test_client().get("/test/read", headers=headers)
    assert answer.status_code == 500
    assert "Something broke" in answer.text


@BOTH
def test_what_nobody_has_is_not_there_for_strangers_either(client: FlaskClient, headers: dict[str, str]) -> None:
    for path in ("/booking/unknown", "/reschedule/unknown", "/booking/unknown/calendar.ics", "/calendar/unknown.ics"):
        assert is_our_404(client.get(path, headers=headers)), path

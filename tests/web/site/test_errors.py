"""What does not exist: one page for all of it, to a browser and to htmx."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.scheduling.errors import NotFound

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
def test_what_nobody_has_is_not_there_for_strangers_either(client: FlaskClient, headers: dict[str, str]) -> None:
    for path in ("/booking/unknown", "/reschedule/unknown", "/booking/unknown/calendar.ics", "/calendar/unknown.ics"):
        assert is_our_404(client.get(path, headers=headers)), path

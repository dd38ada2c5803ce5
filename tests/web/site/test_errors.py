"""What does not exist, or is someone else's: one page for all of it, to a browser and to htmx."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.scheduling.errors import NotFound
from calhooks.scheduling.models.schedules import Absence, DateOverride
from tests import factories
from tests.web import pages
from tests.web.conftest import NOW

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
def test_pages_of_someone_elses_things_do_not_exist(
    app: Flask, other: FlaskClient, rick: User, headers: dict[str, str]
) -> None:
    with app.app_context():
        event_type = factories.create_event_type(rick)
        schedule_id, booking = event_type.schedule_id, factories.create_booking(event_type, NOW)
        webhook = factories.create_webhook(rick)
        hidden = [
            f"/event-types/{event_type.id}/edit",
            f"/event-types/{event_type.id}/delete",
            f"/availability/{schedule_id}",
            f"/availability/{schedule_id}/delete",
            f"/availability/{schedule_id}/away/new",
            f"/availability/{schedule_id}/overrides/new",
            f"/bookings/history/{booking.uid}",
            f"/bookings/upcoming?reject={booking.uid}",
            f"/integrations/webhooks/{webhook.id}",
            f"/integrations/webhooks/{webhook.id}/edit",
            f"/integrations/webhooks/{webhook.id}/active",
        ]
    assert [path for path in hidden if not is_our_404(other.get(path, headers=headers))] == []


@BOTH
def test_nothing_is_done_to_someone_elses_things(
    app: Flask, other: FlaskClient, rick: User, headers: dict[str, str]
) -> None:
    with app.app_context():
        event_type = factories.create_event_type(rick)
        booking = factories.create_booking(event_type, NOW)
        absence = Absence(owner_id=rick.id, first_day=NOW.date(), last_day=NOW.date() + timedelta(days=1), note="")
        override = DateOverride(schedule_id=event_type.schedule_id, day=NOW.date())
        db.session.add_all([absence, override])
        db.session.commit()
        schedule = f"/availability/{event_type.schedule_id}"
        sent = [
            (f"/event-types/{event_type.id}/hidden", {"hidden": "y"}),
            (f"/event-types/{event_type.id}/duplicate", {}),
            (f"/event-types/{event_type.id}/move", {"direction": "up"}),
            (f"/event-types/{event_type.id}/delete", {}),
            (f"{schedule}/overrides/{override.id}/delete", {}),
            (f"{schedule}/away/{absence.id}/delete", {}),
            ("/bookings/upcoming", {"action": "no-show", "uid": booking.uid}),
        ]
    token = {"csrf_token": pages.csrf_token(other, "/settings/profile")}
    answers = {path: other.post(path, data=fields | token, headers=headers) for path, fields in sent}
    assert [path for path, answer in answers.items() if not is_our_404(answer)] == []


@BOTH
def test_what_nobody_has_is_not_there_for_strangers_either(client: FlaskClient, headers: dict[str, str]) -> None:
    for path in ("/booking/unknown", "/reschedule/unknown", "/booking/unknown/calendar.ics", "/calendar/unknown.ics"):
        assert is_our_404(client.get(path, headers=headers)), path

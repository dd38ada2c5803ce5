"""Tests that a field sent thousands of times is counted before its values are judged."""

import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from calhooks import clock
from calhooks.db import Base, db
from calhooks.scheduling.models.event_types import EventType
from tests import factories
from tests.web import pages

pytestmark = pytest.mark.usefixtures("watch")

MANY = 8_000
MAX_SECONDS = 1.0
BOOKING = "/rick/quick-chat?date=2026-03-03&slot=2026-03-03T10:00:00Z"
ANN = {"name": "Ann Lee", "email": "ann@example.com", "timeZone": "Europe/London"}
WEBHOOK = "/integrations/webhooks/new"
QUESTION = {"questions-0-label": "Which?", "questions-0-kind": "select", "questions": "y"}
MANY_ROWS = {f"questions-{number}-label": "Which?" for number in range(MANY)}
MANY_PLACES = {f"places-{number}-location": f"Room {number}" for number in range(MANY)}
RANGES = {"mondayStart": ["09:00"] * MANY, "mondayEnd": ["10:00"] * MANY}


@pytest.mark.parametrize(
    ("path", "typed", "sentence"),
    [
        (WEBHOOK, {"headerName": [f"X-{n}" for n in range(MANY)], "headerValue": ["{{title}}"] * MANY}, "20 headers"),
        (WEBHOOK, {"headerName": [""] * MANY, "headerValue": [""] * MANY}, "at most 20 headers"),
        (WEBHOOK, {"eventTriggers": ["BOOKING_CREATED"] * MANY}, "Choose each event once."),
        (WEBHOOK, {"scope": "chosen", "eventTypes": ["1"] * MANY}, "Choose each event type once."),
        (BOOKING, ANN | {"guests": [f"guest{number}@example.com" for number in range(MANY)]}, "at most 10 guests"),
        (BOOKING, ANN | {"guests": ["guest@example.com"] * MANY}, "at most 10 guests"),
        ("/event-types/new", {"questions": "y", **MANY_ROWS}, "at most 30 questions"),
        ("/event-types/new", {"places": "y", **MANY_PLACES}, "at most 5 other places"),
        ("/event-types/new", QUESTION | {"questions-0-options": "\n".join(map(str, range(MANY)))}, "50 answers"),
        ("/event-types/new", {"otherLengths": ", ".join(map(str, range(1, MANY)))}, "numbers of minutes"),
        ("/availability", RANGES, "at most 20 ranges a day"),
        (
            "/availability/1/overrides/new",
            {"day": "2026-03-03", "kind": "hours", "start": ["09:00"] * MANY, "end": ["10:00"] * MANY},
            "at most 20 ranges a day",
        ),
    ],
)
def test_a_field_sent_thousands_of_times_is_refused_at_once(
    app: Flask, owner: FlaskClient, event_type: EventType, path: str, typed: dict[str, Any], sentence: str
) -> None:
    form = pages.post_form(owner.get(path), path.partition("?")[0])
    for name, values in ({"subscriberUrl": "https://example.com/hook", "title": "Chat"} | typed).items():
        form.fields.setlist(name, [values] if isinstance(values, str) else values)
    before, began = rows(app), time.thread_time()
    answer = owner.post(form.path, data=form.fields)
    assert time.thread_time() - began < MAX_SECONDS
    assert answer.status_code == 422
    assert sentence in answer.text
    assert rows(app) == before


def test_more_no_shows_than_a_booking_has_attendees_are_refused_at_once(
    app: Flask, owner: FlaskClient, event_type: EventType
) -> None:
    token = pages.csrf_token(owner, "/event-types/new")
    with app.app_context():
        booking = factories.create_booking(event_type, clock.now())
    before = rows(app)
    sent = {
        "csrf_token": token,
        "action": "no-show",
        "uid": booking.uid,
        "absent": [str(number) for number in range(MANY)],
    }
    answer = owner.post("/bookings/past", data=sent, headers={"HX-Request": "true"})
    assert answer.status_code == 409
    assert "No booking has that many attendees." in answer.headers["HX-Trigger"]
    assert rows(app) == before


def rows(app: Flask) -> dict[str, list[Any]]:
    """Return all there is in the database."""
    with app.app_context():
        return {table.name: list(db.session.execute(select(table))) for table in Base.metadata.sorted_tables}

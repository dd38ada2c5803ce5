"""Whole sample events, for the ping test, for previews, and for trying a template before it is saved."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from calhooks.events import Answer, BookingEvent, Person, Trigger
from calhooks.webhooks.body.payload import build_payload

START = datetime(2026, 3, 5, 9, tzinfo=UTC)
END = START + timedelta(minutes=30)
BOOKED_AT = datetime(2026, 3, 1, 10, 2, 11, 345000, tzinfo=UTC)
BASE_URL = "https://cal.example.com"
UID = "bFJeNb2uX8ANpT3JL5EfXw"
# As many as the largest booking that a template is tried with.
CROWD = 20

RICK = Person(name="Rick", email="rick@example.com", time_zone="Europe/London", locale="en", username="rick")
ANN = Person(name="Ann Lee", email="ann@example.com", time_zone="Asia/Kolkata", locale="en")
GUEST = Person(name="", email="bob@example.com", time_zone="Asia/Kolkata", locale="en")

CREATED = BookingEvent(
    trigger=Trigger.BOOKING_CREATED,
    occurred_at=BOOKED_AT,
    host_id=0,
    sequence_key=UID,
    event_type_id=12,
    type="quick-chat",
    title="Quick chat",
    description="A short call",
    event_title="Quick chat",
    length=30,
    status="ACCEPTED",
    start_time=START,
    end_time=END,
    uid=UID,
    booking_id=77,
    location="https://meet.example.com/rick",
    additional_notes="I would like to talk about the offer.",
    organizer=RICK,
    attendees=(ANN, GUEST),
    responses={
        "name": Answer(label="Your name", value="Ann Lee"),
        "email": Answer(label="Email", value="ann@example.com"),
        "notes": Answer(label="Additional notes", value="I would like to talk about the offer."),
        "guests": Answer(label="Guests", value=["bob@example.com"]),
    },
    metadata={"user_id": "123"},
)

_MOVED: dict[str, Any] = {
    "reschedule_uid": "QeKYDCkh8SpDxfBLL5RzYS",
    "reschedule_id": 76,
    "reschedule_start_time": START - timedelta(days=1),
    "reschedule_end_time": END - timedelta(days=1),
    "reschedule_reason": "Something came up.",
    "rescheduled_by": ANN.email,
}

_DIFFERENCES: Mapping[Trigger, dict[str, Any]] = {
    Trigger.BOOKING_RESCHEDULED: _MOVED,
    Trigger.BOOKING_CANCELLED: {
        "status": "CANCELLED",
        "cancellation_reason": "I have fallen ill.",
        "cancelled_by": ANN.email,
    },
    Trigger.BOOKING_REQUESTED: {"status": "PENDING"},
    Trigger.BOOKING_REJECTED: {"status": "REJECTED", "rejection_reason": "I am away that week."},
    Trigger.BOOKING_NO_SHOW_UPDATED: {
        "occurred_at": END,
        "attendees": (replace(ANN, no_show=False), replace(GUEST, no_show=True)),
    },
    Trigger.MEETING_STARTED: {"occurred_at": START},
    Trigger.MEETING_ENDED: {"occurred_at": END},
}


def sample_event(trigger: Trigger) -> BookingEvent:
    """Return a booking with two attendees to which `trigger` has happened."""
    return replace(CREATED, trigger=trigger, **_DIFFERENCES.get(trigger, {}))


def crowded_event(trigger: Trigger) -> BookingEvent:
    """Return the same with as many attendees as a template must bear, and long notes."""
    sample = sample_event(trigger)
    guests = tuple(replace(sample.attendees[-1], email=f"guest{number}@example.com") for number in range(2, CROWD))
    return replace(sample, attendees=(*sample.attendees, *guests), additional_notes="Many words. " * 100)


def sample_body(trigger: Trigger, base_url: str = BASE_URL) -> dict[str, Any]:
    """Return the default body of a sample event."""
    return build_payload(sample_event(trigger), base_url)

"""Whole sample events, for the ping test, for previews, and for trying a template before it is saved."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from calhooks.accounts.owners import Owner
from calhooks.events import Answer, BookedTeam, BookingEvent, Person, Trigger
from calhooks.webhooks.body.payload import build_payload

START = datetime(2026, 3, 5, 9, tzinfo=UTC)
END = START + timedelta(minutes=30)
BOOKED_AT = datetime(2026, 3, 1, 10, 2, 11, 345000, tzinfo=UTC)
BASE_URL = "https://cal.example.com"
UID = "bFJeNb2uX8ANpT3JL5EfXw"
ICAL_UID = "ca6541c2bd7e24661a849315a004f029@calhooks"
PHONE = "+44 20 7946 0958"
# As many attendees, and hosts, as the largest booking that a template is tried with.
CROWD = 20


class Sample(StrEnum):
    """Whose booking a sample is: a person's, or that of a team whose hosts all attend, or one of them."""

    PERSONAL = "personal"
    COLLECTIVE = "collective"
    ROUND_ROBIN = "round_robin"


RICK = Person(id=5, name="Rick", email="rick@example.com", time_zone="Europe/London", locale="en", username="rick")
ANN = Person(name="Ann Lee", email="ann@example.com", time_zone="Asia/Kolkata", locale="en", phone_number=PHONE)
BETH = Person(id=6, name="Beth", email="beth@example.com", time_zone="Europe/Paris", locale="fr", username="beth")
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
        "attendeePhoneNumber": Answer(label="Phone number", value=PHONE),
        "company": Answer(label="Company", value="Lee & Sons", asked_by_host=True),
        "team_size": Answer(label="Team size", asked_by_host=True),
    },
    metadata={"user_id": "123"},
    ical_uid=ICAL_UID,
)

SALES = BookedTeam(id=3, name="Sales", slug="sales", hosts=(RICK, BETH))
_OF_SAMPLE: Mapping[Sample, dict[str, Any]] = {
    Sample.PERSONAL: {},
    Sample.COLLECTIVE: {"team": SALES, "scheduling_type": "COLLECTIVE"},
    Sample.ROUND_ROBIN: {"team": replace(SALES, hosts=(RICK,)), "scheduling_type": "ROUND_ROBIN"},
}

_MOVED: dict[str, Any] = {
    "reschedule_uid": "QeKYDCkh8SpDxfBLL5RzYS",
    "reschedule_id": 76,
    "reschedule_start_time": START - timedelta(days=1),
    "reschedule_end_time": END - timedelta(days=1),
    "reschedule_reason": "Something came up.",
    "rescheduled_by": ANN.email,
    "ical_sequence": 2,
}

# A booking that goes to another host stays the same booking, at its time.
_REASSIGNED: dict[str, Any] = {
    "reschedule_uid": UID,
    "reschedule_id": CREATED.booking_id,
    "reschedule_start_time": START,
    "reschedule_end_time": END,
    "reschedule_reason": "Beth is ill.",
    "rescheduled_by": RICK.email,
    "reassigned_from": BETH,
    "reassign_reason": "Beth is ill.",
    "reassigned_by": RICK.email,
    "ical_sequence": 2,
}

_DIFFERENCES: Mapping[Trigger, dict[str, Any]] = {
    Trigger.BOOKING_RESCHEDULED: _MOVED,
    Trigger.BOOKING_CANCELLED: {
        "status": "CANCELLED",
        "cancellation_reason": "I have fallen ill.",
        "cancelled_by": ANN.email,
        "ical_sequence": 1,
    },
    Trigger.BOOKING_REQUESTED: {"status": "PENDING", "requires_confirmation": True},
    Trigger.BOOKING_REJECTED: {
        "status": "REJECTED",
        "rejection_reason": "I am away that week.",
        "requires_confirmation": True,
    },
    Trigger.BOOKING_NO_SHOW_UPDATED: {
        "occurred_at": END,
        "attendees": (replace(ANN, no_show=False), replace(GUEST, no_show=True)),
    },
    Trigger.MEETING_STARTED: {"occurred_at": START},
    Trigger.MEETING_ENDED: {"occurred_at": END},
}


def sample_of(owner: Owner) -> Sample:
    """Return the sample that is like the bookings of an account's own event types, or of a team's."""
    return Sample.PERSONAL if owner.team_id is None else Sample.COLLECTIVE


def sample_event(trigger: Trigger, sample: Sample = Sample.PERSONAL) -> BookingEvent:
    """Return a booking with two attendees to which `trigger` has happened.

    The round robin's was rescheduled by giving it to another host.
    """
    reassigned = trigger is Trigger.BOOKING_RESCHEDULED and sample is Sample.ROUND_ROBIN
    differences = _REASSIGNED if reassigned else _DIFFERENCES.get(trigger, {})
    return replace(CREATED, trigger=trigger, **_OF_SAMPLE[sample], **differences)


def crowded_event(trigger: Trigger) -> BookingEvent:
    """Return a team's booking with as many attendees and hosts as a template must bear, and long notes."""
    sample = sample_event(trigger, Sample.COLLECTIVE)
    team = replace(SALES, hosts=(RICK, *([BETH] * (CROWD - 1))))
    guests = tuple(replace(sample.attendees[-1], email=f"guest{number}@example.com") for number in range(2, CROWD))
    return replace(sample, team=team, attendees=(*sample.attendees, *guests), additional_notes="Many words. " * 100)


def sample_body(trigger: Trigger, base_url: str = BASE_URL, sample: Sample = Sample.PERSONAL) -> dict[str, Any]:
    """Return the default body of a sample event."""
    return build_payload(sample_event(trigger, sample), base_url)

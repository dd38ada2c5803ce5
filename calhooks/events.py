"""What happened to a booking, as plain frozen values: what scheduling tells and webhooks send."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Trigger(StrEnum):
    """The events a webhook can ask for, in the order of every list. PING is the test button's alone."""

    BOOKING_CREATED = "BOOKING_CREATED"
    BOOKING_RESCHEDULED = "BOOKING_RESCHEDULED"
    BOOKING_CANCELLED = "BOOKING_CANCELLED"
    BOOKING_REQUESTED = "BOOKING_REQUESTED"
    BOOKING_REJECTED = "BOOKING_REJECTED"
    BOOKING_NO_SHOW_UPDATED = "BOOKING_NO_SHOW_UPDATED"
    MEETING_STARTED = "MEETING_STARTED"
    MEETING_ENDED = "MEETING_ENDED"
    PING = "PING"


TRIGGERS = tuple(trigger for trigger in Trigger if trigger is not Trigger.PING)
DEFAULT_TRIGGERS = TRIGGERS[:3]
TRIGGER_LABELS: Mapping[Trigger, str] = {
    Trigger.BOOKING_CREATED: "Booking created",
    Trigger.BOOKING_RESCHEDULED: "Booking rescheduled",
    Trigger.BOOKING_CANCELLED: "Booking cancelled",
    Trigger.BOOKING_REQUESTED: "Booking requested",
    Trigger.BOOKING_REJECTED: "Booking rejected",
    Trigger.BOOKING_NO_SHOW_UPDATED: "No-show updated",
    Trigger.MEETING_STARTED: "Meeting started",
    Trigger.MEETING_ENDED: "Meeting ended",
    Trigger.PING: "Ping test",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A host or an attendee. `id` and `username` are a host's, `phone_number` and `no_show` an attendee's.

    `phone_number` is empty unless it was asked for; `no_show` is set in BOOKING_NO_SHOW_UPDATED alone.
    """

    name: str
    email: str
    time_zone: str
    locale: str
    id: int | None = None
    username: str | None = None
    phone_number: str = ""
    no_show: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one question, with the label it was asked under; `value` is None if it was left open.

    `asked_by_host` tells the questions of the event type from those of every booking form.
    """

    label: str
    value: str | bool | int | float | list[str] | None = None
    asked_by_host: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedTeam:
    """The team whose event type was booked, with the `hosts` who attend, the organizer first."""

    id: int
    name: str
    slug: str
    hosts: tuple[Person, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingEvent:
    """One thing that happened to one booking, as it was at that moment.

    The webhooks of the account `host_id`, the organizer's, are told; of a team's booking those of the team and of
    `told_ids`, the accounts of the hosts who are members still, and of those whom it has just dropped. `sequence_key`
    is the same for a booking and all its reschedules: deliveries of one sequence go out in order. Times are aware UTC,
    `length` is in minutes; `attendees` starts with the booker. `reassigned_from` is the host who was replaced in the
    same booking, set only in the event that says so. `ical_uid` and `ical_sequence` are those of the booking's calendar
    files. Empty strings and None mean that there is no value.
    """

    trigger: Trigger
    occurred_at: datetime
    host_id: int
    sequence_key: str
    event_type_id: int | None
    type: str
    title: str
    description: str
    event_title: str
    length: int
    status: str
    start_time: datetime
    end_time: datetime
    uid: str
    booking_id: int
    location: str
    additional_notes: str
    organizer: Person
    attendees: tuple[Person, ...]
    responses: Mapping[str, Answer]
    metadata: Mapping[str, str] = field(default_factory=dict)
    ical_uid: str = ""
    ical_sequence: int = 0
    requires_confirmation: bool = False
    reschedule_uid: str = ""
    reschedule_id: int | None = None
    reschedule_start_time: datetime | None = None
    reschedule_end_time: datetime | None = None
    reschedule_reason: str = ""
    rescheduled_by: str = ""
    cancellation_reason: str = ""
    cancelled_by: str = ""
    rejection_reason: str = ""
    reassigned_from: Person | None = None
    reassign_reason: str = ""
    reassigned_by: str = ""
    team: BookedTeam | None = None
    scheduling_type: str = ""
    told_ids: tuple[int, ...] = ()

"""Booking a slot, or requesting it, with its webhooks and mails, in the caller's transaction."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, joinedload

from calhooks import clock, ids
from calhooks.events import Trigger
from calhooks.scheduling.assignment.attendance import Attendance, add_co_hosts, attend, expect_co_hosts
from calhooks.scheduling.availability.openings import require_offered
from calhooks.scheduling.bookings.events import announce_booking
from calhooks.scheduling.bookings.lookups import find_submitted
from calhooks.scheduling.bookings.rules import NOT_BOOKABLE, note
from calhooks.scheduling.bookings.submission import Submission, submission_key
from calhooks.scheduling.errors import NotAllowed, SlotTaken
from calhooks.scheduling.event_types.places import place_of
from calhooks.scheduling.event_types.questions import ATTENDEE_PHONE, asked
from calhooks.scheduling.event_types.titles import booking_title
from calhooks.scheduling.locking import lock_hosts_of, refusing
from calhooks.scheduling.models.bookings import Attendee, Booking, BookingStatus, ChangeAction
from calhooks.scheduling.models.event_types import EventType, LocationKind
from calhooks.scheduling.notifications.reminders import set_reminder


def book(
    session: Session, event_type_id: int, submission: Submission, *, metadata: Mapping[str, str], visitor: str
) -> Booking:
    """Book a slot, or request it where the host confirms. The same form sent again returns the booking it made.

    `visitor` is a secret of the booker's browser: the booking's uid lets its holder change it, so it is given only to
    the browser that made it. Raises SlotTaken, SlotNotOffered, or NotAllowed for an event type that was deleted.
    """
    lock_hosts_of(session, event_type_id)
    event_type = bookable_event_type(session, event_type_id)
    key = submission_key(visitor, event_type.id, submission)
    if (sent_before := find_submitted(session, key)) is not None:
        return sent_before
    now = clock.now()
    booking = judged_booking(session, event_type, submission, metadata, now)
    booking.submission_key = key
    write(session, booking, SlotTaken())
    announce_booking(session, booking, first_trigger(booking), now)
    return booking


def judged_booking(
    session: Session, event_type: EventType, submission: Submission, metadata: Mapping[str, str], now: datetime
) -> Booking:
    """Return a new booking or request, not yet in the session, of a time that is offered as of `now`, in UTC.

    Raises SlotTaken or SlotNotOffered.
    """
    free = require_offered(session, event_type, submission.start, submission.length or event_type.length, now)
    requested = event_type.requires_confirmation
    booking = draft(event_type, submission, now, attend(event_type, free, now))
    booking.status = BookingStatus.PENDING if requested else BookingStatus.ACCEPTED
    booking.metadata_ = dict(metadata)
    set_reminder(booking, now)
    note(booking, ChangeAction.REQUESTED if requested else ChangeAction.BOOKED, now, submission.email)
    return booking


def first_trigger(booking: Booking) -> Trigger:
    """Return the event that announces a new booking."""
    return Trigger.BOOKING_REQUESTED if booking.status == BookingStatus.PENDING else Trigger.BOOKING_CREATED


def write(session: Session, booking: Booking, refusal: SlotTaken) -> None:
    """Write a new booking with all its hosts. Raises `refusal` where the database finds one of them busy."""
    # A request that is accepted has them already.
    co_hosts = [] if booking in session else booking.hosts[1:]
    session.add(booking)
    with refusing(refusal):
        session.flush()
        add_co_hosts(session, booking, co_hosts)


def draft(event_type: EventType, submission: Submission, now: datetime, attendance: Attendance) -> Booking:
    """Return a booking made of the form and the event type, without a status and not yet in the session."""
    uid = ids.new_uid()
    host = attendance.organizer
    length = submission.length or event_type.length
    location = _location(event_type, submission)
    booking = Booking(
        uid=uid,
        root_uid=uid,
        host_id=host.id,
        host=host,
        team_id=event_type.team_id,
        team=event_type.team,
        scheduling_type=event_type.scheduling_type,
        assignment=attendance.assignment,
        event_type_id=event_type.id,
        event_type=event_type,
        type=event_type.slug,
        event_title=event_type.title,
        title=booking_title(
            event_type.booking_name,
            event_title=event_type.title,
            organiser=host.name,
            scheduler=submission.name,
            location=location,
            length=length,
        ),
        description=event_type.description,
        length=length,
        start_time=submission.start,
        end_time=submission.start + timedelta(minutes=length),
        location=location,
        additional_notes=submission.notes,
        responses=_responses(event_type, submission),
        created_at=now,
    )
    expect_co_hosts(booking, attendance.co_hosts)
    booking.attendees = [
        Attendee(position=position, name=name, email=email, time_zone=submission.time_zone, locale=submission.locale)
        for position, (name, email) in enumerate(
            [(submission.name, submission.email), *(("", guest) for guest in submission.guests)]
        )
    ]
    return booking


def bookable_event_type(session: Session, event_type_id: int) -> EventType:
    """Return an event type as it is now, with its owner and schedule. Raises NotAllowed where it was deleted."""
    event_type = session.scalar(_EVENT_TYPE, {"event_type": event_type_id})
    if event_type is None:
        raise NotAllowed(NOT_BOOKABLE)
    return event_type


# All that is asked of an event type while it is booked, at once.
_EVENT_TYPE = (
    select(EventType)
    .where(EventType.id == bindparam("event_type"))
    .options(joinedload(EventType.owner), joinedload(EventType.team), joinedload(EventType.schedule))
    .execution_options(populate_existing=True)
)


def _responses(event_type: EventType, submission: Submission) -> dict[str, dict[str, object]]:
    """Return every question that was asked, with the answers that were given."""
    responses: dict[str, dict[str, object]] = {
        "name": {"label": "Your name", "value": submission.name},
        "email": {"label": "Email", "value": submission.email},
        "notes": {"label": "Additional notes"},
    }
    if submission.notes:
        responses["notes"]["value"] = submission.notes
    if event_type.allows_guests:
        responses["guests"] = {"label": "Guests"}
    if submission.guests:
        responses["guests"] = {"label": "Guests", "value": list(submission.guests)}
    if submission.place:
        responses["location"] = {"label": "Location", "value": submission.place}
    for question in asked(event_type):
        # Nobody is asked for a number where another place was chosen.
        if question.identifier != ATTENDEE_PHONE or ATTENDEE_PHONE in submission.answers:
            responses[question.identifier] = {"label": question.label}
    return responses | submission.answers


def _location(event_type: EventType, submission: Submission) -> str:
    place = place_of(event_type, submission.place)
    if place.kind is not LocationKind.ATTENDEE_PHONE:
        return place.location
    answer = submission.answers.get(ATTENDEE_PHONE)
    return str(answer["value"]) if answer else ""

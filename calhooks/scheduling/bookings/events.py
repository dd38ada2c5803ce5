"""Announcing a change of a booking: the event for its webhooks, and the mails."""

from datetime import datetime

from sqlalchemy.orm import Session

from calhooks.events import Answer, BookingEvent, Person, Trigger
from calhooks.scheduling.models.bookings import Attendee, Booking
from calhooks.scheduling.notifications.mail import tell
from calhooks.webhooks.dispatch import dispatch


def announce_booking(
    session: Session, booking: Booking, trigger: Trigger, occurred_at: datetime, *, by_mail: bool = True
) -> int:
    """Owe webhooks an event about a booking, and attendees and host their mails, in the caller's transaction.

    `occurred_at` is UTC. The database writes the booking first. Raises IntegrityError where it refuses. Returns the
    units of work that the webhooks' templates took, of at most MAX_EVENT_UNITS.
    """
    session.flush()
    spent = dispatch(session, booking_event(booking, trigger, occurred_at))
    if by_mail:
        tell(session, booking, trigger)
    return spent


def booking_event(booking: Booking, trigger: Trigger, occurred_at: datetime) -> BookingEvent:
    """Return a booking as it is at this moment."""
    host, replaced = booking.host, booking.rescheduled_from
    return BookingEvent(
        trigger=trigger,
        occurred_at=occurred_at,
        host_id=booking.host_id,
        sequence_key=booking.root_uid,
        event_type_id=booking.event_type_id,
        type=booking.type,
        title=booking.title,
        description=booking.description,
        event_title=booking.event_title,
        length=booking.length,
        status=str(booking.status),
        start_time=booking.start_time,
        end_time=booking.end_time,
        uid=booking.uid,
        booking_id=booking.id,
        location=booking.location,
        additional_notes=booking.additional_notes,
        organizer=Person(
            name=host.name, email=host.email, time_zone=host.time_zone, locale=host.locale, username=host.username
        ),
        attendees=tuple(_person(attendee, trigger) for attendee in booking.attendees),
        responses={
            name: Answer(label=given["label"], value=given["value"]) for name, given in booking.responses.items()
        },
        metadata=dict(booking.metadata_),
        reschedule_uid=replaced.uid if replaced else "",
        reschedule_id=replaced.id if replaced else None,
        reschedule_start_time=replaced.start_time if replaced else None,
        reschedule_end_time=replaced.end_time if replaced else None,
        reschedule_reason=booking.reschedule_reason,
        rescheduled_by=booking.rescheduled_by,
        cancellation_reason=booking.cancellation_reason,
        cancelled_by=booking.cancelled_by,
        rejection_reason=booking.rejection_reason,
    )


def _person(attendee: Attendee, trigger: Trigger) -> Person:
    return Person(
        name=attendee.name,
        email=attendee.email,
        time_zone=attendee.time_zone,
        locale=attendee.locale,
        no_show=attendee.no_show if trigger is Trigger.BOOKING_NO_SHOW_UPDATED else None,
    )

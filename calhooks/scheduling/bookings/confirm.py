"""The host's answer to a request: confirmed or rejected, once."""

from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.events import Trigger
from calhooks.scheduling import fields
from calhooks.scheduling.assignment.attendance import give_back
from calhooks.scheduling.availability.hindrances import full, meeting_at, taken
from calhooks.scheduling.bookings.events import announce_booking, dropped_hosts
from calhooks.scheduling.bookings.reading.people import names_by_email
from calhooks.scheduling.bookings.reschedule import accept_in_place_of
from calhooks.scheduling.bookings.rules import note, require_host
from calhooks.scheduling.errors import NotAllowed, SlotTaken
from calhooks.scheduling.locking import locked_booking
from calhooks.scheduling.models.bookings import Booking, BookingStatus, ChangeAction

OVERLAPS_BOOKING = "Another booking overlaps this time. Reject the request, or move the other booking first."


def confirm(session: Session, uid: str, by: User) -> Booking:
    """Accept a request, which takes its slot from then on.

    Raises NotFound, HostedByOthers, SlotTaken or NotAllowed.
    """
    booking = locked_booking(session, uid)
    require_host(session, booking, by)
    now = clock.now()
    _require_pending(session, booking, by)
    if booking.start_time <= now:
        raise NotAllowed("The time of this request has passed.")
    event_type, replaced = booking.event_type, booking.rescheduled_from
    meeting = meeting_at(booking.start_time, booking.length, event_type)
    for each in taken(session, booking.hosts, meeting, replaced):
        raise _overlap(booking, each.host)
    if event_type and (reached := full(session, event_type, meeting.start, replaced)):
        raise NotAllowed(f"This {reached.period} is full: “{event_type.title}” has as many bookings as you allow it.")
    if replaced is not None and replaced.status == BookingStatus.ACCEPTED and replaced.assignment != booking.assignment:
        give_back(session, replaced, now)
    dropped = dropped_hosts(replaced, booking)
    trigger = accept_in_place_of(session, replaced, booking, now, _overlap(booking, booking.host))
    note(booking, ChangeAction.CONFIRMED, now, by.email)
    announce_booking(session, booking, trigger, now, dropped=dropped)
    return booking


def reject(session: Session, uid: str, by: User, *, reason: str) -> Booking:
    """Reject a request; the booking that it would have replaced stays.

    Raises NotFound, HostedByOthers, NotAllowed, or InvalidInput for `rejectionReason`.
    """
    booking = locked_booking(session, uid)
    require_host(session, booking, by)
    now = clock.now()
    _require_pending(session, booking, by)

    booking.rejection_reason = fields.checked_reason("rejectionReason", reason)
    booking.status = BookingStatus.REJECTED
    give_back(session, booking, now)
    note(booking, ChangeAction.REJECTED, now, by.email, booking.rejection_reason)
    announce_booking(session, booking, Trigger.BOOKING_REJECTED, now)
    return booking


def _overlap(booking: Booking, host: User) -> SlotTaken:
    """Return the refusal of a request whose host is busy: a team's can go to another host."""
    if booking.team_id is None:
        return SlotTaken(OVERLAPS_BOOKING)
    return SlotTaken(f"{host.name} has another booking at this time. Reassign or reject the request.")


def _require_pending(session: Session, booking: Booking, by: User) -> None:
    """Check that a request still waits for an answer. Raises NotAllowed, which names whoever has given it."""
    if booking.status == BookingStatus.ACCEPTED:
        raise NotAllowed(_answered(session, booking, by, ChangeAction.CONFIRMED, "This booking has been confirmed"))
    if booking.status == BookingStatus.REJECTED:
        raise NotAllowed(_answered(session, booking, by, ChangeAction.REJECTED, "This request has been rejected"))
    if booking.status == BookingStatus.CANCELLED:
        raise NotAllowed("This request has been withdrawn.")


def _answered(session: Session, booking: Booking, by: User, action: ChangeAction, sentence: str) -> str:
    emails = [change.by_email for change in booking.changes if change.action == action]
    name = names_by_email(session, [booking]).get(emails[-1]) if emails and emails[-1] != by.email else None
    return f"{name} has {action} it already." if name else f"{sentence} already."

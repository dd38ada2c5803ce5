"""The host's answer to a request: confirmed or rejected, once."""

from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.events import Trigger
from calhooks.scheduling import fields
from calhooks.scheduling.availability.hindrances import full, meeting_at, taken
from calhooks.scheduling.bookings.events import announce_booking
from calhooks.scheduling.bookings.reschedule import accept_in_place_of
from calhooks.scheduling.bookings.rules import note
from calhooks.scheduling.errors import NotAllowed, SlotTaken
from calhooks.scheduling.locking import locked_booking
from calhooks.scheduling.models.bookings import Booking, BookingStatus, ChangeAction

OVERLAPS_BOOKING = "Another booking overlaps this time. Reject the request, or move the other booking first."


def confirm(session: Session, uid: str, host: User) -> Booking:
    """Accept a request, which takes its slot from then on. Raises NotFound, SlotTaken or NotAllowed."""
    booking = locked_booking(session, uid, host)
    now = clock.now()
    _require_pending(booking)
    if booking.start_time <= now:
        raise NotAllowed("The time of this request has passed.")
    event_type, replaced = booking.event_type, booking.rescheduled_from
    meeting = meeting_at(booking.start_time, booking.length, event_type)
    if any(taken(session, booking.host, meeting, replaced)):
        raise SlotTaken(OVERLAPS_BOOKING)
    if event_type and (reached := full(session, event_type, booking.host, meeting.start, replaced)):
        raise NotAllowed(f"This {reached.period} is full: “{event_type.title}” has as many bookings as you allow it.")
    trigger = accept_in_place_of(session, booking.rescheduled_from, booking, now, SlotTaken(OVERLAPS_BOOKING))
    note(booking, ChangeAction.CONFIRMED, now, host.email)
    announce_booking(session, booking, trigger, now)
    return booking


def reject(session: Session, uid: str, host: User, *, reason: str) -> Booking:
    """Reject a request; the booking that it would have replaced stays.

    Raises NotFound, NotAllowed, or InvalidInput for `rejectionReason`.
    """
    booking = locked_booking(session, uid, host)
    now = clock.now()
    _require_pending(booking)

    booking.rejection_reason = fields.checked_reason("rejectionReason", reason)
    booking.status = BookingStatus.REJECTED
    note(booking, ChangeAction.REJECTED, now, host.email, booking.rejection_reason)
    announce_booking(session, booking, Trigger.BOOKING_REJECTED, now)
    return booking


def _require_pending(booking: Booking) -> None:
    """Check that a request still waits for the host's answer. Raises NotAllowed."""
    if booking.status == BookingStatus.ACCEPTED:
        raise NotAllowed("This booking has been confirmed already.")
    if booking.status == BookingStatus.REJECTED:
        raise NotAllowed("This request has been rejected already.")
    if booking.status == BookingStatus.CANCELLED:
        raise NotAllowed("This request has been withdrawn.")

"""Cancelling a booking, or withdrawing a request, with its webhooks and mails, in the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.events import Trigger
from calhooks.scheduling import fields
from calhooks.scheduling.bookings.events import announce_booking
from calhooks.scheduling.bookings.rules import acting_email, note, require_changeable
from calhooks.scheduling.locking import lock_endpoints, locked_booking
from calhooks.scheduling.models.bookings import Booking, BookingStatus, ChangeAction
from calhooks.scheduling.notifications.reminders import set_reminder


def cancel(session: Session, uid: str, *, reason: str, by: User | None) -> Booking:
    """Cancel a booking or withdraw a request; `by` is who is signed in, None for a visitor.

    Requests to move the booking are rejected with it. Raises NotFound, NotAllowed, or InvalidInput for
    `cancellationReason`.
    """
    booking = locked_booking(session, uid)
    now = clock.now()
    require_changeable(booking, now)

    booking.cancellation_reason = fields.checked_reason("cancellationReason", reason)
    booking.cancelled_by = acting_email(booking, by)
    booking.status = BookingStatus.CANCELLED
    set_reminder(booking, now)
    note(booking, ChangeAction.CANCELLED, now, booking.cancelled_by, booking.cancellation_reason)
    moot = requests_to_move(session, booking)
    announce_booking(session, booking, Trigger.BOOKING_CANCELLED, now)
    withdraw_requests(session, moot, now, "The booking was cancelled.")
    return booking


def requests_to_move(session: Session, booking: Booking) -> Sequence[Booking]:
    """Return the open requests to move a booking that is about to be cancelled or replaced.

    Where there are any, the host's endpoints are locked: webhooks are then told several things.
    """
    query = select(Booking).where(Booking.rescheduled_from_id == booking.id, Booking.status == BookingStatus.PENDING)
    requests = session.scalars(query).all()
    if requests:
        lock_endpoints(session, booking.host_id)
    return requests


def withdraw_requests(session: Session, requests: Sequence[Booking], now: datetime, reason: str) -> None:
    """Reject requests to move a booking that was cancelled or replaced; `reason` is a sentence for their history."""
    for request in requests:
        request.status = BookingStatus.REJECTED
        request.rejection_reason = reason
        note(request, ChangeAction.WITHDRAWN, now, detail=reason)
        # Attendees get a mail about the change that caused it.
        announce_booking(session, request, Trigger.BOOKING_REJECTED, now, by_mail=False)

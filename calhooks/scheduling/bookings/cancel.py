"""Cancelling a booking, or withdrawing a request, with its webhooks, in the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.events import Trigger
from calhooks.scheduling import fields
from calhooks.scheduling.bookings.events import announce
from calhooks.scheduling.bookings.rules import acting_email, note, require_changeable
from calhooks.scheduling.locking import lock_endpoints, locked_booking
from calhooks.scheduling.models.bookings import Booking, BookingStatus, ChangeAction


def cancel(session: Session, uid: str, *, reason: str, by: User | None) -> Booking:
    """Cancel a booking or withdraw a request; `by` is who is signed in, if anybody.

    Raises NotFound, NotAllowed, or InvalidInput for `cancellationReason`.
    """
    booking = locked_booking(session, uid)
    now = clock.now()
    require_changeable(booking, now)
    booking.cancellation_reason = fields.reason("cancellationReason", reason)
    booking.cancelled_by = acting_email(booking, by)
    booking.status = BookingStatus.CANCELLED
    note(booking, ChangeAction.CANCELLED, now, booking.cancelled_by, booking.cancellation_reason)
    moot = requests_to_move(session, booking)
    announce(session, booking, Trigger.BOOKING_CANCELLED, now)
    withdraw_requests(session, moot, now, "The booking was cancelled.")
    return booking


def requests_to_move(session: Session, booking: Booking) -> Sequence[Booking]:
    """Return what was asked for in place of a booking that is about to be cancelled or moved."""
    query = select(Booking).where(Booking.rescheduled_from_id == booking.id, Booking.status == BookingStatus.PENDING)
    requests = session.scalars(query).all()
    if requests:
        lock_endpoints(session, booking.host_id)
    return requests


def withdraw_requests(session: Session, requests: Sequence[Booking], now: datetime, reason: str) -> None:
    """Reject requests that have nothing left to move."""
    for request in requests:
        request.status = BookingStatus.REJECTED
        request.rejection_reason = reason
        note(request, ChangeAction.WITHDRAWN, now, detail=reason)
        # People hear of the change that caused it.
        announce(session, request, Trigger.BOOKING_REJECTED, now, by_mail=False)

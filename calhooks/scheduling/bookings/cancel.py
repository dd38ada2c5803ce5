"""Cancelling a booking, or withdrawing a request, with its webhooks and mails, in the caller's transaction."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.events import Trigger
from calhooks.scheduling import fields
from calhooks.scheduling.assignment.attendance import give_back
from calhooks.scheduling.bookings.events import announce_booking, told_owners
from calhooks.scheduling.bookings.rules import acting_email, note, require_changeable, require_may_change
from calhooks.scheduling.locking import lock_endpoints, locked_booking
from calhooks.scheduling.models.bookings import Booking, BookingStatus, ChangeAction
from calhooks.scheduling.notifications.mail import tell_withdrawn
from calhooks.scheduling.notifications.reminders import set_reminder


def cancel(session: Session, uid: str, *, reason: str, by: User | None) -> Booking:
    """Cancel a booking or withdraw a request; `by` is who is signed in, None for a visitor.

    Requests to move the booking are rejected with it. Raises NotFound, NotAllowed, HostedByOthers, or InvalidInput for
    `cancellationReason`.
    """
    booking = locked_booking(session, uid)
    require_may_change(session, booking, by)
    now = clock.now()
    require_changeable(booking, now)

    booking.cancellation_reason = fields.checked_reason("cancellationReason", reason)
    booking.cancelled_by = acting_email(session, booking, by)
    booking.status = BookingStatus.CANCELLED
    set_reminder(booking, now)
    give_back(session, booking, now)
    note(booking, ChangeAction.CANCELLED, now, booking.cancelled_by, booking.cancellation_reason)
    moot = requests_to_move(session, booking)
    announce_booking(session, booking, Trigger.BOOKING_CANCELLED, now)
    withdraw_requests(session, moot, now, "The booking was cancelled.", told=booking.hosts)
    return booking


def requests_to_move(session: Session, booking: Booking, moved: Booking | None = None) -> Sequence[Booking]:
    """Return the open requests to move a booking that is about to be cancelled, or replaced by `moved`.

    Where there are any, the endpoints that are told are locked: they are then told several things.
    """
    query = select(Booking).where(Booking.rescheduled_from_id == booking.id, Booking.status == BookingStatus.PENDING)
    requests = session.scalars(query).all()
    if requests:
        others = [host for each in (*requests, moved) if each is not None for host in each.hosts]
        lock_endpoints(session, told_owners(session, booking, others))
    return requests


def withdraw_requests(
    session: Session, requests: Sequence[Booking], now: datetime, reason: str, *, told: Collection[User]
) -> None:
    """Reject requests to move a booking that was cancelled or replaced; `reason` is a sentence for their history.

    Attendees, and the hosts who are `told`, get a mail about the change that caused it, other hosts one of this.
    """
    for request in requests:
        request.status = BookingStatus.REJECTED
        give_back(session, request, now)
        request.rejection_reason = reason
        note(request, ChangeAction.WITHDRAWN, now, detail=reason)
        announce_booking(session, request, Trigger.BOOKING_REJECTED, now, by_mail=False)
        tell_withdrawn(session, request, told)

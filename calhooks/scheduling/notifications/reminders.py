"""Reminders: their time is set with the booking; they are owed at that time, once, or late if nothing was running."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.config import current_config
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.notifications.mail import remind

REMINDERS_AT_ONCE = 20


def set_reminder(booking: Booking, now: datetime) -> None:
    """Set when attendees are reminded, in UTC: the event type's hours before the meeting, None where that has passed.

    Only an accepted booking has a reminder. Call it when a booking is made, accepted, cancelled or replaced.
    """
    event_type = booking.event_type if booking.status == BookingStatus.ACCEPTED else None
    hours = event_type.reminder_hours if event_type else None
    moment = booking.start_time - timedelta(hours=hours) if hours else now
    booking.remind_at = moment if moment > now else None


def owe_reminders(session: Session, now: datetime) -> int:
    """Owe what is due by `now` for at most 20 bookings of one host, and return for how many.

    Call it again, in a new transaction, until it returns 0. Nobody is reminded of a meeting that has begun or does not
    take place any more. A host whose bookings are being changed at this moment is left for the next time.
    """
    if not current_config().mail_url:
        return 0
    due = Booking.remind_at <= now
    hosts = session.scalars(select(Booking.host_id).where(due).distinct()).all()
    if not hosts:
        return 0
    free = select(User.id).where(User.id.in_(hosts)).limit(1).with_for_update(key_share=True, skip_locked=True)
    # Asked again, now that nobody else can change them.
    query = select(Booking).where(Booking.host_id == session.scalar(free), due).order_by(Booking.remind_at)
    bookings = session.scalars(query.limit(REMINDERS_AT_ONCE).execution_options(populate_existing=True)).all()
    for booking in bookings:
        booking.remind_at = None
        if booking.status == BookingStatus.ACCEPTED and booking.start_time > now:
            remind(session, booking)
    return len(bookings)

"""Reminders: owed when their time has come, once, also when nothing was running at that moment."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.config import current_config
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.notifications.mail import remind

BATCH = 20


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
    bookings = session.scalars(query.limit(BATCH).execution_options(populate_existing=True)).all()
    for booking in bookings:
        booking.remind_at = None
        if booking.status == BookingStatus.ACCEPTED and booking.start_time > now:
            remind(session, booking)
    return len(bookings)

"""Reminders: owed when their time has come, once, also when nothing was running at that moment."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.config import current_config
from calhooks.scheduling.booking_mail import remind
from calhooks.scheduling.locking import lock_host
from calhooks.scheduling.models import Booking, BookingStatus

BATCH = 20


def owe_reminders(session: Session, now: datetime) -> int:
    """Owe what is due by `now`, for at most 20 bookings, and return for how many. Call it again at once if there were.

    Nobody is reminded of a meeting that has begun or does not take place any more.
    """
    if not current_config().mail_url:
        return 0
    due = select(Booking.id, Booking.host_id).where(Booking.remind_at <= now).order_by(Booking.remind_at).limit(BATCH)
    found = session.execute(due).all()
    for host_id in sorted({host_id for _, host_id in found}):
        lock_host(session, host_id)
    for booking_id, _ in found:
        booking = session.get_one(Booking, booking_id, populate_existing=True)
        # Asked again, now that nobody else can change it.
        if booking.remind_at is None or booking.remind_at > now:
            continue
        booking.remind_at = None
        if booking.status == BookingStatus.ACCEPTED and booking.start_time > now:
            remind(session, booking)
    return len(found)

"""Meetings that begin and end: told at their time, once, also when nothing was running at that moment."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, selectinload

from calhooks.accounts.models import User
from calhooks.events import Trigger
from calhooks.scheduling.booking_events import announce
from calhooks.scheduling.models import Booking, BookingStatus

# A meeting that began or ended longer ago is not told any more.
LATEST = timedelta(days=1)
BATCH = 100


def announce_meetings(session: Session, now: datetime) -> int:
    """Tell webhooks about meetings that have begun or ended by `now`, at most 100 of each; return how many there were.

    Call it again at once when there were some. The time told is the scheduled one. A host whose bookings are being
    changed at this moment is left for the next time.
    """
    begun = _due(session, Booking.start_time, Booking.meeting_started_at.is_(None), now)
    for booking in begun:
        booking.meeting_started_at = now
        announce(session, booking, Trigger.MEETING_STARTED, booking.start_time)
    # Never an end before its beginning, which may wait in the next batch.
    told = or_(Booking.meeting_started_at.is_not(None), Booking.start_time <= now - LATEST)
    ended = _due(session, Booking.end_time, Booking.meeting_ended_at.is_(None) & told, now)
    for booking in ended:
        booking.meeting_ended_at = now
        announce(session, booking, Trigger.MEETING_ENDED, booking.end_time)
    return len(begun) + len(ended)


def _due(
    session: Session, moment: InstrumentedAttribute[datetime], untold: ColumnElement[bool], now: datetime
) -> Sequence[Booking]:
    """Return accepted bookings whose `moment` has come and is not told yet, oldest first, with their hosts locked."""
    due = (Booking.status == BookingStatus.ACCEPTED, untold, moment <= now, moment > now - LATEST)
    found = session.execute(
        select(Booking.id, Booking.host_id).where(*due).order_by(moment, Booking.id).limit(BATCH)
    ).all()
    if not found:
        return []
    hosts = select(User.id).where(User.id.in_({host_id for _, host_id in found}))
    locked = session.scalars(hosts.with_for_update(key_share=True, skip_locked=True)).all()
    # Asked again now that nobody else can change them.
    query = (
        select(Booking)
        .where(Booking.id.in_([booking_id for booking_id, _ in found]), Booking.host_id.in_(locked), *due)
        .options(joinedload(Booking.host), joinedload(Booking.rescheduled_from), selectinload(Booking.attendees))
        .order_by(moment, Booking.id)
        .execution_options(populate_existing=True)
    )
    return session.scalars(query).all()

"""Meetings that begin and end: told at their time, once, also when nothing was running at that moment."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, CompoundSelect, and_, literal_column, or_, select, union
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, selectinload

from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner
from calhooks.events import Trigger
from calhooks.scheduling.bookings.events import announce_booking
from calhooks.scheduling.locking import lock_endpoints
from calhooks.scheduling.models.bookings import Booking, BookingHost, BookingStatus
from calhooks.webhooks.dispatch import MAX_EVENT_UNITS, prepare_templates

# A meeting that began or ended longer ago is not told any more.
LATEST_START = timedelta(days=1)
MEETINGS_AT_ONCE = 100
# Written out, because SQLite uses a partial index only where it can read the condition.
ACCEPTED_BOOKINGS = Booking.status == literal_column(f"'{BookingStatus.ACCEPTED}'")


def announce_meetings(session: Session, now: datetime) -> int:
    """Tell webhooks about one host's meetings that have begun or ended by `now`; return how many events that were.

    At most 100 of each kind, fewer where templates do much work. Call it again, in a new transaction, until it returns
    0. The time told is the scheduled one. A host whose bookings are being changed at this moment is left for the next
    time.
    """
    host_id = _lock_a_host(session, now)
    if host_id is None:
        return 0
    told = spent = 0
    for booking in _due(session, host_id, Booking.start_time, _not_told_start(now)):
        booking.meeting_started_at = now
        spent += announce_booking(session, booking, Trigger.MEETING_STARTED, booking.start_time)
        told += 1
        if spent >= MAX_EVENT_UNITS:
            return told
    for booking in _due(session, host_id, Booking.end_time, _not_told_end(now)):
        booking.meeting_ended_at = now
        spent += announce_booking(session, booking, Trigger.MEETING_ENDED, booking.end_time)
        told += 1
        if spent >= MAX_EVENT_UNITS:
            break
    return told


def prepare_meetings(session: Session, now: datetime) -> None:
    """Compile the templates of the host whom `announce_meetings` is likely to take next, before it locks anything."""
    hosts = session.scalars(_hosts_with_due(now)).all()
    if hosts:
        prepare_templates(session, _told_owners(session, min(hosts), now))


def _not_told_start(now: datetime) -> ColumnElement[bool]:
    return and_(
        ACCEPTED_BOOKINGS,
        Booking.meeting_started_at.is_(None),
        Booking.start_time <= now,
        Booking.start_time > now - LATEST_START,
    )


def _not_told_end(now: datetime) -> ColumnElement[bool]:
    return and_(
        ACCEPTED_BOOKINGS,
        Booking.meeting_ended_at.is_(None),
        Booking.end_time <= now,
        Booking.end_time > now - LATEST_START,
        # Never an end before its beginning, which may wait in the next batch.
        or_(Booking.meeting_started_at.is_not(None), Booking.start_time <= now - LATEST_START),
    )


def _hosts_with_due(now: datetime) -> CompoundSelect[int]:
    return union(select(Booking.host_id).where(_not_told_start(now)), select(Booking.host_id).where(_not_told_end(now)))


def _lock_a_host(session: Session, now: datetime) -> int | None:
    """Return a host of whom there is something to tell and whose bookings nobody is changing, locked."""
    hosts = session.scalars(_hosts_with_due(now)).all()
    if not hosts:
        return None
    query = (
        select(User.id)
        .where(User.id.in_(hosts))
        .order_by(User.id)
        .limit(1)
        .with_for_update(key_share=True, skip_locked=True)
    )
    host_id = session.scalar(query)
    if host_id is not None:
        lock_endpoints(session, _told_owners(session, host_id, now))
    return host_id


def _told_owners(session: Session, host_id: int, now: datetime) -> list[Owner]:
    """Return whose webhooks may be told of what one host's meetings have come to: the host's, and those of teams."""
    due = and_(Booking.host_id == host_id, or_(_not_told_start(now), _not_told_end(now)))
    hosts = select(BookingHost.host_id).join(Booking, Booking.id == BookingHost.booking_id).where(due)
    teams = session.scalars(select(Booking.team_id).where(due, Booking.team_id.is_not(None)).distinct()).all()
    others = session.scalars(hosts.distinct()).all() if teams else [host_id]
    return [*(Owner(team_id=number) for number in teams), *(Owner(user_id=number) for number in others)]


def _due(
    session: Session, host_id: int, moment: InstrumentedAttribute[datetime], not_told: ColumnElement[bool]
) -> Sequence[Booking]:
    # Asked again now that nobody else can change them.
    query = (
        select(Booking)
        .where(Booking.host_id == host_id, not_told)
        .options(
            joinedload(Booking.host),
            joinedload(Booking.event_type),
            joinedload(Booking.rescheduled_from),
            selectinload(Booking.attendees),
        )
        .order_by(moment, Booking.id)
        .limit(MEETINGS_AT_ONCE)
        .execution_options(populate_existing=True)
    )
    return session.scalars(query).all()

"""Time off: days on which a host cannot be booked at all, whatever the schedule."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import read_rows
from calhooks.scheduling.availability.slots import Span, day_bounds
from calhooks.scheduling.errors import InvalidInput, NotFound
from calhooks.scheduling.fields import day as typed_day
from calhooks.scheduling.locking import lock_host
from calhooks.scheduling.models.bookings import BookingHost, BookingStatus
from calhooks.scheduling.models.schedules import MAX_NOTE_LENGTH, Absence
from calhooks.text import checked, one_line
from calhooks.zones import zone_info

MAX_ABSENCES = 200
MAX_DAYS_AWAY = 1_000
ONE_MORE = timedelta(days=1)


class Kept(NamedTuple):
    """An absence, and how many accepted meetings it holds that stay as they are."""

    absence: Absence
    booked: int


def list_absences(session: Session, owner: User, now: datetime) -> Sequence[Absence]:
    """Return when a host is away, from today on, the soonest on top."""
    still = Absence.last_day >= today_in(owner.time_zone, now)
    query = select(Absence).where(Absence.owner_id == owner.id, still)
    return session.scalars(query.order_by(Absence.first_day, Absence.id)).all()


def add_absence(session: Session, owner: User, *, first: str, last: str, note: str) -> Kept:
    """Take a host's days away from all schedules; an empty `last` is the first day itself.

    Raises InvalidInput for `firstDay`, `lastDay` and `note`.
    """
    lock_host(session, owner.id)
    errors: dict[str, str] = {}
    first_day = checked(errors, "firstDay", typed_day, first)
    last_day = checked(errors, "lastDay", typed_day, last if last.strip() else first) if first_day else None
    remark = checked(errors, "note", lambda text: one_line(text, MAX_NOTE_LENGTH), note)
    if first_day and last_day and last_day < first_day:
        errors["lastDay"] = "The last day must not be before the first."
    elif last_day and last_day < today_in(owner.time_zone, clock.now()):
        errors["lastDay" if last.strip() else "firstDay"] = "This day has passed."
    elif first_day and last_day and (last_day - first_day).days >= MAX_DAYS_AWAY:
        errors["lastDay"] = f"Be away for at most {MAX_DAYS_AWAY:,} days."
    if len(list_absences(session, owner, clock.now())) >= MAX_ABSENCES:
        errors.setdefault("firstDay", f"At most {MAX_ABSENCES} absences to come can be kept. Remove some first.")
    if errors or first_day is None or last_day is None:
        raise InvalidInput(errors)
    absence = Absence(owner_id=owner.id, first_day=first_day, last_day=last_day, note=remark or "")
    session.add(absence)
    session.flush()
    return Kept(absence, _booked(session, owner, absence))


def remove_absence(session: Session, owner: User, absence_id: int) -> Absence:
    """Have a host back; return when it would have been away. Raises NotFound, also for someone else's."""
    lock_host(session, owner.id)
    absence = session.get(Absence, absence_id)
    if absence is None or absence.owner_id != owner.id:
        raise NotFound
    session.delete(absence)
    return absence


def away(session: Session, hosts: Iterable[User], begin: datetime, end: datetime) -> dict[int, list[Span]]:
    """Return when each of some hosts is away around a stretch of time, in seconds since 1970."""
    zones = {host.id: zone_info(host.time_zone) for host in hosts}
    # A day more on both ends, so that one question suits the clocks of all.
    first, last = max(begin.date(), date.min + ONE_MORE) - ONE_MORE, min(end.date(), date.max - ONE_MORE) + ONE_MORE
    which = {"owners": list(zones), "first": first, "last": last}
    spans: dict[int, list[Span]] = {number: [] for number in zones}
    for number, first, last in read_rows(session, _AWAY, which):
        if span := day_bounds(first, last, zones[number]):
            spans[number].append((int(span[0].timestamp()), int(span[1].timestamp())))
    return spans


_AWAY = select(Absence.owner_id, Absence.first_day, Absence.last_day).where(
    Absence.owner_id.in_(bindparam("owners", expanding=True)),
    Absence.last_day >= bindparam("first"),
    Absence.first_day <= bindparam("last"),
)


def today_in(zone: str, now: datetime) -> date:
    """Return the day that the moment `now` falls on in a zone."""
    return now.astimezone(zone_info(zone)).date()


def _booked(session: Session, owner: User, absence: Absence) -> int:
    bounds = day_bounds(absence.first_day, absence.last_day, zone_info(owner.time_zone))
    if bounds is None:
        return 0
    query = (
        select(func.count())
        .select_from(BookingHost)
        .where(
            BookingHost.host_id == owner.id,
            BookingHost.status == BookingStatus.ACCEPTED,
            BookingHost.start_time < bounds[1],
            BookingHost.end_time > bounds[0],
        )
    )
    return session.scalar(query) or 0

"""The days on which an event type can be booked at all, and how often in a day, a week, a month of its owner."""

from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.scheduling.availability.slots import FIRST_MINUTE, LAST_MINUTE, Span, day_bounds
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType, WindowKind
from calhooks.zones import zone_info

# From a day to the first and last day of the period that it is in.
Period = Callable[[date], tuple[date, date]]


class FullPeriod(NamedTuple):
    """A "day", "week" or "month" with as many bookings as are allowed, and when it is, in seconds since 1970."""

    name: str
    span: Span


def outside_window(event_type: EventType, now: datetime) -> list[Span]:
    """Return the time before and after the days that can be booked, by its owner's clock, in seconds since 1970."""
    zone = zone_info(event_type.holder.time_zone)
    today = now.astimezone(zone).date()
    if event_type.window_kind == WindowKind.ROLLING and event_type.window_days is not None:
        first, last = today, today + timedelta(days=event_type.window_days)
    elif event_type.window_kind == WindowKind.RANGE and event_type.window_start and event_type.window_end:
        first, last = event_type.window_start, event_type.window_end
    else:
        return []
    bounds = day_bounds(first, last, zone)
    if bounds is None:
        return [(FIRST_MINUTE * 60, LAST_MINUTE * 60)]
    return [(FIRST_MINUTE * 60, int(bounds[0].timestamp())), (int(bounds[1].timestamp()), LAST_MINUTE * 60)]


def full_periods(
    session: Session, event_type: EventType, begin: datetime, end: datetime, replaced: Booking | None
) -> Iterator[FullPeriod]:
    """Give the days, weeks and months around a stretch of time in which an event type may not start once more."""
    zone = zone_info(event_type.holder.time_zone)
    first, last = begin.astimezone(zone).date(), end.astimezone(zone).date()
    for name, most, period in _limits(event_type):
        booked = _booked(session, event_type, (period(first)[0], period(last)[1]), replaced)
        if len(booked) < most:
            continue
        counts = Counter(period(start.astimezone(zone).date()) for start in booked)
        for days, count in counts.items():
            bounds = day_bounds(*days, zone) if count >= most else None
            if bounds:
                yield FullPeriod(name, (int(bounds[0].timestamp()), int(bounds[1].timestamp())))


def _booked(
    session: Session, event_type: EventType, days: tuple[date, date], replaced: Booking | None
) -> list[datetime]:
    """Return the starts of what was accepted of an event type on some days, but for what is being moved."""
    bounds = day_bounds(*days, zone_info(event_type.holder.time_zone))
    if bounds is None:
        return []
    query = select(Booking.start_time).where(
        Booking.status == BookingStatus.ACCEPTED,
        Booking.start_time >= bounds[0],
        Booking.start_time < bounds[1],
        Booking.event_type_id == event_type.id,
    )
    if replaced is not None:
        query = query.where(Booking.id.not_in([replaced.id, replaced.rescheduled_from_id or replaced.id]))
    return list(session.scalars(query))


def _limits(event_type: EventType) -> list[tuple[str, int, Period]]:
    limits: tuple[tuple[str, int | None, Period], ...] = (
        ("day", event_type.limit_day, lambda day: (day, day)),
        ("week", event_type.limit_week, _week),
        ("month", event_type.limit_month, _month),
    )
    return [(name, most, period) for name, most, period in limits if most is not None]


def _week(day: date) -> tuple[date, date]:
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)


def _month(day: date) -> tuple[date, date]:
    return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])

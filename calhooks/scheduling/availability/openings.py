"""The times at which an event type can be booked: its hours less what its host has accepted, as of this moment."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo

from sqlalchemy import BigInteger, bindparam, cast, extract, or_, select
from sqlalchemy.orm import Session

from calhooks.scheduling.availability.absences import away
from calhooks.scheduling.availability.booking_limits import closed_spans, outside_window, reached_limit
from calhooks.scheduling.availability.slots import Days, OpenRange, SlotRules, Span, WeeklyHours, day_bounds, free_slots
from calhooks.scheduling.errors import SlotNotOffered, SlotTaken
from calhooks.scheduling.event_types.lengths import MAX_LENGTH
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType
from calhooks.scheduling.models.schedules import Schedule
from calhooks.zones import zone_info


def free_times(
    session: Session,
    event_type: EventType,
    *,
    first: date,
    last: date,
    zone: tzinfo,
    now: datetime,
    length: int | None = None,
    moving: Booking | None = None,
    held: Iterable[Span] = (),
) -> list[datetime]:
    """Return the starts, in UTC, that a booker in `zone` may choose on the days `first` to `last`.

    `length` is in minutes, by default the event type's own. The booking that is being moved does not stand in its own
    way. What is `held` for somebody else, in seconds since 1970, is left out.
    """
    bounds = day_bounds(first, last, zone)
    if bounds is None or bounds[1] <= now:
        return []
    before, after = event_type.buffer_before, event_type.buffer_after
    length = length or event_type.length
    begin, end = max(bounds[0], now) - timedelta(minutes=before), bounds[1] + timedelta(minutes=length + after)
    busy = [
        *_busy(session, event_type.owner_id, begin, end, moving),
        *away(session, event_type.owner, begin, end),
        *held,
    ]
    return free_slots(
        weekly_hours(event_type.schedule),
        Days(first, last, zone),
        SlotRules(
            duration=length,
            interval=event_type.slot_interval or length,
            buffer_before=before,
            buffer_after=after,
        ),
        earliest=now + timedelta(minutes=event_type.minimum_notice),
        busy=busy,
        closed=closed_spans(session, event_type, *bounds, now, moving),
    )


def require_offered(
    session: Session,
    event_type: EventType,
    start: datetime,
    length: int,
    now: datetime,
    moving: Booking | None = None,
) -> None:
    """Make sure that a time can be booked right now, for so many minutes. Raises SlotNotOffered or SlotTaken."""
    if length not in event_type.lengths:
        raise SlotNotOffered("Meetings of this length are not offered. Please choose another one.")
    if start <= now:
        raise SlotNotOffered("This time has passed. Please choose another one.")
    if start < now + timedelta(minutes=event_type.minimum_notice):
        raise SlotNotOffered("It is too late to book this time. Please choose a later one.")
    offered = free_slots(
        weekly_hours(event_type.schedule),
        Days(start.date(), start.date(), UTC),
        SlotRules(duration=length, interval=event_type.slot_interval or length),
        earliest=start,
        busy=away(session, event_type.owner, start, start + timedelta(minutes=length)),
        closed=outside_window(event_type, now),
    )
    if start not in offered:
        raise SlotNotOffered("This time is not offered. Please choose one from the list.")
    if (period := reached_limit(session, event_type, start, moving)) is not None:
        raise SlotNotOffered(f"No more bookings are taken in this {period}. Please choose another one.")
    if is_taken(session, event_type.owner_id, start, length, event_type, moving):
        raise SlotTaken


def is_taken(
    session: Session,
    host_id: int,
    start: datetime,
    length: int,
    event_type: EventType | None,
    moving: Booking | None = None,
) -> bool:
    """Return whether something accepted overlaps a meeting or its buffers. `length` is in minutes."""
    begin, end = start, start + timedelta(minutes=length)
    if event_type is not None:
        begin -= timedelta(minutes=event_type.buffer_before)
        end += timedelta(minutes=event_type.buffer_after)
    busy = _busy(session, host_id, begin, end, moving)
    return any(busy_from < end.timestamp() and begin.timestamp() < busy_to for busy_from, busy_to in busy)


def weekly_hours(schedule: Schedule) -> WeeklyHours:
    """Return a schedule as the slots are worked out from it."""
    ranges = tuple(OpenRange(each.weekday, each.start_minute, each.end_minute) for each in schedule.ranges)
    overrides = {each.day: [(start, end) for start, end in each.ranges] for each in schedule.overrides}
    return WeeklyHours(zone_info(schedule.time_zone), ranges, overrides)


def _busy(session: Session, host_id: int, begin: datetime, end: datetime, moving: Booking | None) -> list[Span]:
    """Return what a host has accepted around a stretch of time, each with the buffers of its own event type.

    In seconds since 1970, which are counted by the database: thousands of datetimes would cost more than all the rest.
    """
    buffers = _buffers(session, host_id)
    furthest = timedelta(seconds=max((max(both) for both in buffers.values()), default=0))
    accepted = _ACCEPTED
    if moving is not None:
        # Behind a request to move a booking stands that booking, which still holds its slot.
        accepted = accepted.where(Booking.id.not_in([moving.id, moving.rescheduled_from_id or moving.id]))
    stretch = {
        "host": host_id,
        "first_start": begin - furthest - timedelta(minutes=MAX_LENGTH),
        "last_start": end + furthest,
        "first_end": begin - furthest,
    }
    busy = []
    for event_type_id, starts, ends in session.execute(accepted, stretch):
        before, after = buffers.get(event_type_id, (0, 0))
        busy.append((starts - before, ends + after))
    return busy


def _buffers(session: Session, host_id: int) -> dict[int | None, Span]:
    """Return the seconds before and after each event type of a host that has buffers."""
    found = session.execute(_BUFFERS, {"host": host_id})
    return {number: (before * 60, after * 60) for number, before, after in found}


_ACCEPTED = select(
    Booking.event_type_id,
    cast(extract("epoch", Booking.start_time), BigInteger),
    cast(extract("epoch", Booking.end_time), BigInteger),
).where(
    Booking.host_id == bindparam("host"),
    Booking.status == BookingStatus.ACCEPTED,
    # Both on the start, so that one stretch of the index answers it.
    Booking.start_time > bindparam("first_start"),
    Booking.start_time < bindparam("last_start"),
    Booking.end_time > bindparam("first_end"),
)
_BUFFERS = select(EventType.id, EventType.buffer_before, EventType.buffer_after).where(
    EventType.owner_id == bindparam("host"), or_(EventType.buffer_before > 0, EventType.buffer_after > 0)
)

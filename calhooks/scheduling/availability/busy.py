"""What a host has accepted around a stretch of time, each with the buffers of its own event type."""

from datetime import datetime, timedelta
from typing import NamedTuple, TypeVarTuple

from sqlalchemy import BigInteger, Result, Select, bindparam, cast, extract, or_, select
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.db import read_rows
from calhooks.scheduling.availability.slots import Span
from calhooks.scheduling.event_types.lengths import MAX_LENGTH
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType

_Buffers = dict[int | None, Span]
_Columns = TypeVarTuple("_Columns")


class Accepted(NamedTuple):
    """An accepted booking: when it is, and when it keeps its host with its buffers, in seconds since 1970."""

    booking_id: int
    meeting: Span
    buffered: Span


def busy_spans(session: Session, host: User, begin: datetime, end: datetime, replaced: Booking | None) -> list[Span]:
    """Return when accepted bookings keep a host, buffers included, in seconds since 1970."""
    buffers, rows = _read(_ACCEPTED, session, host, (begin, end), replaced)
    busy = []
    for event_type_id, starts, ends in rows:
        before, after = buffers.get(event_type_id, (0, 0))
        busy.append((starts - before, ends + after))
    return busy


def accepted(session: Session, host: User, begin: datetime, end: datetime, replaced: Booking | None) -> list[Accepted]:
    """Return a host's accepted bookings one by one, the earliest first."""
    buffers, rows = _read(_ACCEPTED_BY_ID, session, host, (begin, end), replaced)
    found = []
    for event_type_id, starts, ends, number in rows:
        before, after = buffers.get(event_type_id, (0, 0))
        found.append(Accepted(number, (starts, ends), (starts - before, ends + after)))
    return sorted(found, key=lambda each: each.meeting)


def _read(
    query: Select[*_Columns],
    session: Session,
    host: User,
    stretch: tuple[datetime, datetime],
    replaced: Booking | None,
) -> tuple[_Buffers, Result[*_Columns]]:
    """Return the buffers of a host's event types, and all that can reach into a stretch of time.

    In seconds, which are counted by the database: thousands of datetimes would cost more than all the rest.
    """
    buffers: _Buffers = {
        number: (before * 60, after * 60) for number, before, after in read_rows(session, _BUFFERS, {"host": host.id})
    }
    furthest = timedelta(seconds=max((max(both) for both in buffers.values()), default=0))
    if replaced is not None:
        # A request to move a booking leaves that booking in its slot.
        query = query.where(Booking.id.not_in([replaced.id, replaced.rescheduled_from_id or replaced.id]))
    bounds = {
        "host": host.id,
        "first_start": stretch[0] - furthest - timedelta(minutes=MAX_LENGTH),
        "last_start": stretch[1] + furthest,
        "first_end": stretch[0] - furthest,
    }
    return buffers, read_rows(session, query, bounds)


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
# Apart, because a month of thousands of bookings is read without.
_ACCEPTED_BY_ID = _ACCEPTED.add_columns(Booking.id)
_BUFFERS = select(EventType.id, EventType.buffer_before, EventType.buffer_after).where(
    EventType.owner_id == bindparam("host"), or_(EventType.buffer_before > 0, EventType.buffer_after > 0)
)

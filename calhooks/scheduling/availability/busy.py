"""What hosts have accepted around a stretch of time, each with the buffers of its own event type."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVarTuple

from sqlalchemy import BigInteger, Result, Select, bindparam, cast, extract, or_, select
from sqlalchemy.orm import Session

from calhooks.db import read_rows
from calhooks.scheduling.availability.slots import Span
from calhooks.scheduling.event_types.lengths import MAX_LENGTH
from calhooks.scheduling.models.bookings import Booking, BookingHost, BookingStatus
from calhooks.scheduling.models.event_types import EventType

_Buffers = dict[int | None, Span]
_Columns = TypeVarTuple("_Columns")


class Accepted(NamedTuple):
    """An accepted booking: when it is, and when it keeps its host with its buffers, in seconds since 1970."""

    booking_id: int
    meeting: Span
    buffered: Span


def busy_spans(
    session: Session, hosts: Sequence[int], begin: datetime, end: datetime, replaced: Booking | None
) -> dict[int, list[Span]]:
    """Return when accepted bookings keep each of some hosts, buffers included, in seconds since 1970.

    A host is busy with whatever bookings they attend, as organizer or beside one, for a team or not.
    """
    buffers, rows = _read(_ACCEPTED, session, hosts, (begin, end), replaced)
    busy: dict[int, list[Span]] = {host: [] for host in hosts}
    for host, event_type_id, starts, ends in rows:
        before, after = buffers.get(event_type_id, (0, 0))
        busy[host].append((starts - before, ends + after))
    return busy


def accepted(
    session: Session, hosts: Sequence[int], begin: datetime, end: datetime, replaced: Booking | None
) -> dict[int, list[Accepted]]:
    """Return the accepted bookings of each of some hosts one by one, the earliest first."""
    buffers, rows = _read(_ACCEPTED_BY_ID, session, hosts, (begin, end), replaced)
    found: dict[int, list[Accepted]] = {host: [] for host in hosts}
    for host, event_type_id, starts, ends, number in rows:
        before, after = buffers.get(event_type_id, (0, 0))
        found[host].append(Accepted(number, (starts, ends), (starts - before, ends + after)))
    return {host: sorted(bookings, key=lambda each: each.meeting) for host, bookings in found.items()}


def _read(
    query: Select[*_Columns],
    session: Session,
    hosts: Sequence[int],
    stretch: tuple[datetime, datetime],
    replaced: Booking | None,
) -> tuple[_Buffers, Result[*_Columns]]:
    """Return the buffers of all event types that hosts may have, and all that can reach into a stretch of time.

    In seconds, which are counted by the database: thousands of datetimes would cost more than all the rest.
    """
    which: dict[str, Any] = {"hosts": list(hosts)}
    buffers: _Buffers = {
        number: (before * 60, after * 60) for number, before, after in read_rows(session, _BUFFERS, which)
    }
    furthest = timedelta(seconds=max((max(both) for both in buffers.values()), default=0))
    if replaced is not None:
        # A request to move a booking leaves that booking in its slot.
        query = query.where(BookingHost.booking_id.not_in([replaced.id, replaced.rescheduled_from_id or replaced.id]))
    bounds = which | {
        "first_start": stretch[0] - furthest - timedelta(minutes=MAX_LENGTH),
        "last_start": stretch[1] + furthest,
        "first_end": stretch[0] - furthest,
    }
    return buffers, read_rows(session, query, bounds)


_ACCEPTED = (
    select(
        BookingHost.host_id,
        Booking.event_type_id,
        cast(extract("epoch", BookingHost.start_time), BigInteger),
        cast(extract("epoch", BookingHost.end_time), BigInteger),
    )
    .join(Booking, Booking.id == BookingHost.booking_id)
    .where(
        BookingHost.host_id.in_(bindparam("hosts", expanding=True)),
        BookingHost.status == BookingStatus.ACCEPTED,
        # Both on the start, so that one stretch of the index answers it.
        BookingHost.start_time > bindparam("first_start"),
        BookingHost.start_time < bindparam("last_start"),
        BookingHost.end_time > bindparam("first_end"),
    )
)
# Apart, because a month of thousands of bookings is read without.
_ACCEPTED_BY_ID = _ACCEPTED.add_columns(BookingHost.booking_id)
_BUFFERS = select(EventType.id, EventType.buffer_before, EventType.buffer_after).where(
    # A host may attend what a team offers.
    or_(EventType.owner_id.in_(bindparam("hosts", expanding=True)), EventType.team_id.is_not(None)),
    or_(EventType.buffer_before > 0, EventType.buffer_after > 0),
)

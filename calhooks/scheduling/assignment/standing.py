"""Where the hosts of a team's event type stand: what each has been booked for, and whose turn is next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session, aliased

from calhooks.scheduling.assignment.attendance import credit, month_of, next_turn
from calhooks.scheduling.assignment.turns import Choice
from calhooks.scheduling.availability.hindrances import Wanted
from calhooks.scheduling.availability.hosts import Host, hosts_of
from calhooks.scheduling.availability.openings import free_hosts, suffice
from calhooks.scheduling.models.bookings import Booking, BookingHost, BookingStatus
from calhooks.scheduling.models.event_types import EventType
from calhooks.zones import zone_info


@dataclass(frozen=True, slots=True)
class Standing:
    """A host with the meetings booked this month, by the team's clock.

    `share` is a host's part of what goes to hosts of the same priority, and `credit` how many bookings the host is
    behind it; both are None for one who attends every meeting.
    """

    host: Host
    booked: int
    share: float | None = None
    credit: float | None = None


@dataclass(frozen=True, slots=True)
class NextTurn:
    """A host whose turn comes when those before are not free, and what decides among as many as are `free` then."""

    host: Host
    choice: Choice
    free: int


def standings(session: Session, event_type: EventType, now: datetime) -> list[Standing]:
    """Return where each host of a team's event type stands, in the team's order, as of `now` in UTC."""
    month = month_of(event_type, now)
    hosts, booked = hosts_of(session, event_type), _booked(session, event_type, now)
    found = []
    for host in hosts:
        place, count = host.place, booked.get(host.user.id, 0)
        if place is None or host.attends_always:
            found.append(Standing(host, count))
        else:
            rivals = [each.place for each in hosts if each.place and not each.attends_always]
            whole = sum(rival.weight for rival in rivals if rival.priority == place.priority)
            found.append(Standing(host, count, place.weight / whole, credit(place, month)))
    return found


def order_of_turns(event_type: EventType, free: Sequence[Host], now: datetime) -> list[NextTurn]:
    """Return hosts who are free in the order in which a booking made `now`, in UTC, would go to them.

    Each comes next only where none of those before is free.
    """
    left, order = [host for host in free if not host.attends_always], []
    while left:
        choice = next_turn(event_type, left, now)
        order.append(NextTurn(next(host for host in left if host.user.id == choice.key), choice, len(left)))
        left = [host for host in left if host.user.id != choice.key]
    return order


@dataclass(frozen=True, slots=True)
class Line:
    """Who could hold a meeting at a time, first whose turn it is; `missing` are hosts who are not free then."""

    turns: list[NextTurn]
    attending: list[Host]
    missing: list[Host]
    can_be_held: bool


def line_at(session: Session, event_type: EventType, start: datetime, wanted: Wanted) -> Line:
    """Return who could hold a meeting that starts at `start`, as far as the hosts' hours and meetings go."""
    hosts = hosts_of(session, event_type)
    free = free_hosts(session, event_type, hosts, start, wanted)
    return Line(
        turns=order_of_turns(event_type, free, wanted.now),
        attending=[host for host in free if host.attends_always],
        missing=[host for host in hosts if host not in free],
        can_be_held=suffice(hosts, free),
    )


def _booked(session: Session, event_type: EventType, now: datetime) -> dict[int, int]:
    zone = zone_info(event_type.holder.time_zone)
    local = now.astimezone(zone)
    begin = datetime(local.year, local.month, 1, tzinfo=zone).astimezone(UTC)
    found = session.execute(_BOOKED, {"event_type": event_type.id, "begin": begin})
    return {host_id: count for host_id, count in found}  # noqa: C416 - rows are no pairs to mypy


_First = aliased(Booking)
# A booking that was rescheduled counts once, in the month in which it was first made.
_BOOKED = (
    select(BookingHost.host_id, func.count(Booking.root_uid.distinct()))
    .join(Booking, Booking.id == BookingHost.booking_id)
    .join(_First, _First.uid == Booking.root_uid)
    .where(
        Booking.event_type_id == bindparam("event_type"),
        Booking.status.in_((BookingStatus.ACCEPTED, BookingStatus.PENDING)),
        _First.created_at >= bindparam("begin", type_=Booking.created_at.type),
    )
    .group_by(BookingHost.host_id)
)

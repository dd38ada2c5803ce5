"""Who attends a meeting on the hosts' side, and what each host's turn has come to.

A team is locked while its turns are read and moved, so that each booking is counted once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.attributes import set_committed_value

from calhooks.accounts.models import User
from calhooks.scheduling.assignment.turns import Choice, Reason, Turn, choose, chosen_by_hand
from calhooks.scheduling.availability.hosts import Host
from calhooks.scheduling.models.bookings import Booking, BookingHost, BookingStatus
from calhooks.scheduling.models.event_types import EventType, EventTypeHost, SchedulingType
from calhooks.zones import zone_info

NOTHING: Mapping[int, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Attendance:
    """Who attends: the organizer, then the others. `assignment` says how a round robin chose (see `_record`)."""

    organizer: User
    co_hosts: Sequence[User] = ()
    assignment: dict[str, Any] | None = None


def attend(event_type: EventType, free: Sequence[Host], now: datetime, *, kept: User | None = None) -> Attendance:
    """Return who of the hosts who are free attends, and count a turn that was taken.

    `kept` is who has the meeting already and keeps it; no turn is taken for that.
    """
    always = [host.user for host in free if host.attends_always]
    in_turns = [host for host in free if not host.attends_always]
    if event_type.scheduling_type != SchedulingType.ROUND_ROBIN or not in_turns:
        return Attendance(always[0], always[1:])
    if kept is not None and any(host.user.id == kept.id for host in in_turns):
        return Attendance(kept, always)
    choice = next_turn(event_type, in_turns, now)
    chosen = next(host for host in in_turns if host.user.id == choice.key)
    return Attendance(chosen.user, always, take_turn(event_type, in_turns, choice, now))


def next_turn(
    event_type: EventType, in_turns: Sequence[Host], now: datetime, returned: Mapping[int, float] = NOTHING
) -> Choice:
    """Return whose turn it is among hosts who are free, of at least one; keys are their accounts' ids.

    `returned` is a turn that is about to be undone (see `turn_of`).
    """
    return choose(_turns(in_turns, month_of(event_type, now), returned))


def named_turn(event_type: EventType, in_turns: Sequence[Host], named: Host, now: datetime) -> Choice:
    """Return the choice of a host whom a person named, beside hosts who are free; no turn for one who takes none."""
    if named.place is None or named.attends_always:
        return Choice(named.user.id, Reason.BY_HAND, {})
    others = [host for host in in_turns if host.user.id != named.user.id]
    return chosen_by_hand(_turns([named, *others], month_of(event_type, now)), named.user.id)


def take_turn(event_type: EventType, in_turns: Sequence[Host], choice: Choice, now: datetime) -> dict[str, Any]:
    """Count a turn among hosts who are free, and return what the booking keeps of it (see `_record`)."""
    _move(in_turns, choice, month_of(event_type, now))
    for host in in_turns:
        if host.place and host.user.id == choice.key:
            host.place.last_booked_at = now
    return _record(choice, event_type, now, len(in_turns))


def choices_of(assignment: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return how a booking's hosts were chosen (`Booking.assignment`), the first one first."""
    if not assignment:
        return []
    latest = {name: value for name, value in assignment.items() if name != "earlier"}
    return [*assignment.get("earlier", []), latest]


def _turns(in_turns: Sequence[Host], month: str, returned: Mapping[int, float] = NOTHING) -> list[Turn]:
    return [
        Turn(
            key=host.user.id,
            priority=host.place.priority,
            weight=host.place.weight,
            credit=credit(host.place, month) + returned.get(host.user.id, 0.0),
            last_booked_at=host.place.last_booked_at,
        )
        for host in in_turns
        if host.place
    ]


def give_back(session: Session, booking: Booking, now: datetime) -> None:
    """Undo the turn that a booking took, where it is cancelled, rejected, or given to another host in its month."""
    returned = turn_of(booking, now)
    if returned:
        for place in session.scalars(_PLACES, {"event_type": booking.event_type_id}):
            if booking.assignment and place.credit_month == booking.assignment["month"]:
                place.credit += returned.get(place.membership.user_id, 0.0)


def turn_of(booking: Booking, now: datetime) -> dict[int, float]:
    """Return by how much credits change when the turn that a booking took this month is undone, by accounts' ids.

    A request to move a meeting, with its host, has taken none of its own: the turn is the meeting's, also when that is
    cancelled.
    """
    record, event_type, moved = booking.assignment, booking.event_type, booking.rescheduled_from
    if record is None or event_type is None or record["month"] != month_of(event_type, now):
        return {}
    if (
        moved is not None
        and moved.assignment == record
        and (moved.status == BookingStatus.ACCEPTED or moved.cancelled_by)
    ):
        return {}
    return {int(key): (int(key) == record["host"]) - share for key, share in record["shares"].items()}


def credit(place: EventTypeHost, month: str) -> float:
    """Return how many bookings of a month a host is behind the others."""
    return place.credit if place.credit_month == month else 0.0


def month_of(event_type: EventType, now: datetime) -> str:
    """Return the calendar month by the clock of an event type's team, as in "2026-11"."""
    return f"{now.astimezone(zone_info(event_type.holder.time_zone)):%Y-%m}"


def expect_co_hosts(booking: Booking, users: Sequence[User]) -> None:
    """Have a booking that is not written yet say who attends beside the organizer."""
    hosts = [BookingHost(host_id=user.id, host=user, position=position) for position, user in enumerate(users, start=1)]
    set_committed_value(booking, "co_hosts", hosts)


def add_co_hosts(session: Session, booking: Booking, users: Sequence[User]) -> None:
    """Write who attends beside the organizer. Raises IntegrityError where one of them is busy."""
    if not users:
        return
    rows = [
        {"booking": booking.id, "host": user.id, "position": position} for position, user in enumerate(users, start=1)
    ]
    session.connection().execute(_ADDED, rows)
    hosts = session.scalars(_CO_HOSTS, {"booking": booking.id}, execution_options={"populate_existing": True}).all()
    set_committed_value(booking, "co_hosts", list(hosts))


def _move(in_turns: Sequence[Host], choice: Choice, month: str) -> None:
    for host in in_turns:
        if host.place and host.user.id in choice.shares:
            owed = credit(host.place, month) + choice.shares[host.user.id]
            host.place.credit, host.place.credit_month = owed - (host.user.id == choice.key), month


def _record(choice: Choice, event_type: EventType, now: datetime, free: int) -> dict[str, Any]:
    """Return what a booking keeps of how its host was chosen.

    `host` and the keys of `shares`, what each was owed of this booking, are accounts' ids; `free` of them were.
    """
    return {
        "host": choice.key,
        "reason": str(choice.reason),
        "shares": {str(key): share for key, share in choice.shares.items()},
        "free": free,
        "at": now.isoformat(),
        "month": month_of(event_type, now),
    }


_PLACES = (
    select(EventTypeHost)
    .where(EventTypeHost.event_type_id == bindparam("event_type"))
    .options(joinedload(EventTypeHost.membership))
)
# The times are the booking's own, whatever they are by now.
_ADDED = insert(BookingHost.__table__).from_select(  # type: ignore[arg-type]  # a model's table is one
    ["booking_id", "host_id", "position", "status", "start_time", "end_time"],
    select(
        Booking.id,
        bindparam("host", type_=BookingHost.host_id.type),
        bindparam("position", type_=BookingHost.position.type),
        Booking.status,
        Booking.start_time,
        Booking.end_time,
    ).where(Booking.id == bindparam("booking")),
)
_CO_HOSTS = (
    select(BookingHost)
    .where(BookingHost.booking_id == bindparam("booking"), BookingHost.position > 0)
    .order_by(BookingHost.position)
)

"""Why a time of a team's event type is not free, host by host, for the team's members.

Members learn when another host is busy, and with what only where it is a booking of this team.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.scheduling.availability.hindrances import (
    Full,
    Held,
    Hindrance,
    OutsideHours,
    OutsideWindow,
    Passed,
    Taken,
    TimeOff,
    TooSoon,
    Wanted,
    hindrances,
)
from calhooks.scheduling.availability.holds import held_by_others
from calhooks.scheduling.availability.hosts import Host, hosts_of
from calhooks.scheduling.availability.openings import is_start, suffice
from calhooks.scheduling.availability.why_not_free import find_bookings, in_words
from calhooks.scheduling.models.bookings import Booking, is_seen_by
from calhooks.scheduling.models.event_types import EventType
from calhooks.zones import zone_info

OF_EVENT_TYPE = (Passed, TooSoon, OutsideWindow, Full)


@dataclass(frozen=True, slots=True)
class HostAnswer:
    """What keeps one host from the meeting: no reasons where the host is free."""

    host: User
    attends_always: bool
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class TeamAnswer:
    """Why a time cannot be booked: `reasons` that hold for the whole event type, and those of each host."""

    is_free: bool
    reasons: list[str]
    hosts: list[HostAnswer]


def team_reasons(session: Session, event_type: EventType, start: datetime, wanted: Wanted, reader: User) -> TeamAnswer:
    """Return what keeps a team's event type from being booked at a moment, as `reader`, a member, may know it."""
    held = held_by_others(session, event_type, "", wanted.now)
    wanted = Wanted(now=wanted.now, length=wanted.length, held=held)
    hosts = [] if start <= wanted.now else hosts_of(session, event_type)
    hindering = list(hindrances(session, event_type, hosts, start, wanted))
    general = [each for each in hindering if isinstance(each, OF_EVENT_TYPE)]
    found = {host.user.id: _of_host(host, hindering) for host in hosts}
    bookings = _known(session, event_type, found.values(), reader)
    free = [host for host in hosts if not found[host.user.id]]
    answers = [
        HostAnswer(
            host.user, host.attends_always, [_say(each, start, bookings, reader) for each in found[host.user.id]]
        )
        for host in hosts
    ]
    can_meet = suffice(hosts, free)
    between = can_meet and not is_start(session, event_type, free, start, wanted)
    return TeamAnswer(
        is_free=not general and can_meet and not between,
        reasons=[
            *(in_words(each, start, {}) for each in general),
            *([_between(event_type, wanted)] if between else []),
        ],
        hosts=answers,
    )


def _between(event_type: EventType, wanted: Wanted) -> str:
    interval = event_type.slot_interval or wanted.length or event_type.length
    return f"Times are offered every {interval} minutes from when the hosts’ hours begin. This one is in between."


def _of_host(host: Host, hindering: Sequence[Hindrance]) -> list[Hindrance]:
    """Return what keeps one host from the meeting; that the time is held counts only where nothing else does."""
    own: list[Hindrance] = [
        each for each in hindering if not isinstance(each, OF_EVENT_TYPE) and each.host.id == host.user.id
    ]
    return [each for each in own if not isinstance(each, Held)] or own


def _known(
    session: Session, event_type: EventType, found: Iterable[list[Hindrance]], reader: User
) -> dict[int, Booking]:
    """Return the bookings in the way that a member may see: the team's, and those that the member hosts."""
    taken = [each for one in found for each in one if isinstance(each, Taken)]
    own = {each.booking_id for each in taken if each.host.id == reader.id}
    teams = Booking.team_id == event_type.team_id
    seen = or_(teams, Booking.id.in_(own) & is_seen_by(reader.id)) if own else teams
    return find_bookings(session, {each.booking_id for each in taken}, seen)


def _say(hindrance: Hindrance, start: datetime, bookings: Mapping[int, Booking], reader: User) -> str:
    match hindrance:
        case Held():
            return "Somebody is filling in the form for this time. If they do not book, it is offered again soon."
        case Taken() if hindrance.booking_id in bookings:
            return _booked(hindrance, bookings[hindrance.booking_id], reader)
        case Taken(host=host) | TimeOff(host=host) | OutsideHours(host=host):
            return in_words(hindrance, start, bookings) if host.id == reader.id else _of_other(hindrance, start)
        case _:
            return in_words(hindrance, start, bookings)


def _booked(hindrance: Taken, booking: Booking, reader: User) -> str:
    zone = zone_info(reader.time_zone)
    when = f"{booking.start_time.astimezone(zone):%H:%M} – {booking.end_time.astimezone(zone):%H:%M}"
    name = f"“{booking.title}” with {booking.attendees[0].name or booking.attendees[0].email} ({when})"
    return f"{name} is so near that a buffer is missing." if hindrance.only_near else f"{name} is at that time."


def _of_other(hindrance: Taken | TimeOff | OutsideHours, start: datetime) -> str:
    """Return what other members may know of a host's own calendar."""
    match hindrance:
        case Taken(only_near=True):
            return "Busy so soon before or after that a buffer is missing."
        case Taken():
            return "Busy."
        case TimeOff(only_near=True):
            return "Time off is so near that a buffer is missing."
        case TimeOff():
            return "Time off."
        case OutsideHours(schedule=schedule):
            if schedule is None:
                return "No working hours."
            local = start.astimezone(zone_info(schedule.time_zone))
            return f"{local:%A} {local:%H:%M} is outside their hours ({schedule.time_zone.replace('_', ' ')})."

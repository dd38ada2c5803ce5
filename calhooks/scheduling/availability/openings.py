"""The times at which an event type can be booked: its hosts' hours less all hindrances, as of this moment."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from calhooks.scheduling.availability.absences import away
from calhooks.scheduling.availability.booking_limits import full_periods, outside_window
from calhooks.scheduling.availability.busy import busy_spans
from calhooks.scheduling.availability.hindrances import Full, Hindrance, Passed, Taken, TooSoon, Wanted, hindrances
from calhooks.scheduling.availability.hosts import Host, hosts_of
from calhooks.scheduling.availability.schedules import weekly_hours
from calhooks.scheduling.availability.slots import (
    LAST_MINUTE,
    NO_HOURS,
    Days,
    SlotRules,
    Span,
    WeeklyHours,
    day_bounds,
    free_slots,
    shared_slots,
)
from calhooks.scheduling.errors import NotAllowed, SlotNotOffered, SlotTaken
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventType


class _Calendar(NamedTuple):
    """A host's hours, and when the host cannot be met, in seconds since 1970."""

    host: Host
    hours: WeeklyHours
    busy: list[Span]


def free_times(session: Session, event_type: EventType, days: Days, wanted: Wanted) -> list[datetime]:
    """Return the starts, in UTC and in order, that a booker may choose on some days: those without a hindrance."""
    bounds = day_bounds(days.first, days.last, days.zone)
    if bounds is None or bounds[1] <= wanted.now:
        return []
    rules = _rules(event_type, wanted)
    full = [period.span for period in full_periods(session, event_type, *bounds, wanted.replaced)]
    closed = [*outside_window(event_type, wanted.now), *full]
    # What starts right now has passed, whatever the notice.
    earliest = wanted.now + max(timedelta(minutes=event_type.minimum_notice), timedelta.resolution)
    begin = max(bounds[0], wanted.now) - timedelta(minutes=rules.buffer_before)
    end = bounds[1] + timedelta(minutes=rules.duration + rules.buffer_after)
    calendars = _calendars(session, hosts_of(session, event_type), begin, end, wanted)
    always = [(each.hours, each.busy) for each in calendars if each.host.attends_always]
    in_turns = [(each.hours, each.busy) for each in calendars if not each.host.attends_always]
    return shared_slots(always, in_turns, days, rules, earliest=earliest, closed=closed)


def require_offered(
    session: Session,
    event_type: EventType,
    start: datetime,
    length: int,
    now: datetime,
    replaced: Booking | None = None,
) -> list[Host]:
    """Make sure that a time can be booked right now, for a length in minutes, and return the hosts who are free then.

    Raises SlotNotOffered or SlotTaken.
    """
    if length not in event_type.lengths:
        raise SlotNotOffered("Meetings of this length are not offered. Please choose another one.")
    wanted = Wanted(now=now, length=length, replaced=replaced)
    hosts = hosts_of(session, event_type)
    if event_type.team is None:
        first = next(hindrances(session, event_type, hosts, start, wanted), None)
        if first is not None:
            raise _refusal(first)
        return hosts
    first = next(hindrances(session, event_type, [], start, wanted), None)
    if first is not None:
        raise _refusal(first)
    free = free_hosts(session, event_type, hosts, start, wanted)
    if not suffice(hosts, free):
        raise _refusal_of_team(session, event_type, [host for host in hosts if host not in free], start, wanted)
    if not is_start(session, event_type, free, start, wanted):
        raise _refusal(None)
    return free


def free_hosts(
    session: Session, event_type: EventType, hosts: Sequence[Host], start: datetime, wanted: Wanted
) -> list[Host]:
    """Return which of some hosts of a team could meet at a time, as far as their own hours and meetings go.

    A time that only another host's hours offer is as good as any.
    """
    rules = replace(_rules(event_type, wanted), interval=1)
    end = start + timedelta(minutes=rules.duration + rules.buffer_after)
    day, later = _only(start)
    calendars = _calendars(session, hosts, start - timedelta(minutes=rules.buffer_before), end, wanted)
    return [
        host
        for host, hours, busy in calendars
        if start in free_slots(hours, day, rules, earliest=start, busy=busy, closed=[later])
    ]


def is_start(session: Session, event_type: EventType, free: Sequence[Host], start: datetime, wanted: Wanted) -> bool:
    """Tell whether a time is one of those that hosts of a team, who are free then, offer: not between two of them."""
    hours = _hours(session, free)
    always = [(each, ()) for host, each in zip(free, hours, strict=True) if host.attends_always]
    in_turns = [(each, ()) for host, each in zip(free, hours, strict=True) if not host.attends_always]
    day, later = _only(start)
    return start in shared_slots(always, in_turns, day, _rules(event_type, wanted), earliest=start, closed=[later])


def _only(start: datetime) -> tuple[Days, Span]:
    """Return the days to look at for one start, and when no start is of interest any more."""
    return Days(start.date(), start.date(), UTC), (int(start.timestamp()) + 60, LAST_MINUTE * 60)


def suffice(hosts: Iterable[Host], free: Sequence[Host]) -> bool:
    """Tell whether those of the hosts who are free can hold a meeting: all who always attend, and one of the others."""
    hosts = list(hosts)
    if not all(host in free for host in hosts if host.attends_always):
        return False
    return bool(hosts) and (all(host.attends_always for host in hosts) or any(not host.attends_always for host in free))


def _rules(event_type: EventType, wanted: Wanted) -> SlotRules:
    length = wanted.length or event_type.length
    return SlotRules(
        duration=length,
        interval=event_type.slot_interval or length,
        buffer_before=event_type.buffer_before,
        buffer_after=event_type.buffer_after,
    )


def _calendars(
    session: Session, hosts: Sequence[Host], begin: datetime, end: datetime, wanted: Wanted
) -> list[_Calendar]:
    """Return the calendars of hosts around a stretch of time, in as many statements for twenty hosts as for one."""
    if not hosts:
        return []
    hours = _hours(session, hosts)
    busy = busy_spans(session, [host.user.id for host in hosts], begin, end, wanted.replaced)
    absences = away(session, [host.user for host in hosts], begin, end)
    return [
        _Calendar(
            host,
            open_hours,
            [*busy[number], *absences[number], *wanted.held.get(number, ())],
        )
        for host, open_hours in zip(hosts, hours, strict=True)
        for number in (host.user.id,)
    ]


def _hours(session: Session, hosts: Sequence[Host]) -> list[WeeklyHours]:
    hours = weekly_hours(session, {host.schedule.id: host.schedule for host in hosts if host.schedule}.values())
    return [hours[host.schedule.id] if host.schedule else NO_HOURS for host in hosts]


def _refusal_of_team(
    session: Session, event_type: EventType, hosts: Sequence[Host], start: datetime, wanted: Wanted
) -> NotAllowed:
    """Say why hosts who are not free keep a time from being booked: one that is taken may be free again."""
    found = list(hindrances(session, event_type, hosts, start, wanted))
    return _refusal(next((each for each in found if isinstance(each, Taken)), found[0] if found else None))


def _refusal(hindrance: Hindrance | None) -> NotAllowed:
    match hindrance:
        case Passed():
            return SlotNotOffered("This time has passed. Please choose another one.")
        case TooSoon():
            return SlotNotOffered("It is too late to book this time. Please choose a later one.")
        case Full(period=period):
            return SlotNotOffered(f"No more bookings are taken in this {period}. Please choose another one.")
        case Taken():
            return SlotTaken()
        case _:
            return SlotNotOffered("This time is not offered. Please choose one from the list.")

"""Hindrances: why a time cannot be booked, as values without words. The one judgement of whether it can."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.scheduling.availability.absences import away
from calhooks.scheduling.availability.booking_limits import full_periods, outside_window
from calhooks.scheduling.availability.busy import accepted
from calhooks.scheduling.availability.hosts import Host
from calhooks.scheduling.availability.schedules import weekly_hours
from calhooks.scheduling.availability.slots import LAST_MINUTE, Days, SlotRules, Span, WeeklyHours, free_slots
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventType
from calhooks.scheduling.models.schedules import Schedule
from calhooks.zones import zone_info


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a booker wants as of `now`: a length in minutes, by default the event type's own.

    The booking that is being moved is no hindrance. `held` is when each host is held for other visitors, in seconds
    since 1970.
    """

    now: datetime
    length: int | None = None
    replaced: Booking | None = None
    held: Mapping[int, Sequence[Span]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Meeting:
    """When a meeting would be, and when it would keep its host with its buffers."""

    start: datetime
    end: datetime
    busy_from: datetime
    busy_until: datetime

    def overlaps(self, span: Span) -> bool:
        """Tell whether the meeting itself is at the time of a span, in seconds since 1970."""
        return span[0] < self.end.timestamp() and self.start.timestamp() < span[1]

    def comes_near(self, span: Span) -> bool:
        """Tell whether the meeting or its buffers are."""
        return span[0] < self.busy_until.timestamp() and self.busy_from.timestamp() < span[1]


@dataclass(frozen=True, slots=True)
class Passed:
    """The time has begun already; nothing else is looked at then."""


@dataclass(frozen=True, slots=True)
class TooSoon:
    """The event type wants more notice, in minutes."""

    notice: int


@dataclass(frozen=True, slots=True)
class OutsideWindow:
    """The event type cannot be booked on this day, by its owner's clock."""


@dataclass(frozen=True, slots=True)
class TimeOff:
    """The host is away, or `only_near`: away so soon before or after that a buffer is missing."""

    host: User
    only_near: bool


@dataclass(frozen=True, slots=True)
class OutsideHours:
    """The meeting does not fit into the schedule's hours, which on this day are `overridden` or its weekday's."""

    host: User
    schedule: Schedule | None
    overridden: bool


@dataclass(frozen=True, slots=True)
class BetweenStarts:
    """The meeting would fit into the schedule's hours, but starts are offered every `interval` minutes only."""

    host: User
    schedule: Schedule
    interval: int


@dataclass(frozen=True, slots=True)
class Full:
    """The "day", "week" or "month" has as many bookings as the event type allows."""

    period: str


@dataclass(frozen=True, slots=True)
class Taken:
    """The host has accepted a booking at that time, or `only_near`: so near that a buffer is missing."""

    host: User
    booking_id: int
    only_near: bool


@dataclass(frozen=True, slots=True)
class Held:
    """Another visitor is filling in the form for it: a courtesy, for which no booking is refused."""

    host: User


Hindrance = Passed | TooSoon | OutsideWindow | TimeOff | OutsideHours | BetweenStarts | Full | Taken | Held


def hindrances(
    session: Session, event_type: EventType, hosts: Sequence[Host], start: datetime, wanted: Wanted
) -> Iterator[Hindrance]:
    """Give all that keeps a booker from meeting all of some hosts at a time, nothing where it can be booked.

    A caller that stops at the first has read no more than it took to find it. Twenty hosts take as many statements as
    one.
    """
    if start <= wanted.now:
        yield Passed()
        return
    if start < wanted.now + timedelta(minutes=event_type.minimum_notice):
        yield TooSoon(event_type.minimum_notice)
    if any(_within(span, start) for span in outside_window(event_type, wanted.now)):
        yield OutsideWindow()
    length = wanted.length or event_type.length
    meeting = meeting_at(start, length, event_type)
    if hosts:
        yield from _time_off(session, hosts, meeting)
        yield from _outside_hours(session, event_type, hosts, start, length)
    if (reached := full(session, event_type, start, wanted.replaced)) is not None:
        yield reached
    if hosts:
        yield from taken(session, [host.user for host in hosts], meeting, wanted.replaced)
    for host in hosts:
        if any(meeting.comes_near(span) for span in wanted.held.get(host.user.id, ())):
            yield Held(host.user)


def meeting_at(start: datetime, length: int, event_type: EventType | None) -> Meeting:
    """Return a meeting of a length in minutes, without buffers where its event type is gone."""
    end = start + timedelta(minutes=length)
    if event_type is None:
        return Meeting(start, end, start, end)
    before, after = timedelta(minutes=event_type.buffer_before), timedelta(minutes=event_type.buffer_after)
    return Meeting(start, end, start - before, end + after)


def full(session: Session, event_type: EventType, start: datetime, replaced: Booking | None) -> Full | None:
    """Return the shortest period of a start in which there are as many bookings as the event type allows."""
    period = next(full_periods(session, event_type, start, start, replaced), None)
    return Full(period.name) if period else None


def taken(session: Session, hosts: Sequence[User], meeting: Meeting, replaced: Booking | None) -> Iterator[Taken]:
    """Give the bookings that some hosts have accepted and that overlap a meeting, buffers included."""
    bookings = accepted(session, [host.id for host in hosts], meeting.busy_from, meeting.busy_until, replaced)
    for host in hosts:
        for booking in bookings[host.id]:
            if meeting.comes_near(booking.buffered):
                yield Taken(host, booking.booking_id, only_near=not meeting.overlaps(booking.meeting))


def _time_off(session: Session, hosts: Sequence[Host], meeting: Meeting) -> Iterator[TimeOff]:
    absences = away(session, [host.user for host in hosts], meeting.busy_from, meeting.busy_until)
    for host in hosts:
        near = [span for span in absences[host.user.id] if meeting.comes_near(span)]
        if near:
            yield TimeOff(host.user, only_near=not any(meeting.overlaps(span) for span in near))


def _outside_hours(
    session: Session, event_type: EventType, hosts: Sequence[Host], start: datetime, length: int
) -> Iterator[OutsideHours | BetweenStarts]:
    interval = event_type.slot_interval or length
    # Which times a team offers is for all its hosts together to say.
    of_team = event_type.team_id is not None
    hours_of = weekly_hours(session, [host.schedule for host in hosts if host.schedule])
    for host in hosts:
        schedule = host.schedule
        if schedule is None:
            yield OutsideHours(host.user, None, overridden=False)
            continue
        hours = hours_of[schedule.id]
        if _fits(hours, start, length, 1 if of_team else interval):
            continue
        if not of_team and _fits(hours, start, length, 1):
            yield BetweenStarts(host.user, schedule, interval)
        else:
            local = start.astimezone(zone_info(schedule.time_zone))
            yield OutsideHours(host.user, schedule, overridden=local.date() in hours.overrides)


def _fits(hours: WeeklyHours, start: datetime, length: int, interval: int) -> bool:
    day = Days(start.date(), start.date(), UTC)
    # No later start is of interest.
    later = (int(start.timestamp()) + 60, LAST_MINUTE * 60)
    rules = SlotRules(duration=length, interval=interval)
    return start in free_slots(hours, day, rules, earliest=start, closed=[later])


def _within(span: Span, moment: datetime) -> bool:
    return span[0] <= moment.timestamp() < span[1]

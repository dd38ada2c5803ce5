"""Hindrances: why a time cannot be booked, as values without words. The one judgement of whether it can."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.scheduling.availability.absences import away
from calhooks.scheduling.availability.booking_limits import full_periods, outside_window
from calhooks.scheduling.availability.busy import accepted
from calhooks.scheduling.availability.schedules import weekly_hours
from calhooks.scheduling.availability.slots import LAST_MINUTE, Days, SlotRules, Span, free_slots
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventType
from calhooks.scheduling.models.schedules import Schedule
from calhooks.zones import zone_info


@dataclass(frozen=True, slots=True)
class Host:
    """Who is to be met, by which hours, and when that is `held` for other visitors, in seconds since 1970."""

    user: User
    schedule: Schedule
    held: Sequence[Span] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a booker wants as of `now`: a length in minutes, by default the event type's own.

    The booking that is being moved is no hindrance.
    """

    now: datetime
    length: int | None = None
    replaced: Booking | None = None


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
    """The event type cannot be booked on this day, by the host's clock."""

    host: User


@dataclass(frozen=True, slots=True)
class TimeOff:
    """The host is away, or `only_near`: away so soon before or after that a buffer is missing."""

    host: User
    only_near: bool


@dataclass(frozen=True, slots=True)
class OutsideHours:
    """The meeting does not fit into the schedule's hours, which on this day are `overridden` or its weekday's."""

    host: User
    schedule: Schedule
    overridden: bool


@dataclass(frozen=True, slots=True)
class BetweenStarts:
    """The meeting would fit into the schedule's hours, but starts are offered every `interval` minutes only."""

    host: User
    schedule: Schedule
    interval: int


@dataclass(frozen=True, slots=True)
class Full:
    """The "day", "week" or "month" has as many of the host's bookings as the event type allows."""

    host: User
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


def hosts_of(event_type: EventType, held: Sequence[Span] = ()) -> list[Host]:
    """Return whom an event type is booked with."""
    return [Host(event_type.owner, event_type.schedule, held)]


def hindrances(
    session: Session, event_type: EventType, hosts: Sequence[Host], start: datetime, wanted: Wanted
) -> Iterator[Hindrance]:
    """Give all that keeps a booker from meeting some hosts at a time, nothing where it can be booked.

    A caller that stops at the first has read no more than it took to find it.
    """
    if start <= wanted.now:
        yield Passed()
        return
    if start < wanted.now + timedelta(minutes=event_type.minimum_notice):
        yield TooSoon(event_type.minimum_notice)
    length = wanted.length or event_type.length
    meeting = meeting_at(start, length, event_type)
    for host in hosts:
        if any(_within(span, start) for span in outside_window(event_type, host.user, wanted.now)):
            yield OutsideWindow(host.user)
        yield from _time_off(session, host.user, meeting)
        yield from _outside_hours(session, event_type, host, start, length)
        if (reached := full(session, event_type, host.user, start, wanted.replaced)) is not None:
            yield reached
        yield from taken(session, host.user, meeting, wanted.replaced)
        if any(meeting.comes_near(span) for span in host.held):
            yield Held(host.user)


def meeting_at(start: datetime, length: int, event_type: EventType | None) -> Meeting:
    """Return a meeting of a length in minutes, without buffers where its event type is gone."""
    end = start + timedelta(minutes=length)
    if event_type is None:
        return Meeting(start, end, start, end)
    before, after = timedelta(minutes=event_type.buffer_before), timedelta(minutes=event_type.buffer_after)
    return Meeting(start, end, start - before, end + after)


def full(session: Session, event_type: EventType, host: User, start: datetime, replaced: Booking | None) -> Full | None:
    """Return the shortest period of a start in which a host has as many bookings as the event type allows."""
    period = next(full_periods(session, event_type, host, start, start, replaced), None)
    return Full(host, period.name) if period else None


def taken(session: Session, host: User, meeting: Meeting, replaced: Booking | None) -> Iterator[Taken]:
    """Give the bookings that a host has accepted and that overlap a meeting, buffers included."""
    for booking in accepted(session, host, meeting.busy_from, meeting.busy_until, replaced):
        if meeting.comes_near(booking.buffered):
            yield Taken(host, booking.booking_id, only_near=not meeting.overlaps(booking.meeting))


def _time_off(session: Session, host: User, meeting: Meeting) -> Iterator[TimeOff]:
    near = [span for span in away(session, host, meeting.busy_from, meeting.busy_until) if meeting.comes_near(span)]
    if near:
        yield TimeOff(host, only_near=not any(meeting.overlaps(span) for span in near))


def _outside_hours(
    session: Session, event_type: EventType, host: Host, start: datetime, length: int
) -> Iterator[OutsideHours | BetweenStarts]:
    hours, schedule = weekly_hours(session, host.schedule), host.schedule
    day = Days(start.date(), start.date(), UTC)
    # No later start is of interest.
    later = (int(start.timestamp()) + 60, LAST_MINUTE * 60)

    def fits(interval: int) -> bool:
        rules = SlotRules(duration=length, interval=interval)
        return start in free_slots(hours, day, rules, earliest=start, closed=[later])

    interval = event_type.slot_interval or length
    if fits(interval):
        return
    if fits(1):
        yield BetweenStarts(host.user, schedule, interval)
        return
    local = start.astimezone(zone_info(schedule.time_zone))
    yield OutsideHours(host.user, schedule, overridden=local.date() in hours.overrides)


def _within(span: Span, moment: datetime) -> bool:
    return span[0] <= moment.timestamp() < span[1]

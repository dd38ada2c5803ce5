"""A host's schedules: the weekly hours in which event types can be booked."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session, selectinload

from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner, lock_owner
from calhooks.accounts.teams.models import Membership
from calhooks.db import read_rows
from calhooks.scheduling.availability.slots import ONE_DAY, OpenRange, Span, WeeklyHours
from calhooks.scheduling.errors import InvalidInput, NotAllowed, NotFound
from calhooks.scheduling.locking import lock_host, lock_hosts
from calhooks.scheduling.models.event_types import EventType
from calhooks.scheduling.models.schedules import MAX_SCHEDULE_NAME_LENGTH, DateOverride, Schedule, ScheduleRange
from calhooks.text import checked, one_line
from calhooks.zones import canonical_zone, zone_info

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DEFAULT_SCHEDULE_NAME = "Working hours"
WORKING_DAYS = range(5)
WORKING_HOURS = (9 * 60, 17 * 60)
MAX_RANGES_A_DAY = 20
MAX_SCHEDULES = 50
_TIME = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])(?::00)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class TypedHours:
    """Hours as they were typed: a weekday (0 is Monday) and times like "09:00"; "24:00" or "00:00" ends a day."""

    weekday: int
    start: str
    end: str


class TypedTimes(NamedTuple):
    """Hours of one day as they were typed, like those of a weekday."""

    start: str
    end: str


def list_schedules(session: Session, owner: User) -> Sequence[Schedule]:
    """Return a host's schedules, the first one made on top."""
    query = select(Schedule).where(Schedule.owner_id == owner.id)
    query = query.options(selectinload(Schedule.ranges), selectinload(Schedule.overrides))
    return session.scalars(query.order_by(Schedule.id)).all()


def find_schedule(session: Session, owner: User, schedule_id: int) -> Schedule:
    """Return one of a host's own schedules. Raises NotFound, also for someone else's."""
    schedule = session.get(Schedule, schedule_id)
    if schedule is None or schedule.owner_id != owner.id:
        raise NotFound
    return schedule


def create_default_schedule(session: Session, owner: User) -> Schedule:
    """Give a host the hours to begin with: Monday to Friday, 9 to 17, in the host's zone."""
    start, end = WORKING_HOURS
    schedule = Schedule(owner_id=owner.id, name=DEFAULT_SCHEDULE_NAME, time_zone=owner.time_zone)
    schedule.ranges = [ScheduleRange(weekday=day, start_minute=start, end_minute=end) for day in WORKING_DAYS]
    session.add(schedule)
    return schedule


def update_schedule(
    session: Session, owner: User, schedule_id: int, *, name: str, time_zone: str, hours: Iterable[TypedHours]
) -> Schedule:
    """Set a schedule's name, zone and hours. Bookings made earlier stay as they are.

    Raises NotFound, or InvalidInput keyed by `name`, `timeZone` and the weekdays ("monday").
    """
    lock_host(session, owner.id)
    schedule = find_schedule(session, owner, schedule_id)
    errors: dict[str, str] = {}
    checked_name = checked(errors, "name", _name, name)
    checked_zone = checked(errors, "timeZone", canonical_zone, time_zone)
    typed = list(hours)
    week = [
        checked(
            errors,
            weekday,
            check_ranges,
            [TypedTimes(each.start, each.end) for each in typed if each.weekday == number],
        )
        for number, weekday in enumerate(WEEKDAYS)
    ]
    if errors:
        raise InvalidInput(errors)
    assert checked_name
    assert checked_zone
    schedule.name, schedule.time_zone = checked_name, checked_zone
    schedule.ranges = [
        ScheduleRange(weekday=weekday, start_minute=start, end_minute=end)
        for weekday, day in enumerate(week)
        for start, end in day or ()
    ]
    return schedule


def weekly_hours(session: Session, schedules: Iterable[Schedule]) -> dict[int, WeeklyHours]:
    """Return schedules as slots are worked out from them, by their ids."""
    zones = {schedule.id: schedule.time_zone for schedule in schedules}
    which = {"schedules": list(zones)}
    ranges: dict[int, list[OpenRange]] = {number: [] for number in zones}
    overrides: dict[int, dict[date, list[Span]]] = {number: {} for number in zones}
    for number, *columns in read_rows(session, _RANGES, which):
        ranges[number].append(OpenRange(*columns))
    for number, day, hours in read_rows(session, _OVERRIDES, which):
        overrides[number][day] = [(start, end) for start, end in hours]
    return {
        number: WeeklyHours(zone_info(zone), tuple(ranges[number]), overrides[number]) for number, zone in zones.items()
    }


_RANGES = select(
    ScheduleRange.schedule_id, ScheduleRange.weekday, ScheduleRange.start_minute, ScheduleRange.end_minute
).where(ScheduleRange.schedule_id.in_(bindparam("schedules", expanding=True)))
_OVERRIDES = select(DateOverride.schedule_id, DateOverride.day, DateOverride.ranges).where(
    DateOverride.schedule_id.in_(bindparam("schedules", expanding=True))
)


def minute_as_clock_time(minute: int) -> str:
    """Return a minute of the day as it is typed: "09:00", and "24:00" for the end of the day."""
    return f"{minute // 60:02}:{minute % 60:02}"


def create_schedule(session: Session, owner: User, *, name: str) -> Schedule:
    """Add a schedule with the hours that accounts begin with, in the host's zone. Raises InvalidInput for `name`."""
    lock_host(session, owner.id)
    errors: dict[str, str] = {}
    checked_name = checked(errors, "name", _name, name)
    if len(list_schedules(session, owner)) >= MAX_SCHEDULES:
        errors["name"] = f"Keep at most {MAX_SCHEDULES} schedules."
    if errors or checked_name is None:
        raise InvalidInput(errors)
    schedule = create_default_schedule(session, owner)
    schedule.name = checked_name
    session.flush()
    return schedule


def delete_schedule(session: Session, owner: User, schedule_id: int) -> None:
    """Delete a schedule; event types that were booked by it go on with the host's first other one.

    Raises NotFound, or NotAllowed for the only one.
    """
    _lock_with_teams(session, owner, schedule_id)
    schedule = find_schedule(session, owner, schedule_id)
    others = [other for other in list_schedules(session, owner) if other.id != schedule.id]
    if not others:
        raise NotAllowed("This is your only schedule. Change its hours instead.")
    session.execute(update(EventType).where(EventType.schedule_id == schedule.id).values(schedule_id=others[0].id))
    session.delete(schedule)
    session.flush()


def check_ranges(typed: Sequence[TypedTimes]) -> list[tuple[int, int]]:
    """Return the hours of one day in minutes after midnight, in order. Raises ValueError."""
    if len(typed) > MAX_RANGES_A_DAY:
        raise ValueError(f"Use at most {MAX_RANGES_A_DAY} ranges a day.")
    # A time field cannot say 24:00, so that a range which ends at 00:00 lasts until midnight.
    ranges = sorted((_minute(each.start), _minute(each.end) or ONE_DAY) for each in typed)
    for start, end in ranges:
        if start >= end:
            raise ValueError("A range must end after it starts.")
    for (_, end), (start, _) in pairwise(ranges):
        if start < end:
            raise ValueError("Two ranges of a day must not overlap.")
    return ranges


def _lock_with_teams(session: Session, owner: User, schedule_id: int) -> None:
    """Lock a host, before them the teams whose event types are booked by a schedule, with those teams' members."""
    used = select(EventType.team_id).where(EventType.schedule_id == schedule_id, EventType.team_id.is_not(None))
    teams = sorted({team for team in session.scalars(used) if team is not None})
    for team_id in teams:
        lock_owner(session, Owner(team_id=team_id))
    members = session.scalars(select(Membership.user_id).where(Membership.team_id.in_(teams))).all() if teams else []
    lock_hosts(session, {owner.id, *members})


def _name(text: str) -> str:
    name = one_line(text, MAX_SCHEDULE_NAME_LENGTH)
    if not name:
        raise ValueError("Enter a name.")
    return name


def _minute(text: str) -> int:
    found = _TIME.fullmatch(text.strip())
    minute = int(found[1]) * 60 + int(found[2]) if found else ONE_DAY + 1
    if minute > ONE_DAY:
        raise ValueError("Enter times like 09:00.")
    return minute

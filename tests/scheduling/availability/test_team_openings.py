"""Teams by chance: what is offered is what can be booked, by a slow and obvious judgement of each host alone."""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Membership
from calhooks.db import db, writing
from calhooks.scheduling.availability.hindrances import Wanted
from calhooks.scheduling.availability.openings import free_times
from calhooks.scheduling.availability.slots import Days
from calhooks.scheduling.bookings.book import book
from calhooks.scheduling.bookings.reschedule import reschedule
from calhooks.scheduling.errors import NotAllowed
from calhooks.scheduling.models.bookings import Booking, BookingHost
from calhooks.scheduling.models.event_types import EventType, EventTypeHost, SchedulingType
from calhooks.scheduling.models.schedules import Absence, DateOverride, Schedule, ScheduleRange
from calhooks.zones import zone_info
from tests import factories
from tests.scheduling.conftest import Watch
from tests.scheduling.helpers import submission

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ZONES = ["Europe/London", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Kiritimati", "Australia/Lord_Howe", "UTC"]
# London's clock changes on the Sunday in the first, Lord Howe's in the second; the third is New Year's Eve.
SUNDAYS = [date(2026, 3, 29), date(2026, 4, 5), date(2026, 12, 31)]
HOURS = [(0, 1440), (540, 1020), (555, 1020), (600, 720), (1_200, 1_440)]


@dataclass(frozen=True)
class SeenHost:
    """A host as the slow judgement sees them; `away` is their zone and their days off."""

    id: int
    is_fixed: bool
    zone: tzinfo
    week: list[list[tuple[int, int]]]
    overrides: dict[date, Any]
    busy: list[tuple[datetime, datetime]]
    away: tuple[tzinfo, list[date]]

    def open_since(self, moment: datetime) -> int | None:
        """Return for how many minutes, by the clock, the hours have been open; None where they are closed."""
        local = moment.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        ranges = self.overrides.get(local.date(), self.week[local.weekday()])
        return next((minute - start for start, end in ranges if start <= minute < end), None)


@dataclass(frozen=True)
class Seen:
    """All that the slow and obvious judgement of a time needs."""

    earliest: datetime
    length: int
    interval: int
    buffers: tuple[timedelta, timedelta]
    limits: tuple[int | None, int | None, int | None]
    zone: tzinfo
    booked: list[datetime]
    hosts: list[SeenHost]

    def free(self, start: datetime) -> list[int]:
        """Return the accounts of the hosts who could meet at a time, none where it cannot be booked."""
        if start < self.earliest or self._is_full(start):
            return []
        fitting = [host for host in self.hosts if self._fits(host, start)]
        must = [host for host in self.hosts if host.is_fixed]
        others = [host for host in fitting if not host.is_fixed]
        if any(host not in fitting for host in must) or (not others and len(must) < len(self.hosts)):
            return []
        ways = [[*must, host] for host in others] or [must]
        # Counted from when the last of them began.
        since = [min(host.open_since(start) or 0 for host in way) for way in ways]
        return [host.id for host in fitting] if any(each % self.interval == 0 for each in since) else []

    def _fits(self, host: SeenHost, start: datetime) -> bool:
        if any(host.open_since(start + number * MINUTE) is None for number in range(self.length)):
            return False
        begin, end = start - self.buffers[0], start + self.length * MINUTE + self.buffers[1]
        if any(begin < until and since < end for since, until in host.busy):
            return False
        zone, off = host.away
        days = {(begin + number * MINUTE).astimezone(zone).date() for number in range((end - begin) // MINUTE)}
        return not days & set(off)

    def _is_full(self, start: datetime) -> bool:
        local = start.astimezone(self.zone)
        day = sum(each.date() == local.date() for each in self.booked)
        week = sum(each.isocalendar()[:2] == local.isocalendar()[:2] for each in self.booked)
        month = sum((each.year, each.month) == (local.year, local.month) for each in self.booked)
        return any(most is not None and n >= most for n, most in zip((day, week, month), self.limits, strict=True))


class RandomTeam:
    """A team with one event type, whose hosts have hours, meetings and days off by chance."""

    def __init__(self, seed: int) -> None:
        self.chance = chance = random.Random(seed)
        pick = chance.choice
        self.day = pick(SUNDAYS)
        self.zone = pick(ZONES)
        self.hosts = [factories.create_user(time_zone=pick(ZONES)) for _ in range(chance.randrange(1, 4))]
        self.team = factories.create_team(
            self.hosts[0], members=self.hosts[1:], slug=f"team-{self.hosts[0].id}", time_zone=pick(ZONES)
        )
        self.schedules = {host.id: self._open(host) for host in self.hosts if chance.random() < 0.95}
        self.away = {
            host.id: [self.day + chance.randrange(-1, 2) * DAY] for host in self.hosts if chance.random() < 0.2
        }
        with writing() as session:
            for host_id, (day, *_) in self.away.items():
                session.add(Absence(owner_id=host_id, first_day=day, last_day=day))
        self.event_type = self._offer()
        self.now = self.moment(-40, 2)
        self._meet()

    def moment(self, first: int = -14, last: int = 38) -> datetime:
        """A moment so many hours around the midnight, in UTC, with which the day begins."""
        midnight = datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC)
        return midnight + 5 * MINUTE * self.chance.randrange(12 * first, 12 * last)

    def _meet(self) -> None:
        """Give the hosts meetings of their own and of another event type of the team, which do not overlap."""
        pick = self.chance.choice
        for host in self.hosts:
            # Who has no schedule has no event type, and is to have neither.
            if schedule := self.schedules.get(host.id):
                own = factories.create_event_type(host, schedule=schedule, buffer_after=pick([0, 15]))
                factories.create_booking(own, self.moment(-14, 10), host_id=host.id)
            if self.chance.random() < 0.5:
                factories.create_booking(self._offer(), self.moment(12, 36), host_id=host.id)

    def look(self, replaced: Booking | None) -> "Seen":
        """Read all that the slow judgement asks for, once for a day of times."""
        event_type, every = self.event_type, self.event_type.scheduling_type == SchedulingType.COLLECTIVE
        accepted = select(Booking).where(Booking.status == "ACCEPTED", Booking.id != (replaced.id if replaced else 0))
        hosts = []
        for place in event_type.hosts:
            user = place.membership.user
            own = accepted.join(BookingHost, BookingHost.booking_id == Booking.id)
            meetings = db.session.scalars(own.where(BookingHost.host_id == user.id)).all()
            busy = [
                (
                    each.start_time - (each.event_type.buffer_before if each.event_type else 0) * MINUTE,
                    each.end_time + (each.event_type.buffer_after if each.event_type else 0) * MINUTE,
                )
                for each in meetings
            ]
            schedule = event_type.schedule or self.schedules.get(user.id)
            week: list[list[tuple[int, int]]] = [[] for _ in range(7)]
            for each in schedule.ranges if schedule else ():
                week[each.weekday].append((each.start_minute, each.end_minute))
            overrides = {each.day: each.ranges for each in schedule.overrides} if schedule else {}
            zone = zone_info(schedule.time_zone) if schedule else UTC
            away = zone_info(user.time_zone), self.away.get(user.id, [])
            hosts.append(SeenHost(user.id, every or place.is_fixed, zone, week, overrides, busy, away))
        zone = zone_info(self.team.time_zone)
        booked = db.session.scalars(accepted.where(Booking.event_type_id == event_type.id)).all()
        return Seen(
            earliest=max(self.now + timedelta.resolution, self.now + event_type.minimum_notice * MINUTE),
            length=event_type.length,
            interval=event_type.slot_interval or event_type.length,
            buffers=(event_type.buffer_before * MINUTE, event_type.buffer_after * MINUTE),
            limits=(event_type.limit_day, event_type.limit_week, event_type.limit_month),
            zone=zone,
            booked=[each.start_time.astimezone(zone) for each in booked],
            hosts=hosts,
        )

    def _open(self, host: User) -> Schedule:
        pick = self.chance.choice
        schedule = Schedule(owner_id=host.id, name="Hours", time_zone=pick(ZONES))
        schedule.ranges = [
            ScheduleRange(weekday=weekday, start_minute=start, end_minute=end)
            for weekday in range(7)
            for start, end in [pick(HOURS)]
        ]
        if self.chance.random() < 0.3:
            schedule.overrides = [DateOverride(day=self.day, ranges=pick([[], [[0, 1440]], [[615, 900]]]))]
        with writing() as session:
            session.add(schedule)
        return schedule

    def _offer(self) -> EventType:
        pick = self.chance.choice
        kind = pick([SchedulingType.ROUND_ROBIN, SchedulingType.ROUND_ROBIN, SchedulingType.COLLECTIVE])
        event_type = EventType(
            team_id=self.team.id,
            scheduling_type=kind,
            slug=f"talk-{self.chance.randrange(10**9)}",
            title="Talk",
            length=pick([15, 30, 45, 60]),
            slot_interval=pick([None, None, 15, 20]),
            minimum_notice=pick([0, 0, 300]),
            buffer_before=pick([0, 0, 10]),
            buffer_after=pick([0, 0, 30]),
            limit_day=pick([None, None, None, 1, 2]),
            limit_week=pick([None, None, None, 3]),
            limit_month=pick([None, None, None, 3]),
            keeps_host=pick([True, False]),
        )
        members = db.session.scalars(select(Membership).filter_by(team_id=self.team.id)).all()
        event_type.hosts = [
            EventTypeHost(membership_id=each.id, position=place, is_fixed=self.chance.random() < 0.3)
            for place, each in enumerate(members)
        ]
        if self.schedules and self.chance.random() < 0.2:
            event_type.schedule_id = self.chance.choice(list(self.schedules.values())).id
        with writing() as session:
            session.add(event_type)
        return event_type


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_what_is_offered_is_what_can_be_booked(session: Session, watch: Watch, seed: int) -> None:
    team = RandomTeam(seed)
    watch.set(team.now)
    event_type, made = team.event_type, list[Booking]()
    for number in range(3):
        replaced = team.chance.choice([None, *made])
        zone = zone_info(team.chance.choice(ZONES))
        wanted = Wanted(now=team.now, replaced=replaced)
        listed = set(free_times(session, event_type, Days(team.day, team.day, zone), wanted))
        begin = datetime(team.day.year, team.day.month, team.day.day, tzinfo=zone).astimezone(UTC)
        every = [begin + 5 * MINUTE * step for step in range(-12, 26 * 12)]
        of_day = [start for start in every if start.astimezone(zone).date() == team.day]
        seen = team.look(replaced)
        assert listed == {start for start in of_day if seen.free(start)}
        session.rollback()
        others = [start for start in of_day if start not in listed]
        for start in team.chance.sample(others, min(4, len(others))):
            with pytest.raises(NotAllowed), writing() as inner:
                send(inner, event_type, start, replaced, number)
        if not listed:
            continue
        start = team.chance.choice(sorted(listed))
        free = set(seen.free(start))
        session.rollback()
        with writing() as inner:
            made.append(send(inner, event_type, start, replaced, number))
        assert {host.id for host in made[-1].hosts} <= free
        in_turns = {each.membership.user_id for each in event_type.hosts if not each.is_fixed}
        is_kept = event_type.keeps_host and event_type.scheduling_type == SchedulingType.ROUND_ROBIN
        if replaced and is_kept and replaced.host_id in in_turns & free:
            assert made[-1].host_id == replaced.host_id
        made = [booking for booking in made if booking is not replaced]


def send(session: Session, event_type: EventType, start: datetime, replaced: Booking | None, number: int) -> Booking:
    """Book a time, or move a booking to it."""
    form = submission(start, email=f"{number}@example.com")
    if replaced is None:
        return book(session, event_type.id, form, metadata={}, visitor="")
    return reschedule(session, replaced.uid, form, metadata={}, visitor="", by=None)

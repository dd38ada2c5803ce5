"""Hosts with hours, days off, bookings and limits by chance, for what must hold of all of them."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from calhooks.db import writing
from calhooks.scheduling.availability.hindrances import Wanted
from calhooks.scheduling.availability.slots import Days
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventType, WindowKind
from calhooks.scheduling.models.schedules import Absence, DateOverride, Schedule, ScheduleRange
from calhooks.zones import zone_info
from tests import factories

ZONES = ["UTC", "Europe/London", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Kiritimati"]
# The nights in which London's clock and Lord Howe's change are among them.
FIRST, LAST = date(2026, 3, 27), date(2026, 4, 6)
HOURS: list[list[tuple[int, int]]] = [
    *[[(0, 1440)]] * 3,
    [(540, 1020)],
    [(0, 425), (600, 1440)],
    [(480, 720), (720, 1000)],
    [],
]
WINDOWS = [*[WindowKind.UNLIMITED] * 4, WindowKind.ROLLING, WindowKind.RANGE]
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


class Situation:
    """A host, and a booker who looks at a few days to book or to move a booking."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        pick, number = self.chance.choice, self.chance.randrange
        self.host = factories.create_user(time_zone=pick(ZONES))
        first = FIRST + number((LAST - FIRST).days) * DAY
        self.days = Days(first, first + number(3) * DAY, zone_info(pick(ZONES)))
        self.midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
        schedule = self.open()
        self.away = self.go_away()
        self.event_type = self.offer("asked", schedule)
        self.bookings = self.book([self.event_type, self.event_type, self.offer("other", schedule)])
        begins = [int(self.moment().timestamp()) for _ in range(number(3))]
        self.held = [(begin, begin + 60 * number(5, 90)) for begin in begins]
        self.wanted = Wanted(
            now=self.midnight + number(-30, 20) * 60 * MINUTE + timedelta(seconds=pick([0, 0, 1, 59])),
            length=pick([None, *self.event_type.lengths]),
            replaced=pick([None, None, *self.bookings]),
            held={self.host.id: self.held},
        )

    def moment(self) -> datetime:
        """A moment of the days or around them."""
        return self.midnight + 5 * MINUTE * self.chance.randrange(-200, 1_100)

    def edge(self) -> datetime:
        """A moment near the beginning or the end of a booking, of days away or of what is held, if there are any."""
        zone = zone_info(self.host.time_zone)
        edges = [edge for booking in self.bookings for edge in (booking.start_time, booking.end_time)]
        edges += [datetime.fromtimestamp(edge, UTC) for span in self.held for edge in span]
        days = [day for first, last in self.away for day in (first, last + DAY)]
        edges += [datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) for day in days]
        return self.chance.choice(edges or [self.midnight]) + 5 * MINUTE * self.chance.randrange(-40, 40)

    def open(self) -> Schedule:
        pick, number = self.chance.choice, self.chance.randrange
        schedule = Schedule(owner_id=self.host.id, name="Hours", time_zone=pick(ZONES))
        schedule.ranges = [
            ScheduleRange(weekday=weekday, start_minute=start, end_minute=end)
            for weekday in range(7)
            for start, end in pick(HOURS)
        ]
        days = {self.days.first + number(-1, 4) * DAY for _ in range(number(3))}
        schedule.overrides = [DateOverride(day=day, ranges=pick([[], [[0, 1440]], [[615, 900]]])) for day in days]
        with writing() as session:
            session.add(schedule)
        return schedule

    def go_away(self) -> list[tuple[date, date]]:
        number = self.chance.randrange
        firsts = [self.days.first + number(-2, 5) * DAY for _ in range(number(3))]
        away = [(first, first + number(2) * DAY) for first in firsts]
        with writing() as session:
            session.add_all(Absence(owner_id=self.host.id, first_day=first, last_day=last) for first, last in away)
        return away

    def offer(self, slug: str, schedule: Schedule) -> EventType:
        pick, number = self.chance.choice, self.chance.randrange
        window_start = self.days.first + number(-3, 4) * DAY
        limits: dict[str, Any] = {
            name: pick([*[None] * 5, 1, 3]) for name in ("limit_day", "limit_week", "limit_month")
        }
        return factories.create_event_type(
            self.host,
            slug=slug,
            schedule=schedule,
            length=pick([5, 15, 30, 45, 60, 180]),
            other_lengths=pick([[], [20, 90]]),
            slot_interval=pick([None, 5, 5, 15, 20, 60]),
            minimum_notice=pick([0, 1, 120, 1440]),
            buffer_before=pick([0, 0, 7, 60]),
            buffer_after=pick([0, 0, 10, 240]),
            window_kind=pick(WINDOWS),
            window_days=number(4),
            window_start=window_start,
            window_end=window_start + number(4) * DAY,
            **limits,
        )

    def book(self, event_types: list[EventType]) -> list[Booking]:
        """Bookings that do not overlap, as the database wants it, some of them within buffers of others."""
        taken_until, bookings = self.midnight - 10 * DAY, []
        for start in sorted(self.moment() for _ in range(self.chance.randrange(8))):
            if start >= taken_until:
                event_type = self.chance.choice(event_types)
                bookings.append(factories.create_booking(event_type, start))
                taken_until = start + event_type.length * MINUTE
        return bookings

import random
import time
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calhooks.scheduling.availability.slots import (
    Days,
    OpenRange,
    SlotRules,
    WeeklyHours,
    by_day,
    day_bounds,
    free_slots,
    shared_slots,
)
from calhooks.zones import zone_info
from tests.scheduling.availability.slot_reference import reference_slots

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
# Whole hours, halves and quarters; changes by an hour, half an hour, a whole day, at midnight; north, south and none.
ZONES = [
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/St_Johns",
    "America/Havana",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/Nuuk",
    "America/Scoresbysund",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/Monrovia",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Pyongyang",
    "Australia/Lord_Howe",
    "Australia/Eucla",
    "Australia/Adelaide",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Marquesas",
    "Pacific/Niue",
    "Antarctica/Troll",
]

RULES = ("interval", "buffer_before", "buffer_after")


def every_day(start: int, end: int) -> tuple[OpenRange, ...]:
    return tuple(OpenRange(weekday, start, end) for weekday in range(7))


def slots_on(day: date, hours: WeeklyHours, zone: str, duration: int = 60, **more: object) -> list[str]:
    """The slots of one day as the booker reads them, with the offset of the booker's clock."""
    asked: dict = {"interval": duration, "earliest": LONG_AGO, "busy": [], **more}
    rules = SlotRules(**{name: asked.pop(name) for name in RULES if name in asked}, duration=duration)
    found = free_slots(hours, Days(day, day, zone_info(zone)), rules, **asked)
    return [slot.astimezone(zone_info(zone)).strftime("%H:%M%z") for slot in found]


def span(start: datetime, seconds: int) -> tuple[int, int]:
    """Something busy, in seconds since 1970."""
    begin = int(start.timestamp())
    return begin, begin + seconds


def test_a_working_day_is_cut_into_slots() -> None:
    hours = WeeklyHours(zone_info("Europe/London"), every_day(9 * 60, 12 * 60))
    assert slots_on(date(2026, 11, 23), hours, "Europe/London") == ["09:00+0000", "10:00+0000", "11:00+0000"]


def test_a_meeting_must_fit_into_the_hours() -> None:
    hours = WeeklyHours(UTC, every_day(9 * 60, 10 * 60 + 20))
    assert slots_on(date(2026, 11, 23), hours, "UTC", 30, interval=15) == [
        "09:00+0000",
        "09:15+0000",
        "09:30+0000",
        "09:45+0000",
    ]


def test_the_hour_that_the_clock_skips_offers_nothing() -> None:
    hours = WeeklyHours(zone_info("Europe/Berlin"), every_day(0, 5 * 60))
    assert slots_on(date(2026, 3, 29), hours, "Europe/Berlin") == [
        "00:00+0100",
        "01:00+0100",
        "03:00+0200",
        "04:00+0200",
    ]


def test_the_hour_that_the_clock_repeats_offers_its_times_twice() -> None:
    hours = WeeklyHours(zone_info("Europe/Berlin"), every_day(60, 4 * 60))
    assert slots_on(date(2026, 10, 25), hours, "Europe/Berlin") == [
        "01:00+0200",
        "02:00+0200",
        "02:00+0100",
        "03:00+0100",
    ]


@pytest.mark.parametrize(
    ("day", "hours_in_it"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)]
)
def test_a_day_open_around_the_clock_has_as_many_hours_as_it_really_has(day: date, hours_in_it: int) -> None:
    hours = WeeklyHours(zone_info("Europe/London"), every_day(0, 1440))
    assert len(slots_on(day, hours, "Europe/London")) == hours_in_it


def test_office_hours_stay_the_same_on_the_clock_through_the_change() -> None:
    hours = WeeklyHours(zone_info("America/New_York"), every_day(9 * 60, 10 * 60))
    assert slots_on(date(2026, 3, 7), hours, "UTC") == ["14:00+0000"]
    assert slots_on(date(2026, 3, 8), hours, "UTC") == ["13:00+0000"]


def test_a_change_of_half_an_hour_keeps_whole_hours_on_the_clock() -> None:
    hours = WeeklyHours(zone_info("Australia/Lord_Howe"), every_day(0, 5 * 60))
    assert slots_on(date(2026, 10, 4), hours, "Australia/Lord_Howe") == [
        "00:00+1030",
        "01:00+1030",
        "03:00+1100",
        "04:00+1100",
    ]


def test_host_and_booker_may_be_on_different_days() -> None:
    hours = WeeklyHours(zone_info("Pacific/Auckland"), (OpenRange(0, 9 * 60, 11 * 60),))
    monday_in_auckland = date(2026, 11, 23)
    assert slots_on(monday_in_auckland, hours, "America/Los_Angeles") == []
    assert slots_on(monday_in_auckland - timedelta(days=1), hours, "America/Los_Angeles") == [
        "12:00-0800",
        "13:00-0800",
    ]


def test_zones_of_half_and_three_quarter_hours_meet() -> None:
    hours = WeeklyHours(zone_info("Asia/Kathmandu"), every_day(9 * 60, 10 * 60))
    assert slots_on(date(2026, 11, 23), hours, "Asia/Kolkata", 30) == ["08:45+0530", "09:15+0530"]


def test_hours_that_touch_at_midnight_hold_a_meeting_across_it() -> None:
    hours = WeeklyHours(UTC, (OpenRange(0, 23 * 60, 1440), OpenRange(1, 0, 60)))
    assert slots_on(date(2026, 11, 23), hours, "UTC", 60, interval=30) == ["23:00+0000", "23:30+0000"]
    assert slots_on(date(2026, 11, 24), hours, "UTC", 60, interval=30) == ["00:00+0000"]


def test_hours_that_touch_or_overlap_are_one() -> None:
    apart = (OpenRange(0, 540, 600), OpenRange(0, 600, 660), OpenRange(0, 630, 700))
    together = (OpenRange(0, 540, 700),)
    monday = date(2026, 11, 23)
    assert slots_on(monday, WeeklyHours(UTC, apart), "UTC", 40) == slots_on(
        monday, WeeklyHours(UTC, together), "UTC", 40
    )


def test_a_day_that_a_country_left_out_has_no_slots() -> None:
    hours = WeeklyHours(zone_info("Pacific/Apia"), every_day(0, 1440))
    assert slots_on(date(2011, 12, 30), hours, "Pacific/Apia") == []
    assert day_bounds(date(2011, 12, 30), date(2011, 12, 30), zone_info("Pacific/Apia")) is None


def test_something_busy_takes_the_slots_it_overlaps_and_no_others() -> None:
    hours = WeeklyHours(UTC, every_day(9 * 60, 13 * 60))
    lunch = span(datetime(2026, 11, 23, 10, tzinfo=UTC), 3_600)
    assert slots_on(date(2026, 11, 23), hours, "UTC", busy=[lunch]) == [
        "09:00+0000",
        "11:00+0000",
        "12:00+0000",
    ]


def test_buffers_keep_their_distance_from_what_is_busy() -> None:
    hours = WeeklyHours(UTC, every_day(9 * 60, 13 * 60))
    lunch = span(datetime(2026, 11, 23, 10, tzinfo=UTC), 3_600)
    assert slots_on(date(2026, 11, 23), hours, "UTC", busy=[lunch], buffer_after=1) == [
        "11:00+0000",
        "12:00+0000",
    ]
    assert slots_on(date(2026, 11, 23), hours, "UTC", busy=[lunch], buffer_before=1) == [
        "09:00+0000",
        "12:00+0000",
    ]


def test_notice_leaves_out_what_starts_too_soon() -> None:
    hours = WeeklyHours(UTC, every_day(9 * 60, 12 * 60))
    at_ten = datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert slots_on(date(2026, 11, 23), hours, "UTC", earliest=at_ten) == ["10:00+0000", "11:00+0000"]
    assert slots_on(date(2026, 11, 23), hours, "UTC", earliest=at_ten + timedelta(seconds=1)) == ["11:00+0000"]


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_ends_of_the_calendar_are_harmless(day: date) -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Niue"):
        hours = WeeklyHours(zone_info(zone), every_day(0, 1440))
        assert isinstance(slots_on(day, hours, zone, earliest=datetime.min.replace(tzinfo=UTC)), list)
        assert slots_on(day, hours, zone, earliest=datetime.max.replace(tzinfo=UTC)) == []


def test_a_day_with_hours_of_its_own_has_those_and_no_others() -> None:
    monday, tuesday, wednesday = (date(2026, 11, 23) + timedelta(days=number) for number in range(3))
    hours = WeeklyHours(UTC, every_day(9 * 60, 11 * 60), {monday: [(600, 720)], tuesday: []})
    assert slots_on(monday, hours, "UTC") == ["10:00+0000", "11:00+0000"]
    assert slots_on(tuesday, hours, "UTC") == []
    assert slots_on(wednesday, hours, "UTC") == ["09:00+0000", "10:00+0000"]


def test_the_day_of_an_override_is_the_hosts() -> None:
    hours = WeeklyHours(zone_info("Pacific/Auckland"), (), {date(2026, 11, 24): [(540, 600)]})
    assert slots_on(date(2026, 11, 23), hours, "UTC") == ["20:00+0000"]


def test_hours_of_one_day_hold_through_the_change_of_the_clock() -> None:
    change = date(2026, 10, 25)
    hours = WeeklyHours(zone_info("Europe/Berlin"), (), {change: [(60, 240)]})
    assert slots_on(change, hours, "Europe/Berlin") == ["01:00+0200", "02:00+0200", "02:00+0100", "03:00+0100"]


def test_slots_are_grouped_by_the_day_on_which_the_booker_sees_them() -> None:
    late = datetime(2026, 11, 23, 20, tzinfo=UTC)
    grouped = by_day([late - timedelta(hours=2), late], zone_info("Asia/Kolkata"))
    assert [(day, [slot.strftime("%H:%M") for slot in slots]) for day, slots in grouped.items()] == [
        (date(2026, 11, 23), ["23:30"]),
        (date(2026, 11, 24), ["01:30"]),
    ]


def changes_of(zone: ZoneInfo, year: int) -> list[date]:
    days = [datetime(year, 1, 2, tzinfo=UTC) + timedelta(days=number) for number in range(363)]
    return [
        day.date()
        for day, following in pairwise(days)
        if day.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset()
    ]


@st.composite
def situations(draw: st.DrawFn) -> dict:
    """A host, a booker, a few days (often around a change of one of the clocks) and a busy calendar."""
    host, booker = (zone_info(draw(st.sampled_from(ZONES))) for _ in range(2))
    year = draw(st.integers(1973, 2060))
    interesting = changes_of(host, year) + changes_of(booker, year)
    if interesting and draw(st.booleans()):
        first = draw(st.sampled_from(interesting)) + timedelta(days=draw(st.integers(-1, 1)))
    else:
        first = date(year, 1, 4) + timedelta(days=draw(st.integers(0, 355)))
    last = first + timedelta(days=draw(st.integers(0, 2)))
    quarter = st.integers(0, 96).map(lambda number: number * 15)
    minute = st.one_of(quarter, st.integers(0, 1440))
    ranges = draw(st.lists(st.tuples(st.integers(0, 6), minute, minute), max_size=12))
    whole_days = draw(st.sets(st.integers(0, 6)))
    opened = [OpenRange(day, min(a, b), max(a, b)) for day, a, b in ranges if a != b]
    opened += [OpenRange(day, 0, 1440) for day in whole_days]
    midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
    overrides = {
        first + timedelta(days=number): [(min(a, b), max(a, b)) for a, b in draw(st.lists(st.tuples(minute, minute)))]
        for number in draw(st.sets(st.integers(-1, 4), max_size=3))
    }
    busy = [
        span(midnight + timedelta(seconds=begin), length)
        for begin, length in draw(
            st.lists(st.tuples(st.integers(-60, 260).map(lambda n: n * 1_000), st.integers(0, 20_000)), max_size=8)
        )
    ]
    return {
        "hours": WeeklyHours(host, tuple(opened), overrides),
        "days": Days(first, last, booker),
        "rules": SlotRules(
            duration=draw(st.sampled_from([1, 15, 20, 30, 45, 60, 90, 600, 1500])),
            interval=draw(st.sampled_from([5, 15, 20, 30, 45, 60, 120, 1440])),
            buffer_before=draw(st.sampled_from([0, 0, 5, 17, 120])),
            buffer_after=draw(st.sampled_from([0, 0, 5, 17, 120])),
        ),
        "earliest": midnight + timedelta(seconds=draw(st.integers(-100_000, 200_000))),
        "busy": busy,
        "closed": [
            span(midnight + timedelta(seconds=begin), length)
            for begin, length in draw(
                st.lists(st.tuples(st.integers(-100_000, 260_000), st.integers(0, 90_000)), max_size=3)
            )
        ],
    }


@settings(max_examples=150, deadline=None)
@given(situations())
def test_slots_are_those_of_the_slow_and_obvious_reference(situation: dict) -> None:
    assert free_slots(**situation) == reference_slots(**situation)


def test_a_month_with_thousands_of_bookings_takes_less_than_thirty_milliseconds() -> None:
    hours = WeeklyHours(zone_info("Europe/Berlin"), every_day(0, 1440))
    chance = random.Random(1)
    start = datetime(2026, 10, 1, tzinfo=UTC)
    busy = []
    for _ in range(5_000):
        begin = start + timedelta(minutes=chance.randrange(44_000))
        busy.append(span(begin, 300))
    best = 1.0
    for _ in range(5):
        before = time.process_time()
        free_slots(
            hours,
            Days(date(2026, 10, 1), date(2026, 10, 31), zone_info("America/St_Johns")),
            SlotRules(duration=15, interval=5),
            earliest=LONG_AGO,
            busy=busy,
        )
        best = min(best, time.process_time() - before)
    assert best < 0.030


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_meetings_of_several_hosts_start_when_all_who_must_and_one_of_the_others_could(seed: int) -> None:
    chance = random.Random(seed)
    rules = SlotRules(
        duration=chance.choice([15, 45]), interval=chance.choice([15, 30]), buffer_after=chance.choice([0, 10])
    )
    days = Days(date(2026, 3, 28), date(2026, 3, 30), zone_info("Europe/Berlin"))
    hours = [
        WeeklyHours(zone_info(chance.choice(ZONES[:5])), tuple(OpenRange(day, begin, end) for day in range(7)))
        for begin, end in ((540, 600), (550, 1_020), (0, 1_440))
    ]

    def calendar() -> tuple[WeeklyHours, list[tuple[int, int]]]:
        first = int(datetime(2026, 3, 28, tzinfo=UTC).timestamp())
        starts = [first + 300 * chance.randrange(900) for _ in range(chance.randrange(40))]
        return chance.choice(hours), [(start, start + 60 * chance.choice([0, 5, 90])) for start in starts]

    always = [calendar() for _ in range(chance.randrange(3))]
    in_turns = [calendar() for _ in range(chance.randrange(0 if always else 1, 5))]
    closed = [(first := int(datetime(2026, 3, 29, 12, tzinfo=UTC).timestamp()), first + 7_200)]

    def expected(calendars: list[tuple[WeeklyHours, list[tuple[int, int]]]]) -> set[datetime]:
        together, busy = [one for one, _ in calendars], [span for _, spans in calendars for span in spans]
        return set(reference_slots(together, days, rules, earliest=LONG_AGO, busy=busy, closed=closed))

    found = shared_slots(always, in_turns, days, rules, earliest=LONG_AGO, closed=closed)
    if in_turns:
        assert found == sorted(set[datetime]().union(*(expected([*always, each]) for each in in_turns)))
    else:
        assert found == sorted(expected(always))


def test_hosts_who_begin_at_different_times_meet_from_where_the_later_one_begins() -> None:
    early, late = (WeeklyHours(zone_info("Europe/London"), every_day(start, 1_020)) for start in (540, 13 * 60 + 20))
    day = Days(date(2026, 3, 3), date(2026, 3, 3), zone_info("Europe/London"))
    rules = SlotRules(duration=60, interval=60)
    together = shared_slots([(early, ()), (late, ())], [], day, rules, earliest=LONG_AGO)
    assert [f"{start:%H:%M}" for start in together] == ["13:20", "14:20", "15:20"]
    assert shared_slots([(early, ())], [(late, ())], day, rules, earliest=LONG_AGO) == together

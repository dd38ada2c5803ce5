"""What free slots are, slowly and obviously: minute by minute, on the clocks of the two zones."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from calhooks.scheduling.availability.slots import Days, SlotRules, WeeklyHours

MINUTE = timedelta(minutes=1)


def reference_slots(
    hours: WeeklyHours | Sequence[WeeklyHours],
    days: Days,
    rules: SlotRules,
    *,
    earliest: datetime,
    busy: list[tuple[int, int]],
    closed: Sequence[tuple[int, int]] = (),
) -> list[datetime]:
    """Return the starts of meetings in somebody's hours, or in those that several have in common."""
    first, last, duration = days.first, days.last, rules.duration
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=2)
    end = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=3)
    minutes = [begin + MINUTE * number for number in range((end - begin) // MINUTE + duration)]
    several = [hours] if isinstance(hours, WeeklyHours) else hours
    since_opening = [
        _together(each) for each in zip(*(_since_each_opening(one, minutes) for one in several), strict=True)
    ]

    slots = []
    for number, start in enumerate(minutes[:-duration]):
        finish = start + MINUTE * duration
        if start < earliest or not first <= start.astimezone(days.zone).date() <= last:
            continue
        if any(since is None for since in since_opening[number : number + duration]):
            continue
        if since_opening[number] % rules.interval:
            continue
        if any(begin <= start.timestamp() < end for begin, end in closed):
            continue
        occupied_from = (start - MINUTE * rules.buffer_before).timestamp()
        occupied_to = (finish + MINUTE * rules.buffer_after).timestamp()
        if any(
            occupied_from < busy_to and busy_from < occupied_to for busy_from, busy_to in busy if busy_from < busy_to
        ):
            continue
        slots.append(start)
    return slots


def _since_each_opening(hours: WeeklyHours, minutes: Sequence[datetime]) -> list[int | None]:
    week = [_since_opening(_hours_of(hours, weekday)) for weekday in range(7)]
    others = {day: _since_opening(list(ranges)) for day, ranges in hours.overrides.items()}
    found = []
    for minute in minutes:
        clock = minute.astimezone(hours.zone)
        day = others.get(clock.date(), week[clock.weekday()])
        found.append(day[clock.hour * 60 + clock.minute])
    return found


def _together(since: Sequence[int | None]) -> int | None:
    """Return how long all have been open: as long as the last to open."""
    return None if None in since else min(number for number in since if number is not None)


def _hours_of(hours: WeeklyHours, weekday: int) -> list[tuple[int, int]]:
    return [(each.start, each.end) for each in hours.ranges if each.weekday == weekday]


def _since_opening(ranges: list[tuple[int, int]]) -> list[int | None]:
    """For each minute of a day: None when closed, else how long the host has been open on that day's clock."""
    day: list[int | None] = []
    for minute in range(1440):
        if not any(start <= minute < end for start, end in ranges):
            day.append(None)
        elif minute == 0 or day[-1] is None:
            day.append(0)
        else:
            day.append(day[-1] + 1)
    return day

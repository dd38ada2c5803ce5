"""The month grid: which days it shows, which can be chosen, and where its arrows lead."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

DAYS_IN_WEEK = 7
# Arrows end here, so that nothing that follows links walks on for ever.
MAX_MONTHS_AHEAD = 60


@dataclass(frozen=True, slots=True)
class GridDay:
    """One day of the grid, with how many times are free on it."""

    day: date
    free: int
    is_today: bool
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class MonthGrid:
    """A month in weeks from Monday to Sunday, None where a week reaches outside; the months that its arrows lead to."""

    first: date
    weeks: list[list[GridDay | None]]
    previous: date | None
    following: date | None


def month_grid(first: date, *, today: date, chosen: date | None, free: Mapping[date, int]) -> MonthGrid:
    """Return the grid of the month that begins with `first`; `free` counts the free times of its days."""
    days: list[GridDay | None] = [None] * first.weekday()
    for number in range((last_day(first) - first).days + 1):
        day = first + timedelta(days=number)
        days.append(GridDay(day, free.get(day, 0), day == today, day == chosen))
    days += [None] * (-len(days) % DAYS_IN_WEEK)
    return MonthGrid(
        first,
        [days[start : start + DAYS_IN_WEEK] for start in range(0, len(days), DAYS_IN_WEEK)],
        previous=months_after(first, -1) if first > today.replace(day=1) else None,
        following=months_after(first, 1) if first < latest_month(today) else None,
    )


def shown_month(asked: date | None, today: date) -> date:
    """Return the first day of the month to show: the one asked for, or this one when that is past or out of reach."""
    current = today.replace(day=1)
    return asked if asked and current <= asked <= latest_month(today) else current


def latest_month(today: date) -> date:
    """Return the first day of the last month that is shown."""
    return months_after(today.replace(day=1), MAX_MONTHS_AHEAD)


def months_after(first: date, count: int) -> date:
    """Return the first day of the month that many months later."""
    years, month = divmod(first.month - 1 + count, 12)
    return date(first.year + years, month + 1, 1)


def last_day(first: date) -> date:
    """Return the last day of a month."""
    return months_after(first, 1) - timedelta(days=1)

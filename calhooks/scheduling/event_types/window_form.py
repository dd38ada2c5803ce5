"""When and how often an event type can be booked, as its host typed it, checked."""

from dataclasses import dataclass
from typing import Any

from calhooks.scheduling.fields import day
from calhooks.scheduling.models.event_types import WindowKind
from calhooks.text import checked

MAX_WINDOW_DAYS = 3_650
MAX_LIMIT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedWindow:
    """What was typed: days as in "2026-03-05", numbers as they are, all of it empty where nothing is to be limited."""

    kind: str = WindowKind.UNLIMITED
    days: str = ""
    start: str = ""
    end: str = ""
    limit_day: str = ""
    limit_week: str = ""
    limit_month: str = ""


def check_window(errors: dict[str, str], typed: TypedWindow) -> dict[str, Any]:
    """Return what is kept, by the model's names; what is wrong goes to `errors`."""
    kind = WindowKind(typed.kind) if typed.kind in list(WindowKind) else None
    if kind is None:
        errors["windowKind"] = "Choose how far ahead it can be booked."
    values: dict[str, Any] = {
        "window_kind": kind,
        "window_days": None,
        "window_start": None,
        "window_end": None,
        "limit_day": checked(errors, "limitDay", _limit, typed.limit_day),
        "limit_week": checked(errors, "limitWeek", _limit, typed.limit_week),
        "limit_month": checked(errors, "limitMonth", _limit, typed.limit_month),
    }
    if kind is WindowKind.ROLLING:
        values["window_days"] = checked(errors, "windowDays", _days, typed.days)
    if kind is WindowKind.RANGE:
        values["window_start"] = start = checked(errors, "windowStart", day, typed.start)
        values["window_end"] = end = checked(errors, "windowEnd", day, typed.end)
        if start and end and end < start:
            errors["windowEnd"] = "The last day must not be before the first."
    return values


def _days(text: str) -> int:
    return _whole(text, 0, MAX_WINDOW_DAYS, "days")


def _limit(text: str) -> int | None:
    return _whole(text, 1, MAX_LIMIT, "bookings") if text.strip() else None


def _whole(text: str, least: int, most: int, what: str) -> int:
    digits = text.strip()
    number = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 9 else -1
    if not least <= number <= most:
        raise ValueError(f"Enter a number of {what} from {least} to {most:,}.")
    return number

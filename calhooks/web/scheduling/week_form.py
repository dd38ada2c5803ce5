"""The hours of a week as a form holds them: pairs of times, as many as there are, under their weekday."""

from werkzeug.datastructures import MultiDict

from calhooks.scheduling.availability.schedules import WEEKDAYS, TypedHours, minute_as_clock_time
from calhooks.scheduling.models.schedules import Schedule
from calhooks.web.http.row_numbers import counted

MAX_RANGES = 50
FIRST_HOURS = ("09:00", "17:00")

Ranges = list[tuple[str, str]]
Week = dict[str, Ranges]


def stored_week(schedule: Schedule) -> Week:
    """Return the hours of a schedule."""
    week: Week = {day: [] for day in WEEKDAYS}
    for each in schedule.ranges:
        week[WEEKDAYS[each.weekday]].append(times(each.start_minute, each.end_minute))
    return week


def typed_week(sent: MultiDict[str, str]) -> Week:
    """Return what was typed, up to a bound for a form that nobody typed."""
    return {
        day: list(zip(sent.getlist(f"{day}Start"), sent.getlist(f"{day}End"), strict=False))[:MAX_RANGES]
        for day in WEEKDAYS
    }


def typed_hours(week: Week) -> list[TypedHours]:
    """Return the hours for the service to judge; a range without any time is none."""
    return [
        TypedHours(number, start, end)
        for number, day in enumerate(WEEKDAYS)
        for start, end in week[day]
        if start or end
    ]


def change_week(week: Week, sent: MultiDict[str, str]) -> str:
    """Add a range to a day, take one away, or copy a day to others. Return the day that has one more."""
    day, _, text = sent.get("removeRange", "").partition("-")
    number = counted(text)
    if day in week and number is not None and number < len(week[day]):
        del week[day][number]
    copied = sent.get("copyRange", "")
    if copied in week:
        for other in sent.getlist(f"{copied}CopyTo"):
            if other in week:
                week[other] = list(week[copied])
    added = sent.get("addRange", "")
    if added not in week:
        return ""
    add_range(week[added])
    return added


def add_range(ranges: Ranges) -> None:
    """Add hours to a day: the first are the usual ones, those after them are for the host to say."""
    ranges.append(FIRST_HOURS if not ranges else ("", ""))


def times(start: int, end: int) -> tuple[str, str]:
    """Return minutes after midnight as time fields write them: midnight is 00:00 at either end."""
    return minute_as_clock_time(start), minute_as_clock_time(end % 1_440)

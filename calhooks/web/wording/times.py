"""How templates write moments: always in a zone that was asked for, never in the server's."""

from datetime import UTC, date, datetime, timedelta

from calhooks import clock
from calhooks.scheduling.event_types.lengths import HOUR_MINUTES
from calhooks.web.site.visitor import clock_hours
from calhooks.zones import offset_label, zone_info

NOON = 12
# A unit, its seconds, and from how many on it is used.
UNITS = (("day", 86400, 1), ("hour", 3600, 1), ("minute", 60, 1), ("second", 1, 5))
# The words of `ago`, which static/js/site/moments.js uses too; # is an amount.
PAST, FUTURE, NOW, SOON = "# ago", "in #", "just now", "in a moment"
MOMENT_WORDS = {"units": UNITS, "past": PAST, "future": FUTURE, "now": NOW, "soon": SOON}


def iso(moment: datetime) -> str:
    """Return a moment for `<time datetime>`: whole seconds, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ago(moment: datetime) -> str:
    """Return how long ago, or in how long, as people say it."""
    seconds = round((clock.now() - moment).total_seconds())
    text = _amount(abs(seconds))
    if text is None:
        return NOW if seconds >= 0 else SOON
    return (PAST if seconds >= 0 else FUTURE).replace("#", text)


def duration(milliseconds: int) -> str:
    """Return how long something took: 87 ms, 1.4 s, 15 s."""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    seconds = milliseconds / 1000
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def about(length: timedelta) -> str:
    """Return a length that is known roughly: about 11 minutes, about 2 hours."""
    return f"about {_amount(round(length.total_seconds())) or 'a few seconds'}"


def _amount(seconds: int) -> str | None:
    for unit, length, fewest in UNITS:
        count = seconds // length
        if count >= fewest:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return None


def minutes(length: int) -> str:
    """Return a length: 45 min, 1 hr, 1 hr 30 min."""
    hours, rest = divmod(length, HOUR_MINUTES)
    return " ".join(([f"{hours} hr"] if hours else []) + ([f"{rest} min"] if rest or not hours else []))


def long_day(day: date) -> str:
    """Return a day in full: Tuesday 24 November 2026."""
    return f"{day:%A} {day.day} {day:%B} {day.year}"


def short_day(day: date) -> str:
    """Return a day of a month that is in sight: Tue 24 Nov."""
    return f"{day:%a} {day.day} {day:%b}"


def in_zone(moment: datetime, zone: str) -> datetime:
    """Return a moment on the clocks of a zone."""
    return moment.astimezone(zone_info(zone))


def clock_time(moment: datetime) -> str:
    """Return the time of day as this browser wants it: 09:30, or 9:30 am."""
    if clock_hours() == "24":
        return f"{moment:%H:%M}"
    return f"{moment.hour % 12 or 12}:{moment:%M} {'am' if moment.hour < NOON else 'pm'}"


def near_moment(moment: datetime, zone: str) -> str:
    """Return a moment of the next days: 14:00 if it is today, else Mon 30 Nov, 14:00."""
    there, today = in_zone(moment, zone), in_zone(clock.now(), zone).date()
    return clock_time(there) if there.date() == today else f"{short_day(there)}, {clock_time(there)}"


def time_span(start: datetime, end: datetime) -> str:
    """Return from when to when: 09:30 – 10:00, with the day where it ends on another one."""
    if start.date() == end.date():
        return f"{clock_time(start)} – {clock_time(end)}"
    return f"{clock_time(start)} – {clock_time(end)} ({short_day(end)})"


def zone_name(zone: str) -> str:
    """Return a zone as people read it: America/New York."""
    return zone.replace("_", " ")


def zone_offset(moment: datetime, zone: str) -> str:
    """Return a zone's distance from UTC at a moment: GMT+5:30."""
    return offset_label(zone, moment)

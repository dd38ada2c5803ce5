"""How templates write moments: always in a zone that was asked for, never in the server's."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import Flask

from calhooks import clock

# A unit, its seconds, and from how many on it is used.
UNITS = (("day", 86400, 1), ("hour", 3600, 1), ("minute", 60, 1), ("second", 1, 5))
# The words of `ago`, which static/js/site/moments.js uses too; # is an amount.
PAST, FUTURE, NOW, SOON = "# ago", "in #", "just now", "in a moment"


def init_app(app: Flask) -> None:
    """Add the filters, and the words of `ago`, to Jinja."""
    app.jinja_env.globals["moment_words"] = {"units": UNITS, "past": PAST, "future": FUTURE, "now": NOW, "soon": SOON}
    app.add_template_filter(local)
    app.add_template_filter(iso)
    app.add_template_filter(ago)
    app.add_template_filter(duration)


def local(moment: datetime, zone: str) -> datetime:
    """Return the moment on the clocks of `zone`."""
    return moment.astimezone(ZoneInfo(zone))


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


def _amount(seconds: int) -> str | None:
    for unit, length, fewest in UNITS:
        count = seconds // length
        if count >= fewest:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return None

"""The one place that knows what time it is. Call `clock.now()`, so that a test can move the clock."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return this moment, in UTC."""
    return datetime.now(UTC)

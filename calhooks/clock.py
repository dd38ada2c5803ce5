"""The one place that knows what time it is. Call `clock.now()`, so that a test can move the clock."""

import time
from datetime import UTC, datetime

# macOS has none that counts while it sleeps by this name.
_SINCE_BOOT: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now() -> datetime:
    """Return this moment, in UTC."""
    return datetime.now(UTC)


def since_boot() -> float:
    """Return seconds on a clock that only moves forward and, on Linux, goes on while the machine sleeps."""
    return time.clock_gettime(_SINCE_BOOT)

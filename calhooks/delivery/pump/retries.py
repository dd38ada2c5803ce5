"""When a failed delivery is tried again."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

JITTER = 0.2
MAX_RETRY_AFTER = timedelta(hours=24)


def next_attempt_at(
    now: datetime, *, tries: int, waits: Sequence[float], retry_after: timedelta | None
) -> datetime | None:
    """Return when to try again after `tries` failures, or None when the schedule is used up.

    `waits` are the seconds between attempts, each varied by up to 20 % either way. A receiver's `retry_after`
    is never cut short; where the schedule waits longer anyway, the schedule holds.
    """
    if tries > len(waits):
        return None
    wait = timedelta(seconds=waits[tries - 1] * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 - spreads load, hides nothing
    return now + max(wait, retry_after or wait)


def parse_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Read a Retry-After header, seconds or an HTTP date, up to 24 hours. None when there is none to honour."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        # Nine digits are far over the limit, and digits without end would not fit into a timedelta.
        seconds = int(text.lstrip("0")[:9] or "0")
        return min(timedelta(seconds=seconds), MAX_RETRY_AFTER) if seconds else None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    wait = min(moment - now, MAX_RETRY_AFTER)
    return wait if wait > timedelta() else None

"""When a delivery is tried again, after a failure or a refusal."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

JITTER = 0.2
MAX_RETRY_AFTER = timedelta(hours=24)
# How long to wait where a refusal says nothing, at first and at most; each time twice as long as before.
MIN_REFUSED = timedelta(seconds=1)
MAX_REFUSED = timedelta(hours=1)
MAX_DOUBLINGS = 12
# The same of one that is refused as all others were before it: one each minute finds out that it is over.
MAX_REFUSED_WITH_ALL = timedelta(minutes=1)
# Refusals that it takes at least to give a delivery up, however short the schedule.
MIN_REFUSALS = 3


def next_attempt_at(
    now: datetime, *, tries: int, waits: Sequence[float], retry_after: timedelta | None
) -> datetime | None:
    """Return when to try again after `tries` failures, or None when the schedule is used up.

    `waits` are the seconds between attempts, each varied by up to 20 % either way. A receiver's `retry_after` is kept
    up to 24 hours; where the schedule waits longer anyway, the schedule holds.
    """
    if tries > len(waits):
        return None
    wait = timedelta(seconds=_varied(waits[tries - 1]))
    return now + max(wait, min(retry_after or wait, MAX_RETRY_AFTER))


def refusal_wait(
    said: timedelta | None, refusals: int, waits: Sequence[float], with_all: timedelta = timedelta()
) -> timedelta:
    """Return how long to wait after a refusal: as `said`, though not beyond the whole schedule and 24 hours.

    Where nothing was said, or nothing that helps, each of the `refusals` of this delivery doubles the wait. Their
    number counts and not how long ago the first was: most of that time a delivery waits for its turn. One that is
    refused `with_all` others for so long waits as long, up to a minute.
    """
    if said:
        return min(said, max(schedule_span(waits), MAX_RETRY_AFTER))
    doubled = min(MIN_REFUSED * 2 ** min(refusals - 1, MAX_DOUBLINGS), MAX_REFUSED)
    lasted = max(doubled, min(with_all, MAX_REFUSED_WITH_ALL))
    return timedelta(seconds=_varied(lasted.total_seconds()))


def schedule_span(waits: Sequence[float]) -> timedelta:
    """Return how long a delivery is tried at the most: all waits, as long as they may be."""
    return timedelta(seconds=sum(waits) * (1 + JITTER))


def _varied(seconds: float) -> float:
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads load, hides nothing

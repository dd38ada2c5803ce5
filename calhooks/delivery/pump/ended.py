"""Attempts that have ended: as a thread hands them over, and as they are recorded."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from calhooks.delivery.counting import counters
from calhooks.delivery.counting.statistics import StatisticSlot, bucket_of, hour_of
from calhooks.delivery.models.deliveries import DeliveryState
from calhooks.delivery.pump.claim import Claim
from calhooks.delivery.pump.outcome import DeliveryOutcome
from calhooks.delivery.pump.room import YOUNG_SECONDS
from calhooks.delivery.sending.sender import Result


@dataclass(frozen=True, slots=True)
class Finished:
    """A claim and how its attempt ended, `slot_ms` milliseconds after it was given to a thread."""

    claim: Claim
    result: Result
    slot_ms: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A recorded attempt: its delivery as it was before, and what became of it.

    `elsewhere` is one whose endpoint has another URL by now: it says nothing about the receiver there.
    """

    finished: Finished
    delivery: Any
    outcome: DeliveryOutcome
    elsewhere: bool

    @property
    def is_over(self) -> bool:
        """Tell whether its delivery is delivered or given up."""
        return self.outcome.state is not DeliveryState.DUE


def counts_of(ended: Sequence[Ended], now: datetime) -> Counter[tuple[str, str]]:
    """Return what is counted of attempts. What was sent again by hand says nothing about latency."""
    counts: Counter[tuple[str, str]] = Counter()
    for each in ended:
        result = each.finished.result
        counts[counters.ATTEMPTS, counters.status_class(result.status)] += 1
        counts[counters.SLOT_MS, ""] += min(each.finished.slot_ms, round(YOUNG_SECONDS * 1000))
        if each.is_over:
            counts[counters.DELIVERIES, str(each.outcome.state)] += 1
        if result.succeeded and each.delivery.resent_at is None and each.delivery.run_id is None:
            counters.latency(counts, each.delivery.created_at, now)
    return counts


def statistics_of(finished: Sequence[Finished]) -> dict[StatisticSlot, tuple[int, int]]:
    """Return how many attempts of each slot were delivered and how many failed, without those that were refused."""
    counts: dict[StatisticSlot, tuple[int, int]] = {}
    for each in finished:
        result = each.result
        if result.refused:
            continue
        bucket = bucket_of(result.duration_ms, has_response=result.status is not None)
        slot = (each.claim.endpoint_id, hour_of(result.started_at), bucket)
        delivered, failed = counts.get(slot, (0, 0))
        counts[slot] = (delivered + 1, failed) if result.succeeded else (delivered, failed + 1)
    return counts

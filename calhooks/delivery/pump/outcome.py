"""What an attempt's end means for its delivery: over, or when it goes out again, and at whose cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from calhooks.delivery.models.deliveries import DeliveryState
from calhooks.delivery.pump.retries import MIN_REFUSALS, next_attempt_at, refusal_wait, schedule_span
from calhooks.delivery.sending.retry_after import read_retry_after
from calhooks.delivery.sending.sender import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryOutcome:
    """How a delivery stands after an attempt: the columns that change. `due_at` is None where it is over."""

    state: DeliveryState
    due_at: datetime | None = None
    not_before: datetime | None = None
    scheduled_at: datetime | None = None
    tries: int
    refusals: int = 0
    refused_since: datetime | None = None


def outcome(
    delivery: Any, result: Result, waits: Sequence[float], now: datetime, refusing_since: datetime | None
) -> DeliveryOutcome:
    """Return how a delivery stands after an attempt, by the columns it had before.

    An attempt that began before the schedule's next one was due is beside the schedule: it costs no try, and when it
    fails the scheduled time stays. A refusal costs none either. `refusing_since` is since when the endpoint has had
    nothing but refusals.
    """
    beside = delivery.scheduled_at is not None and result.started_at < delivery.scheduled_at
    tries = delivery.tries if beside or result.refused else delivery.tries + 1
    if result.succeeded:
        return DeliveryOutcome(state=DeliveryState.DELIVERED, tries=tries)
    said = read_retry_after(result.header("retry-after"), now)
    wait = said.wait if said else None
    if result.refused:
        return _refused(delivery, wait, waits, now, refusing_since)
    if beside:
        due_at: datetime | None = max(delivery.scheduled_at, now + wait) if wait else delivery.scheduled_at
    else:
        due_at = next_attempt_at(now, tries=tries, waits=waits, retry_after=wait)
    if due_at is None:
        return DeliveryOutcome(state=DeliveryState.FAILED, tries=tries)
    return DeliveryOutcome(
        state=DeliveryState.DUE,
        due_at=due_at,
        not_before=now + wait if wait else None,
        scheduled_at=delivery.scheduled_at if beside else due_at,
        tries=tries,
    )


def _refused(
    delivery: Any, said: timedelta | None, waits: Sequence[float], now: datetime, refusing_since: datetime | None
) -> DeliveryOutcome:
    since, refusals = delivery.refused_since or now, delivery.refusals + 1
    owed_at = delivery.created_at if delivery.tries else delivery.scheduled_at or delivery.created_at
    span = schedule_span(waits)
    refused_for_good = refusals >= MIN_REFUSALS and now - since >= span
    if refused_for_good or (refusing_since is not None and now - max(refusing_since, owed_at) >= span):
        return DeliveryOutcome(state=DeliveryState.FAILED, tries=delivery.tries, refusals=refusals, refused_since=since)
    with_all = now - refusing_since if refusing_since else timedelta()
    due_at = now + refusal_wait(said, refusals, waits, with_all)
    return DeliveryOutcome(
        state=DeliveryState.DUE,
        due_at=due_at,
        not_before=due_at,
        scheduled_at=delivery.scheduled_at,
        tries=delivery.tries,
        refusals=refusals,
        refused_since=since,
    )

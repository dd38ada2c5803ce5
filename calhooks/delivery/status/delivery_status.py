"""How a delivery is doing, for whoever puts it into words."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus

from calhooks import clock
from calhooks.delivery.models.deliveries import Attempt, Delivery, DeliveryState
from calhooks.delivery.sending.retry_after import read_retry_after
from calhooks.delivery.status.endpoint_status import asked_to_wait_until, requests_a_second
from calhooks.delivery.status.tones import Tone

# The statuses with which a receiver can refuse a delivery for now.
REFUSING = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


class DeliveryCondition(StrEnum):
    """What to say of a delivery.

    `held_back` waits for its endpoint to be switched on, `waiting` for an earlier delivery of its sequence, `sending`
    for the answer to the first attempt since it was made or resent, or to any that is under way, `queued` for its turn
    at its endpoint's pace or for the end of its endpoint's pause, `refused` as long as its receiver asked, `retrying`
    for its next attempt. The others are final.
    """

    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"
    HELD_BACK = "held_back"
    WAITING = "waiting"
    SENDING = "sending"
    QUEUED = "queued"
    REFUSED = "refused"
    RETRYING = "retrying"


_TONES = {
    DeliveryCondition.DELIVERED: Tone.SUCCESS,
    DeliveryCondition.FAILED: Tone.DANGER,
    DeliveryCondition.DROPPED: Tone.NEUTRAL,
    DeliveryCondition.HELD_BACK: Tone.NEUTRAL,
    DeliveryCondition.WAITING: Tone.NEUTRAL,
    DeliveryCondition.SENDING: Tone.INFO,
    DeliveryCondition.QUEUED: Tone.NEUTRAL,
    DeliveryCondition.REFUSED: Tone.WARNING,
    DeliveryCondition.RETRYING: Tone.WARNING,
}
_FINAL = {
    DeliveryState.DELIVERED: DeliveryCondition.DELIVERED,
    DeliveryState.FAILED: DeliveryCondition.FAILED,
    DeliveryState.DROPPED: DeliveryCondition.DROPPED,
}


@dataclass(frozen=True, slots=True)
class DeliveryStatus:
    """The condition of a delivery.

    `next_attempt_at` is when one that is retried or was refused goes out next, or when the pause of one that is queued
    ends; None for any other. One that was refused was so `refusals` times, the last time with `refused_with`.
    """

    condition: DeliveryCondition
    next_attempt_at: datetime | None = None
    refusals: int = 0
    refused_with: int | None = None

    @property
    def tone(self) -> Tone:
        """Return how good that is."""
        return _TONES[self.condition]


def delivery_status(delivery: Delivery) -> DeliveryStatus:
    """Return how a delivery is doing."""
    state = DeliveryState(delivery.state)
    if state in _FINAL:
        return DeliveryStatus(_FINAL[state])
    if not delivery.endpoint.active:
        return DeliveryStatus(DeliveryCondition.HELD_BACK)
    if state is DeliveryState.BLOCKED:
        return DeliveryStatus(DeliveryCondition.WAITING)
    if delivery.lease_token:
        return DeliveryStatus(DeliveryCondition.SENDING)
    paused_until = delivery.endpoint.paused_until
    if paused_until is not None and (delivery.due_at is None or delivery.due_at <= paused_until):
        return DeliveryStatus(DeliveryCondition.QUEUED, next_attempt_at=paused_until)
    if delivery.refusals and delivery.last_status in REFUSING and not _is_due(delivery):
        return DeliveryStatus(
            DeliveryCondition.REFUSED,
            next_attempt_at=_next_attempt_at(delivery),
            refusals=delivery.refusals,
            refused_with=delivery.last_status,
        )
    held_until = asked_to_wait_until(delivery.endpoint)
    if _is_due(delivery) and (held_until is not None or requests_a_second(delivery.endpoint) is not None):
        return DeliveryStatus(DeliveryCondition.QUEUED, next_attempt_at=held_until)
    if not delivery.tries:
        return DeliveryStatus(DeliveryCondition.SENDING)
    return DeliveryStatus(DeliveryCondition.RETRYING, next_attempt_at=_next_attempt_at(delivery))


def was_refused(attempt: Attempt) -> bool:
    """Tell whether an attempt was answered with "not now": 429, or 503 with a Retry-After that can be read."""
    if attempt.status != HTTPStatus.SERVICE_UNAVAILABLE:
        return attempt.status == HTTPStatus.TOO_MANY_REQUESTS
    said = next((value for name, value in attempt.response_headers if name.lower() == "retry-after"), None)
    retry_after = read_retry_after(said, attempt.started_at)
    return retry_after is not None and retry_after.wait is not None


def _is_due(delivery: Delivery) -> bool:
    return delivery.due_at is not None and delivery.due_at <= clock.now()


def _next_attempt_at(delivery: Delivery) -> datetime | None:
    """Return when it goes out at the earliest: its endpoint may have been asked to wait longer."""
    return max((at for at in (delivery.due_at, delivery.endpoint.held_until) if at is not None), default=None)

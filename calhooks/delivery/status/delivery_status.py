"""How a delivery is doing, for whoever puts it into words."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.status.tones import Tone


class DeliveryCondition(StrEnum):
    """What to say of a delivery.

    `held_back` waits for its endpoint to be switched on, `waiting` for an earlier delivery of its sequence, `sending`
    for the answer to the first attempt since it was made or resent, or to any that is under way, `retrying` for its
    next attempt. The others are final.
    """

    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"
    HELD_BACK = "held_back"
    WAITING = "waiting"
    SENDING = "sending"
    RETRYING = "retrying"


_TONES = {
    DeliveryCondition.DELIVERED: Tone.SUCCESS,
    DeliveryCondition.FAILED: Tone.DANGER,
    DeliveryCondition.DROPPED: Tone.NEUTRAL,
    DeliveryCondition.HELD_BACK: Tone.NEUTRAL,
    DeliveryCondition.WAITING: Tone.NEUTRAL,
    DeliveryCondition.SENDING: Tone.INFO,
    DeliveryCondition.RETRYING: Tone.WARNING,
}
_FINAL = {
    DeliveryState.DELIVERED: DeliveryCondition.DELIVERED,
    DeliveryState.FAILED: DeliveryCondition.FAILED,
    DeliveryState.DROPPED: DeliveryCondition.DROPPED,
}


@dataclass(frozen=True, slots=True)
class DeliveryStatus:
    """The condition of a delivery; `next_attempt_at` is when one that is retried is due, None for any other."""

    condition: DeliveryCondition
    next_attempt_at: datetime | None = None

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
    if delivery.lease_token or not delivery.tries:
        return DeliveryStatus(DeliveryCondition.SENDING)
    return DeliveryStatus(DeliveryCondition.RETRYING, next_attempt_at=delivery.due_at)

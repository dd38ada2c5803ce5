"""How an endpoint is doing, for whoever puts it into words."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from calhooks.delivery.models import Endpoint, InactiveReason


class Condition(StrEnum):
    """What to say first: it is off, it was never called, it took the last delivery, it did not."""

    OFF = "off"
    NEVER_CALLED = "never_called"
    DELIVERED = "delivered"
    RETRYING = "retrying"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class EndpointHealth:
    """The condition and what belongs to it; moments that say nothing are None.

    `next_try_at` is when the next retry is due; without one, a failing endpoint is tried with its next event.
    """

    condition: Condition
    delivered_at: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    next_try_at: datetime | None = None
    off_since: datetime | None = None
    off_reason: InactiveReason | None = None


def endpoint_health(endpoint: Endpoint) -> EndpointHealth:
    """Return how an endpoint is doing."""
    if not endpoint.active:
        condition = Condition.OFF
    elif endpoint.failing_since is not None:
        condition = Condition.RETRYING if endpoint.next_due_at else Condition.FAILING
    else:
        condition = Condition.DELIVERED if endpoint.last_success_at else Condition.NEVER_CALLED
    return EndpointHealth(
        condition,
        delivered_at=endpoint.last_success_at,
        failing_since=endpoint.failing_since,
        failures=endpoint.consecutive_failures,
        next_try_at=endpoint.next_due_at if condition is Condition.RETRYING else None,
        off_since=endpoint.inactive_since,
        off_reason=InactiveReason(endpoint.inactive_reason) if endpoint.inactive_reason else None,
    )

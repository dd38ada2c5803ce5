"""When a delivery is still to be tried, through the whole retry schedule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.status.endpoint_status import asked_to_wait_until


@dataclass(frozen=True, slots=True)
class PlannedAttempt:
    """An attempt to come, as long as those before it fail: its number and when it is made.

    Beyond the next one, the time varies by up to 20 % of each wait.
    """

    number: int
    at: datetime


def planned_attempts(delivery: Delivery, waits: Sequence[float]) -> list[PlannedAttempt]:
    """Return every attempt that is still to be made, the next one first; none where nothing is due.

    `waits` are the seconds between attempts. One that goes out before the schedule's next one is beside the schedule.
    None is made during a pause, or while the receiver has asked to wait.
    """
    if delivery.state != DeliveryState.DUE or delivery.due_at is None or delivery.lease_token:
        return []
    endpoint = delivery.endpoint
    moments = (delivery.due_at, endpoint.paused_until, asked_to_wait_until(endpoint))
    times = [max(moment for moment in moments if moment is not None)]
    if delivery.scheduled_at is not None and times[0] < delivery.scheduled_at:
        times.append(delivery.scheduled_at)
    for wait in waits[delivery.tries :]:
        times.append(times[-1] + timedelta(seconds=wait))
    return [PlannedAttempt(delivery.attempt_count + place, at) for place, at in enumerate(times, 1)]

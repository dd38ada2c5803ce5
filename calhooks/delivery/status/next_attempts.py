"""When a delivery is still to be tried, through the whole retry schedule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from calhooks.delivery.models.deliveries import Delivery, DeliveryState


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
    """
    if delivery.state != DeliveryState.DUE or delivery.due_at is None or delivery.lease_token:
        return []
    times = [delivery.due_at]
    if delivery.scheduled_at is not None and delivery.due_at < delivery.scheduled_at:
        times.append(delivery.scheduled_at)
    for wait in waits[delivery.tries :]:
        times.append(times[-1] + timedelta(seconds=wait))
    return [PlannedAttempt(delivery.attempt_count + place, at) for place, at in enumerate(times, 1)]

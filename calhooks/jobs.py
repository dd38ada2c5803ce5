"""The names that RQ imports. A job takes no payload: it says "look now"."""

from functools import lru_cache

from calhooks.config import Config, current_config
from calhooks.delivery import queue
from calhooks.delivery.pump import Pump


def pump() -> None:
    """Deliver what is due, and hand over to a fresh job when that takes long."""
    if pump_of(current_config()).run():
        queue.wake_another()


@lru_cache(maxsize=1)
def pump_of(config: Config) -> Pump:
    """Return the process's pump, whose connections stay open from one job to the next."""
    return Pump(config)

"""Work that an account may have done once at a time, whichever process of the server does it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from calhooks.config import current_config
from calhooks.delivery.queue.client import RedisAway, quick_client

# How long one waits for the other, and after how long a turn ends whose process was killed.
MAX_TURN_WAIT_SECONDS = 1.0
TURN_EXPIRY_SECONDS = 5.0
TURN_LOOK_SECONDS = 0.02


@contextmanager
def one_at_a_time(what: str, owner_id: int) -> Iterator[bool]:
    """Take an account's turn for the block; yields False when another request has it for longer than a second.

    Without Redis every request has its turn.
    """
    lock = quick_client(current_config().redis_url).lock(
        f"calhooks:turn:{what}:{owner_id}",
        timeout=TURN_EXPIRY_SECONDS,
        sleep=TURN_LOOK_SECONDS,
        blocking_timeout=MAX_TURN_WAIT_SECONDS,
    )
    try:
        taken = lock.acquire()
    except RedisAway:
        yield True
        return
    try:
        yield taken
    finally:
        if taken:
            with suppress(RedisAway):
                lock.release()

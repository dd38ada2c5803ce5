"""Work that an account may have done once at a time, whichever process of the server does it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import BoundedSemaphore

from redis.lock import Lock

from calhooks.config import current_config
from calhooks.delivery.queue.client import RedisAway, quick_client

# How long one waits for the other, and after how long a turn ends whose process was killed.
MAX_TURN_WAIT_SECONDS = 1.0
TURN_EXPIRY_SECONDS = 5.0
TURN_LOOK_SECONDS = 0.02
# Of the web server's 16 threads; whoever comes to more is turned away at once, so that pages go on being served.
MAX_AT_WORK_OR_WAITING = 6
_at_work_or_waiting = BoundedSemaphore(MAX_AT_WORK_OR_WAITING)


@contextmanager
def one_at_a_time(what: str, owner_id: int) -> Iterator[bool]:
    """Take an account's turn for the block; yields False when it has one that takes too long, or two already.

    One request of an account works and one waits for it, a second at most. Without Redis every request has its turn
    as long as a thread is left for it.
    """
    if not _at_work_or_waiting.acquire(blocking=False):
        yield False
        return
    try:
        turn = _lock(f"{what}:{owner_id}")
        taken = _take(turn, _lock(f"{what}:{owner_id}:next"))
        try:
            yield taken is not False
        finally:
            if taken:
                _release(turn)
    finally:
        _at_work_or_waiting.release()


def _take(turn: Lock, waiting: Lock) -> bool | None:
    """Tell whether the turn was taken; None without Redis."""
    try:
        if not waiting.acquire(blocking=False):
            return False
        try:
            return bool(turn.acquire())
        finally:
            _release(waiting)
    except RedisAway:
        return None


def _lock(name: str) -> Lock:
    lock: Lock = quick_client(current_config().redis_url).lock(
        f"calhooks:turn:{name}",
        timeout=TURN_EXPIRY_SECONDS,
        sleep=TURN_LOOK_SECONDS,
        blocking_timeout=MAX_TURN_WAIT_SECONDS,
    )
    return lock


def _release(lock: Lock) -> None:
    # A lock that has expired meanwhile is somebody else's.
    with suppress(RedisAway):
        lock.release()

"""Redis and RQ say "look now", and nothing else: what is owed is in the database.

A wake-up sets a flag with a two-second life and enqueues a pump in the same step, unless the flag stands: then a pump
is on its way, or at work and keeps the flag up. Every wake-up moves a counter, which pumps at work watch. A pump that
goes takes the flag down and looks at the counter once more; one that was killed leaves the flag to its two seconds.
"""

import logging
import threading
import time
from collections.abc import Callable

from redis import Redis, WatchError
from redis.client import Pipeline
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from calhooks.config import current_config
from calhooks.delivery.queue.client import MAIL_QUEUE, pump_queue, quick_client

log = logging.getLogger(__name__)

PUMP = "calhooks.jobs.pump"
SEND_MAIL = "calhooks.jobs.send_mail"
FLAG = "calhooks:wake"
COUNTER = "calhooks:wakes"
FLAG_MILLISECONDS = 2000
HOLD_SECONDS = 0.5
AWAY_SECONDS = 1.0
FAILURE_TTL_SECONDS = 3600

# The addresses of what this process found away and watches for its return.
_away: set[str] = set()
_finding_out = threading.Lock()


def wake() -> None:
    """Have the workers look for what is due. A Redis that is away is logged, and the workers look by themselves.

    Whoever finds out that it is away has waited for that; until it is back nobody else asks, and nobody else waits.
    """
    url = current_config().redis_url
    if url not in _away:
        _wake_or_watch(url)


def wake_another() -> None:
    """Have a worker that is free look, whatever the flag says, unless a pump waits in the queue already."""
    client = quick_client(current_config().redis_url)
    queue = pump_queue(client)
    try:
        if not queue.count:
            _enqueue(client, queue)
    except RedisError as error:
        log.debug("Redis did not take a wake-up (%s)", error)


def wake_mail() -> None:
    """Have a worker send mail, unless that waits in its queue already. Deliveries come first."""
    client = quick_client(current_config().redis_url)
    queue = Queue(MAIL_QUEUE, connection=client, serializer=JSONSerializer)
    try:
        if not queue.count:
            queue.enqueue_call(SEND_MAIL, timeout=-1, result_ttl=0, failure_ttl=FAILURE_TTL_SECONDS)
    except RedisError as error:
        log.debug("Redis did not take a wake-up for mail (%s)", error)


def answers() -> bool:
    """Tell whether Redis is there, for those who watch the machine."""
    return _is_there(current_config().redis_url)


class Wakes:
    """What a pump at work knows of wake-ups. Without Redis it knows of none."""

    def __init__(self, url: str) -> None:
        self._client = quick_client(url)
        self._seen: bytes | str | None = None
        self._hold_at = 0.0
        self._ask_again_at = 0.0

    def came(self) -> bool:
        """Tell whether somebody has called since this was last asked, and that there is a pump that listens."""
        hold = time.monotonic() >= self._hold_at
        if hold:
            self._hold_at = time.monotonic() + HOLD_SECONDS
        return self._ask(lambda pipeline: pipeline.set(FLAG, 1, px=FLAG_MILLISECONDS) if hold else None)

    def let_go(self) -> bool:
        """Have the next call enqueue a pump again, and tell whether one came before."""
        self._hold_at = 0.0
        return self._ask(lambda pipeline: pipeline.delete(FLAG))

    def _ask(self, do: Callable[[Pipeline], object]) -> bool:
        if time.monotonic() < self._ask_again_at:
            return False
        try:
            with self._client.pipeline() as pipeline:
                do(pipeline)
                pipeline.get(COUNTER)
                now = pipeline.execute()[-1]
        except RedisError:
            self._ask_again_at = time.monotonic() + AWAY_SECONDS
            return False
        before, self._seen = self._seen, now
        return bool(now != before)


def _wake_or_watch(url: str) -> None:
    try:
        _wake(quick_client(url))
    except RedisError as error:
        with _finding_out:
            if url in _away:
                return
            _away.add(url)
        log.warning("Redis did not take a wake-up (%s); deliveries are not lost, only later", error)
        threading.Thread(target=_wake_when_back, args=(url,), name="Redis's return", daemon=True).start()


def _wake_when_back(url: str) -> None:
    time.sleep(AWAY_SECONDS)
    while not _is_there(url):
        time.sleep(AWAY_SECONDS)
    _away.discard(url)
    # For those who did not ask meanwhile.
    _wake_or_watch(url)


def _is_there(url: str) -> bool:
    try:
        return bool(quick_client(url).ping())
    except RedisError:
        return False


def _wake(client: "Redis") -> None:
    with client.pipeline(transaction=False) as pipeline:
        pipeline.incr(COUNTER)
        pipeline.exists(FLAG)
        _, announced = pipeline.execute()
    if not announced:
        _enqueue(client, pump_queue(client), unless_announced=True)


def _enqueue(client: "Redis", queue: Queue, *, unless_announced: bool = False) -> None:
    with client.pipeline() as pipeline:
        if unless_announced:
            pipeline.watch(FLAG)  # type: ignore[no-untyped-call]  # redis-py has no annotation here
            if pipeline.exists(FLAG):
                return
        pipeline.multi()
        pipeline.set(FLAG, 1, px=FLAG_MILLISECONDS)
        queue.enqueue_call(PUMP, timeout=-1, result_ttl=0, failure_ttl=FAILURE_TTL_SECONDS, pipeline=pipeline)
        try:
            pipeline.execute()
        except WatchError:
            # Somebody else did the same in this instant.
            return

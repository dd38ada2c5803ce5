"""Redis and RQ say "look now", and nothing else: what is owed is in the database.

A wake-up sets a flag with a two-second life and enqueues a pump in the same step, unless the flag stands: then a pump
is on its way, or at work and keeps the flag up. Every wake-up moves a counter, which pumps at work watch. A pump that
goes takes the flag down and looks at the counter once more; one that was killed leaves the flag to its two seconds.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from redis import Redis, WatchError
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.exceptions import InvalidJobOperation, StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import DequeueStrategy, SimpleWorker

from calhooks.config import current_config

log = logging.getLogger(__name__)

QUEUE = "calhooks-deliveries"
PUMP = "calhooks.jobs.pump"
MAIL_QUEUE = "calhooks-mail"
SEND_MAIL = "calhooks.jobs.send_mail"
FLAG = "calhooks:wake"
COUNTER = "calhooks:wakes"
FLAG_MILLISECONDS = 2000
HOLD_SECONDS = 0.5
QUICK_SECONDS = 0.2
AWAY_SECONDS = 1.0
FAILURE_TTL_SECONDS = 3600
# How often a worker looks up from its queue, when it counts as gone, and how long Redis may take to answer it: longer
# than it is asked to wait for a job, or than an answer takes on a machine that is very busy.
LOOK_UP_SECONDS = 2
WORKER_TTL_SECONDS = 20
HANGS_SECONDS = 4
PROBE_SECONDS = 1.0

# What others catch who do not know redis.
RedisAway = RedisError

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


def pump_queue(client: "Redis") -> Queue:
    """Return the queue of pumps."""
    return Queue(QUEUE, connection=client, serializer=JSONSerializer)


@lru_cache(maxsize=4)
def quick_client(url: str) -> "Redis":
    """Return a client that gives up at once: a request must not wait for a Redis that is away."""
    return _client(url, QUICK_SECONDS)


class PumpWorker(SimpleWorker):
    """RQ's worker without forks, which ends at once when it is idle and stopped, or when Redis is away.

    The process handles its own signals and calls stop() from there. Constructor and work() raise RedisError.
    """

    log_result_lifespan = False
    dequeue_timeout = LOOK_UP_SECONDS
    connection_timeout = HANGS_SECONDS

    def __init__(self, url: str, alive: Callable[[], None]) -> None:
        self._probe = _client(url, PROBE_SECONDS)
        self._probe.ping()
        client = Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_connect_timeout=2.0)
        super().__init__(
            [pump_queue(client), Queue(MAIL_QUEUE, connection=client, serializer=JSONSerializer)],
            connection=client,
            serializer=JSONSerializer,
            worker_ttl=WORKER_TTL_SECONDS,
            log_job_description=False,
        )
        self._alive = alive
        self._waiting = False
        self._away = False

    def work_in_turns(self) -> None:
        """Take jobs until stopped; neither deliveries nor mail keep the other waiting for more than one job."""
        self.work(logging_level="WARNING", dequeue_strategy=DequeueStrategy.ROUND_ROBIN)

    def stop(self) -> None:
        """Take no more jobs. Raises StopRequested, out of the signal handler, while waiting for one."""
        self._stop_requested = True
        if self._waiting:
            raise StopRequested

    def dequeue_job_and_maintain_ttl(self, timeout: int | None, max_idle_time: int | None = None) -> Any:
        """Wait for a job."""
        self._waiting = True
        try:
            if self._stop_requested:
                raise StopRequested
            return super().dequeue_job_and_maintain_ttl(timeout, max_idle_time)
        finally:
            self._waiting = False

    def heartbeat(self, *args: Any, **options: Any) -> None:
        """Say that the worker is alive. Raises StopRequested when Redis is away: RQ would go on waiting for it."""
        waiting, self._waiting = self._waiting, False
        self._alive()
        self._waiting = waiting
        if waiting and self._stop_requested:
            raise StopRequested
        with self._leaving_redis_alone_when_away():
            self._probe.ping()
            super().heartbeat(*args, **options)

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Do a job. Raises StopRequested when Redis does not learn how it ended, which matters to nobody."""
        with self._leaving_redis_alone_when_away():
            super().execute_job(job, queue)

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Log what a job raised; where it was about Redis having gone or forgotten the job, as one line."""
        if isinstance(exc_info[1], (RedisError, InvalidJobOperation)):
            log.warning("Redis was not told that a job had ended (%s); deliveries do not depend on it", exc_info[1])
        else:
            super().handle_exception(job, *exc_info)

    def register_death(self) -> None:
        """Take leave of Redis if it is there."""
        if not self._away:
            super().register_death()  # type: ignore[no-untyped-call]  # rq has no annotation here

    def subscribe(self) -> None:
        """Listen to no commands through Redis; nobody sends any."""

    def _install_signal_handlers(self) -> None:
        pass

    @contextmanager
    def _leaving_redis_alone_when_away(self) -> Iterator[None]:
        try:
            yield
        except RedisError as error:
            self._away = True
            raise StopRequested from error


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


def _client(url: str, seconds: float) -> "Redis":
    return Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_timeout=seconds, socket_connect_timeout=seconds)


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

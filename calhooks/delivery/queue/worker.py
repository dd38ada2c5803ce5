"""The process that takes pump jobs from the queue: RQ's worker, without forks."""

import errno
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.exceptions import InvalidJobOperation, StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import DequeueStrategy, SimpleWorker

from calhooks.delivery.queue.client import MAIL_QUEUE, client_with_timeout, pump_queue

log = logging.getLogger(__name__)

# RQ reads a job's time with strptime(), which loads this at its first use: perhaps when no file can be opened.
import_module("_strptime")

# How often a worker looks up from its queue, when it counts as gone, and how long Redis may take to answer it: longer
# than it is asked to wait for a job, or than an answer takes on a machine that is very busy.
LOOK_UP_SECONDS = 2
WORKER_TTL_SECONDS = 20
HANGS_SECONDS = 4
PROBE_SECONDS = 1.0
# redis-py reads a file of its own for each connection it makes.
NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE)


class PumpWorker(SimpleWorker):
    """RQ's worker without forks, which ends at once when it is idle and stopped, or when Redis is away.

    The process handles its own signals and calls stop() from there. Constructor and work() raise RedisError.
    """

    log_result_lifespan = False
    dequeue_timeout = LOOK_UP_SECONDS
    connection_timeout = HANGS_SECONDS

    def __init__(self, url: str, alive: Callable[[], None]) -> None:
        self._probe = client_with_timeout(url, PROBE_SECONDS)
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
        """Log what a job raised; as one line if Redis has gone or forgotten the job, or no file can be opened."""
        error = exc_info[1]
        if isinstance(error, (RedisError, InvalidJobOperation)) or getattr(error, "errno", None) in NO_DESCRIPTOR:
            log.warning("Redis was not told that a job had ended (%s); deliveries do not depend on it", error)
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

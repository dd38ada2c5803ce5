"""`flask worker` and `flask scheduler` as processes of their own, with the faults that really happen to them."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time as real_time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import db
from calhooks.delivery.models.deliveries import Attempt, Delivery
from calhooks.delivery.processes.machine import Life, life_of, start_of
from calhooks.delivery.pump.claim import DELIVERY_LEASE
from calhooks.delivery.queue import wake
from calhooks.delivery.status import heartbeat
from tests import factories
from tests.delivery.helpers import fresh, happen, states, wait_until
from tests.delivery.receivers import Receiver, answer, hang, receiving

ROOT = Path(__file__).resolve().parent.parent.parent


# As a container: a PID namespace of its own, which ends with its first process.
CONTAINER = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
# How soon what a dead worker was sending goes out again: from a machine with a scheduler, and from any other.
ONE_MACHINE_SECONDS = 3.0
MACHINES_SECONDS = 15.0


@contextmanager
def process(environ: dict[str, str], command: str, *prefix: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a flask command as long as the block lasts."""
    argv = [*prefix, sys.executable, "-m", "flask", "--app", str(ROOT / "app.py"), command]
    running = subprocess.Popen(argv, env=os.environ | environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield running
    finally:
        running.kill()
        running.wait()
        assert running.stdout is not None
        running.stdout.close()


@contextmanager
def full() -> Iterator[socket.socket]:
    """Listen with a queue of connections that is full: who connects waits until some are accepted."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(2):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener


def stop_outside_of_transactions(running: subprocess.Popen[bytes]) -> None:
    """Stop a process at a moment when it locks nothing in the database."""
    while True:
        running.send_signal(signal.SIGSTOP)
        wait_until(lambda: life_of(running.pid, start_of(running.pid)) is Life.STOPPED)
        if not something_is_locked():
            return
        running.send_signal(signal.SIGCONT)


def something_is_locked() -> bool:
    if db.engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(str(db.engine.url.database), timeout=0)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
        return False
    with db.engine.connect() as other:
        try:
            other.exec_driver_sql("LOCK TABLE heartbeats, endpoints, deliveries IN EXCLUSIVE MODE NOWAIT")
        except OperationalError:
            return True
    return False


def alive(session: Session, kind: str) -> int:
    session.rollback()
    return heartbeat.alive(session, clock.now()).get(kind, 0)


@pytest.mark.timed
def test_a_worker_delivers_what_is_owed_as_soon_as_it_is_committed(
    session: Session, environ: dict[str, str], owner: User, receiver: Receiver, redis: Redis
) -> None:
    endpoint = factories.create_endpoint(owner, receiver.url)
    with process(environ, "worker"):
        wait_until(lambda: alive(session, "worker") == 1)
        waited = []
        for number in range(1, 11):
            happened = real_time.time()
            happen(owner, [endpoint])
            waited.append(receiver.wait_for(number)[-1].at - happened)
        wait_until(lambda: states(session) == ["delivered"] * 10)
    assert sorted(waited)[5] < 1


def test_two_workers_share_the_load_and_send_nothing_twice(
    session: Session, environ: dict[str, str], owner: User, receiver: Receiver, redis: Redis
) -> None:
    many = [factories.create_endpoint(owner, receiver.url) for _ in range(4)]
    for _ in range(50):
        happen(owner, many)
    with process(environ, "worker"), process(environ, "worker"):
        wait_until(lambda: alive(session, "worker") == 2)
        wake.wake_another()
        wait_until(lambda: set(states(session)) == {"delivered"})
    assert len(receiver.received) == len({(each.headers["webhook-id"]) for each in receiver.received}) * 4 == 200


@pytest.mark.timed
def test_sigterm_ends_an_idle_worker_at_once_and_its_heartbeat_with_it(
    session: Session, environ: dict[str, str], redis: Redis
) -> None:
    with process(environ, "worker") as worker:
        wait_until(lambda: alive(session, "worker") == 1)
        began = real_time.monotonic()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=9) == 0
        assert real_time.monotonic() - began < 5
    assert alive(session, "worker") == 0


@pytest.mark.timed
def test_sigterm_under_load_finishes_what_is_under_way_and_gives_the_rest_back(
    session: Session, environ: dict[str, str], owner: User, redis: Redis
) -> None:
    with receiving(hang) as hung:
        happen(owner, [factories.create_endpoint(owner, hung.url)])
        with process(environ, "worker") as worker:
            hung.wait_for(1)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(timeout=9) == 0
        delivery = session.scalars(select(Delivery)).one()
        assert (delivery.state, delivery.lease_token, delivery.attempt_count) == ("due", None, 1)
        assert delivery.due_at <= clock.now()


@pytest.mark.timed
def test_what_a_killed_worker_was_sending_goes_out_again_at_once_with_the_same_id(
    session: Session, environ: dict[str, str], owner: User, redis: Redis
) -> None:
    with receiving(hang) as receiver, process(environ, "scheduler"):
        endpoint = factories.create_endpoint(owner, receiver.url)
        happen(owner, [endpoint])
        with process(environ, "worker") as worker:
            receiver.wait_for(1)
            receiver.reply = answer()
            with process(environ, "worker"):
                wait_until(lambda: alive(session, "worker") == 2 and alive(session, "scheduler") == 1)
                worker.kill()
                # Not waited for: a process that nobody has buried is dead all the same.
                killed = real_time.time()
                receiver.wait_for(2)
                wait_until(lambda: states(session) == ["delivered"])
    first, second = receiver.received
    assert second.at - killed < ONE_MACHINE_SECONDS
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert (first.headers["x-calhooks-attempt"], second.headers["x-calhooks-attempt"]) == ("1", "2")
    errors = session.scalars(select(Attempt.error).order_by(Attempt.number)).all()
    assert errors == ["interrupted", None]


@pytest.mark.timed
def test_a_worker_that_starts_takes_over_from_one_that_was_killed_also_without_a_scheduler(
    session: Session, environ: dict[str, str], owner: User, redis: Redis
) -> None:
    with receiving(hang) as receiver:
        happen(owner, [factories.create_endpoint(owner, receiver.url)])
        with process(environ, "worker") as worker:
            receiver.wait_for(1)
            worker.kill()
            worker.wait()
        receiver.reply = answer()
        with process(environ, "worker"):
            receiver.wait_for(2, DELIVERY_LEASE.total_seconds() / 2)
            wait_until(lambda: states(session) == ["delivered"])


@pytest.mark.timed
def test_what_a_worker_on_a_machine_that_went_away_was_sending_goes_out_again_within_seconds(
    session: Session, environ: dict[str, str], owner: User, redis: Redis
) -> None:
    if subprocess.run([*CONTAINER, "true"], capture_output=True).returncode != 0:
        pytest.skip("namespaces are not allowed here")
    with receiving(hang) as receiver, process(environ, "scheduler"):
        wait_until(lambda: alive(session, "scheduler") == 1)
        happen(owner, [factories.create_endpoint(owner, receiver.url)])
        with process(environ, "worker", *CONTAINER) as container:
            receiver.wait_for(1)
            receiver.reply = answer()
            with process(environ, "worker"):
                wait_until(lambda: alive(session, "worker") == 2)
                container.kill()
                killed = real_time.time()
                assert receiver.wait_for(2)[1].at - killed < MACHINES_SECONDS
                wait_until(lambda: states(session) == ["delivered"])


@pytest.mark.timed
def test_a_worker_that_was_stopped_before_it_could_send_does_not_send_what_another_has_sent(
    session: Session, environ: dict[str, str], owner: User, redis: Redis
) -> None:
    with full() as listener, process(environ, "scheduler"), process(environ, "worker") as stopped:
        wait_until(lambda: alive(session, "worker") == 1 == alive(session, "scheduler"))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
        (delivery,) = happen(owner, [factories.create_endpoint(owner, url)])
        wait_until(lambda: fresh(session, delivery).lease_token is not None)
        stop_outside_of_transactions(stopped)
        # Its connection is made while it is stopped. Of its machine, its death shows by its heartbeats alone.
        with process(environ, "worker"), receiving(listener=listener) as receiver:
            receiver.wait_for(1)
            stopped.send_signal(signal.SIGCONT)
            wait_until(lambda: states(session) == ["delivered"] and alive(session, "worker") == 2)
            stopped.send_signal(signal.SIGTERM)
            assert stopped.wait(timeout=20) == 0
            assert len(receiver.received) == 1
    errors = session.scalars(select(Attempt.error).order_by(Attempt.number)).all()
    assert errors == ["interrupted", None]


def test_workers_deliver_while_redis_is_away(
    session: Session, environ: dict[str, str], owner: User, receiver: Receiver
) -> None:
    endpoint = factories.create_endpoint(owner, receiver.url)
    with process(environ | {"REDIS_URL": "redis://127.0.0.1:9/0"}, "worker"):
        wait_until(lambda: alive(session, "worker") == 1)
        happen(owner, [endpoint])
        receiver.wait_for(1)


def test_a_flushed_redis_loses_nothing(
    session: Session, environ: dict[str, str], owner: User, receiver: Receiver, redis: Redis
) -> None:
    endpoint = factories.create_endpoint(owner, receiver.url)
    with process(environ, "worker"), process(environ, "scheduler"):
        wait_until(lambda: alive(session, "worker") == 1 == alive(session, "scheduler"))
        for _ in range(5):
            happen(owner, [endpoint])
            redis.flushdb()
        receiver.wait_for(5)


@pytest.mark.timed
def test_the_scheduler_has_retries_sent_when_they_fall_due(
    session: Session, environ: dict[str, str], owner: User, redis: Redis
) -> None:
    with receiving(answer(500)) as receiver:
        endpoint = factories.create_endpoint(owner, receiver.url)
        faster = environ | {"CALHOOKS_RETRY_SCHEDULE": "100ms,100ms"}
        with process(faster, "worker"), process(faster, "scheduler") as scheduler:
            # On a busy machine the worker alone could be done before the scheduler hears signals.
            wait_until(lambda: alive(session, "worker") == 1 == alive(session, "scheduler"))
            happen(owner, [endpoint])
            receiver.wait_for(3)
            wait_until(lambda: states(session) == ["failed"])
            scheduler.send_signal(signal.SIGTERM)
            assert scheduler.wait(timeout=9) == 0
    assert (alive(session, "worker"), alive(session, "scheduler")) == (1, 0)


@pytest.fixture(autouse=True)
def _nothing_left_in_redis(redis: Redis) -> Iterator[None]:
    yield
    redis.flushdb()

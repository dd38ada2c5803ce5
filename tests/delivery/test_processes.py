"""`flask worker` and `flask scheduler` as processes of their own, with the faults that really happen to them."""

import os
import signal
import subprocess
import sys
import time as real_time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import writing
from calhooks.delivery.models.deliveries import Attempt, Delivery
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.queue import wake
from calhooks.delivery.status import heartbeat
from tests import factories
from tests.delivery.helpers import happen, states, wait_until
from tests.delivery.receivers import Receiver, answer, hang, receiving

ROOT = Path(__file__).resolve().parent.parent.parent


@contextmanager
def process(environ: dict[str, str], command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a flask command as long as the block lasts."""
    argv = [sys.executable, "-m", "flask", "--app", str(ROOT / "app.py"), command]
    running = subprocess.Popen(argv, env=os.environ | environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield running
    finally:
        running.kill()
        running.wait()
        assert running.stdout is not None
        running.stdout.close()


def alive(session: Session, kind: str) -> int:
    session.rollback()
    return heartbeat.alive(session, clock.now()).get(kind, 0)


def test_an_outage_of_the_database_is_logged_once_by_the_heartbeat(
    app: Flask, session: Session, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.0)
    session.execute(text("ALTER TABLE heartbeats RENAME TO elsewhere"))
    session.commit()
    heart = heartbeat.Heart("worker")
    for _ in range(3):
        heart.beat()
    assert len(caplog.records) == 1
    session.execute(text("ALTER TABLE elsewhere RENAME TO heartbeats"))
    session.commit()
    heart.beat()
    assert alive(session, "worker") == 1


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


def test_what_a_killed_worker_was_sending_goes_out_again_with_the_same_id(
    session: Session, environ: dict[str, str], owner: User, redis: Redis
) -> None:
    with receiving(hang) as receiver:
        endpoint = factories.create_endpoint(owner, receiver.url)
        happen(owner, [endpoint])
        with process(environ, "worker") as worker:
            receiver.wait_for(1)
            worker.kill()
            worker.wait()
        receiver.reply = answer()
        # As if the thirty seconds of its lease had passed.
        with writing() as inner:
            over = clock.now() - timedelta(seconds=1)
            inner.execute(update(Delivery).values(due_at=over))
            inner.execute(update(Endpoint).values(next_due_at=over))
        with process(environ, "worker"), process(environ, "scheduler"):
            receiver.wait_for(2)
            wait_until(lambda: states(session) == ["delivered"])
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert (first.headers["x-calhooks-attempt"], second.headers["x-calhooks-attempt"]) == ("1", "2")
    assert [attempt.error for attempt in session.scalars(select(Attempt).order_by(Attempt.number))] == [
        "interrupted",
        None,
    ]


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

"""After a worker was killed, and after a receiver was down."""

import os
import signal
import time
from collections import Counter
from datetime import timedelta

from sqlalchemy import update

from bench import backlog
from bench.figures import Line
from bench.place import Place
from bench.receivers import Receiver
from bench.throughput import SECRET
from calhooks import clock
from calhooks.config import current_config
from calhooks.db import writing
from calhooks.delivery.models.deliveries import Delivery
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.queue import wake
from tests import factories
from tests.running import Running

MAX_SECONDS = 3.0
ENDPOINTS = 4
HELD = 2 * ENDPOINTS
WAITING = 2_000
MAX_FIRST_SECOND = 10
PATIENCE_SECONDS = 120.0


def after_kill(place: Place) -> list[Line]:
    """From kill -9 of all workers of `python app.py` until what they were sending arrives again."""
    with place.stage() as stage, Running(stage.environ) as running:
        running.wait_until_ready()
        receiver = stage.receiver("--hang")
        owner = factories.create_user("rick")
        urls = [f"{receiver.url}/{number}" for number in range(ENDPOINTS)]
        backlog.owe([factories.create_endpoint(owner, url, SECRET) for url in urls], HELD)
        wake.wake()
        held = {message for _, message in _taken(receiver, HELD // 2)}
        for number in range(1, current_config().workers + 1):
            os.kill(running.pid_of(f"worker {number}"), signal.SIGKILL)
        killed = time.monotonic()
        receiver.come_up()
        again: dict[str, float] = {}
        while not held <= again.keys():
            again |= {message: at for at, message in _taken(receiver, 1)}
        seconds = max(again[message] for message in held) - killed
    return [
        Line(
            figure="from kill -9 of all workers until what they were sending has arrived again",
            ours=f"{seconds:.1f} s",
            baseline=f"{MAX_SECONDS:.0f} s",
            ratio=seconds / MAX_SECONDS,
            must_reach=f"at most {MAX_SECONDS:.0f} s",
            ok=seconds <= MAX_SECONDS,
            limit=f"{len(held)} were being sent; a worker takes about a second to start.",
        )
    ]


def after_an_outage(place: Place) -> list[Line]:
    """A receiver that was down comes back, and two thousand wait for it."""
    count = place.some(WAITING)
    with place.stage() as stage:
        receiver = stage.receiver()
        endpoint = factories.create_endpoint(factories.create_user("rick"), receiver.url, SECRET)
        _fail(endpoint, count)
        stage.start("worker")
        stage.start("scheduler")
        time.sleep(3.0)
        backlog.owe([endpoint], 1)
        wake.wake()
        arrived = sorted(at for at, _ in _taken(receiver, count + 1))
    seconds = Counter(int(at - arrived[0]) for at in arrived)
    shown = ", ".join(str(seconds[number]) for number in range(min(len(seconds), 12)))
    first = seconds[0]
    return [
        Line(
            figure=f"requests in the first second after an outage, {count:,} waiting",
            ours=f"{first}",
            baseline=f"{MAX_FIRST_SECOND}",
            ratio=first / MAX_FIRST_SECOND,
            must_reach=f"at most {MAX_FIRST_SECOND}",
            ok=first <= MAX_FIRST_SECOND,
            limit=f"all were through after {arrived[-1] - arrived[0]:.1f} s; in each second {shown}.",
        )
    ]


def _fail(endpoint: Endpoint, count: int) -> None:
    """Owe deliveries that failed during an outage of ten minutes, and are tried again in an hour."""
    backlog.owe([endpoint], count)
    now = clock.now()
    failed, later = now - timedelta(minutes=5), now + timedelta(hours=1)
    with writing() as session:
        values = {"tries": 2, "attempt_count": 2, "last_attempt_at": failed, "due_at": later, "scheduled_at": later}
        session.execute(update(Delivery).values(values))
        outage = {"failing_since": now - timedelta(minutes=10), "consecutive_failures": 2 * count}
        session.execute(update(Endpoint).values(outage | {"last_attempt_at": failed, "next_due_at": later}))


def _taken(receiver: Receiver, count: int) -> list[tuple[float, str]]:
    """Wait until a receiver has been sent at least `count`."""
    taken: list[tuple[float, str]] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(taken) < count:
        assert time.monotonic() < deadline, f"{len(taken)} of {count} arrived"
        time.sleep(0.05)
        taken += receiver.take()
    return taken

"""From the commit of a booking to the first byte at the receiver."""

import json
import subprocess
import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from redis import Redis
from rq import Queue

from bench import backlog
from bench.bookings import Booker, at_rate, waits
from bench.figures import Line, milliseconds, percentile
from bench.place import Place, Stage, busy_cores, processor_times
from bench.receivers import Receiver
from calhooks.config import current_config
from tests import factories

IDLE_BOOKINGS = 200
IDLE_EVERY_SECONDS = 0.05
LOAD_SECONDS = 30
# One Python process cannot book 200 times a second and be on time.
BOOKERS = 2
# How long those processes have to start, and to warm up.
SET_UP_SECONDS = 10.0


class Rates(NamedTuple):
    """How many bookings a second are made on each database."""

    on_sqlite: int
    on_postgresql: int


def idle(place: Place) -> list[Line]:
    """One booking at a time on a system that has nothing else to do, against a job of RQ's default worker."""
    count = place.some(IDLE_BOOKINGS)
    with place.stage() as stage:
        booker, receiver = prepared(stage)
        rate = 1 / IDLE_EVERY_SECONDS
        at_rate(rate, count / rate, booker.book)
        backlog.wait_until_done()
        ours = booker.waits(receiver.take())
        jobs = _rq_waits(stage, receiver, place.some(IDLE_BOOKINGS // 2))
    middle, slowest = median(ours), percentile(ours, 0.99)
    return [
        Line(
            figure=f"commit to first byte, idle: {name}, against a job of RQ's default worker",
            ours=milliseconds(mine),
            baseline=milliseconds(theirs),
            ratio=mine / theirs,
            must_reach=f"{most * 1000:.0f} ms",
            ok=mine <= most,
            limit=limit,
        )
        for name, mine, theirs, most, limit in (
            ("median", middle, median(jobs), 0.02, "a wake-up through Redis, RQ's own bookkeeping, then the claim."),
            ("p99", slowest, percentile(jobs, 0.99), 0.1, ""),
        )
    ]


def load(rates: Rates, most: float, peer: float) -> Callable[[Place], list[Line]]:
    """Return the row of an open load: its p95 may be `most` seconds; `peer` is the best that anybody publishes."""

    def row(place: Place) -> list[Line]:
        rate = rates.on_sqlite if place.on_sqlite else rates.on_postgresql
        with place.stage() as stage:
            _, receiver = prepared(stage)
            begin, seconds = time.monotonic() + SET_UP_SECONDS, place.some(LOAD_SECONDS)
            people = [_start_booking(stage, receiver, name, rate / BOOKERS, begin, seconds) for name in "ab"[:BOOKERS]]
            time.sleep(begin - time.monotonic())
            before = processor_times()
            time.sleep(seconds)
            busy = busy_cores(before, processor_times())
            said = [json.loads(each.communicate()[0]) for each in people]
            backlog.wait_until_done()
            reached = sum(each["reached"] for each in said)
            committed = {uid: at for each in said for uid, at in each["committed"].items()}
            late = waits(committed, receiver.take())
        slow = percentile(late, 0.95)
        return [
            Line(
                figure=f"the same under {rate} bookings a second: p95, against the best that a peer publishes",
                ours=milliseconds(slow),
                baseline=milliseconds(peer),
                ratio=slow / peer,
                must_reach=milliseconds(most),
                ok=slow <= most and reached > 0.97 * rate,
                limit=f"{reached:.0f} bookings a second were made, {busy:.1f} cores busy; "
                f"median {milliseconds(median(late))}, p99 {milliseconds(percentile(late, 0.99))}.",
            )
        ]

    return row


def prepared(stage: Stage) -> tuple[Booker, Receiver]:
    """Start two workers and a scheduler, as `python app.py` does, and warm them up."""
    booker, receiver = Booker("rick"), stage.receiver()
    factories.create_webhook(booker.host, receiver.url, "a secret of some length")
    for command in ("worker", "worker", "scheduler"):
        stage.start(command)
    at_rate(20, 2, booker.book)
    backlog.wait_until_done()
    time.sleep(1.0)
    receiver.take()
    return booker, receiver


def _start_booking(
    stage: Stage, receiver: Receiver, username: str, rate: float, begin: float, seconds: float
) -> "subprocess.Popen[bytes]":
    arguments = {"username": username, "receiver": receiver.url, "rate": rate, "begin": begin, "seconds": seconds}
    options = [text for name, value in arguments.items() for text in (f"--{name}", str(value))]
    return stage.python("-m", "bench.booking_process", *options, stdout=subprocess.PIPE)


def _rq_waits(stage: Stage, receiver: Receiver, count: int) -> list[float]:
    queue = Queue("bench", connection=Redis.from_url(current_config().redis_url))
    worker: subprocess.Popen[bytes] = stage.python("-m", "bench.rq_worker")
    queue.enqueue("bench.rq_job.post", receiver.url, "{}")
    while not receiver.take():
        time.sleep(0.1)
    asked: list[float] = []

    def ask() -> None:
        asked.append(time.monotonic())
        queue.enqueue("bench.rq_job.post", receiver.url, backlog.BODY.decode())

    at_rate(1 / IDLE_EVERY_SECONDS, count * IDLE_EVERY_SECONDS, ask)
    arrived: list[float] = []
    while len(arrived) < len(asked):
        arrived += [at for at, _ in receiver.take()]
        time.sleep(0.1)
    worker.terminate()
    worker.wait()
    return [came - sent for sent, came in zip(asked, sorted(arrived), strict=True)]

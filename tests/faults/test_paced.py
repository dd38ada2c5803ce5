"""Receivers that take so much and no more, or not all, or not always: nothing is lost, given up or overtaken."""

import os
import signal
import socket
import time
from itertools import pairwise

import pytest
from sqlalchemy import text

from bench.simulate.receivers import Bucket, Interval, Limited, Window
from tests.delivery.receivers import Received, answer
from tests.faults.conftest import Start
from tests.faults.course import Report, workers_of
from tests.faults.reconcile import Row, owed_to_all, reconcile
from tests.faults.system import System
from tests.faults.witness import FAIL, TAKE, Arrival, Behaviour, Choice, Witness, chosen

long = pytest.mark.faults
on_both = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)

STORIES = 30
PER_SECOND = 4
MIDDLE = 15
SLOW_SECONDS = 2.0
SLOW_REQUESTS = 5
UP_SECONDS, DOWN_SECONDS = 5.0, 3.0
# As short as it may be and still be told from a recovery: every attempt has its own second.
SCHEDULE = (1, 2, 2, 3)
ONE_IN = 6
STATES = text(
    "SELECT events.message_id, deliveries.state FROM deliveries JOIN events ON events.id = deliveries.event_id"
    " JOIN endpoints ON endpoints.id = deliveries.endpoint_id WHERE endpoints.url = :url"
)


def limited(limit: Limited) -> Choice:
    """Answer as a limit has it."""

    def choose(_request: Received, _times: int) -> Behaviour:
        said = limit.answer(0, time.monotonic())
        if said.failure is None:
            return TAKE
        return Behaviour(answer(int(said.status or 429), b"", f"Retry-After: {said.retry_after}"))

    return choose


def flapping(_request: Received, _times: int) -> Behaviour:
    """Fail for three seconds out of eight."""
    return TAKE if time.monotonic() % (UP_SECONDS + DOWN_SECONDS) < UP_SECONDS else FAIL


def slow_then_quick() -> Choice:
    """Take two seconds over each request at first."""
    slow_until: list[float] = []

    def slowly(request: Received, connection: socket.socket) -> bool:
        time.sleep(SLOW_SECONDS)
        return answer()(request, connection)

    def choose(_request: Received, _times: int) -> Behaviour:
        if not slow_until:
            slow_until.append(time.monotonic() + SLOW_SECONDS * SLOW_REQUESTS)
        return TAKE if time.monotonic() > slow_until[0] else Behaviour(slowly, takes=True)

    return choose


@long
@on_both
def test_receivers_get_everything_at_their_own_pace_though_a_worker_is_killed(start: Start, report: Report) -> None:
    paced = [
        Witness("1/s", limited(Interval(1))),
        Witness("5/s, burst of 10", limited(Bucket(5, 10))),
        Witness("5/s by the clock", limited(Window(5))),
    ]
    others = [Witness("good"), Witness("flapping", flapping), Witness("slow, then quick", slow_then_quick())]
    calhooks = start(*paced, *others)
    calhooks.bookers.start(STORIES, PER_SECOND)
    calhooks.bookers.wait_for(MIDDLE)
    os.kill(workers_of(calhooks)[0], signal.SIGKILL)
    over = time.monotonic()
    calhooks.settle()
    for witness in [*paced, *others]:
        row = _row(calhooks, witness, f"paced: {witness.name}", over)
        refused = sum(not each.taken for each in witness.arrivals)
        row.remark = f"{refused} of {len(witness.arrivals)} requests were not taken" if refused else ""
        report(row)


@long
@on_both
def test_what_a_receiver_always_fails_for_gets_every_attempt_of_its_schedule(start: Start, report: Report) -> None:
    choosy = Witness("fails for one in six", lambda request, _times: FAIL if chosen(request, ONE_IN) else TAKE)
    good = Witness("good")
    calhooks = start(choosy, good, CALHOOKS_RETRY_SCHEDULE=",".join(f"{wait}s" for wait in SCHEDULE))
    calhooks.bookers.start(STORIES, PER_SECOND)
    calhooks.bookers.finish()
    over = time.monotonic()
    calhooks.settle()
    with calhooks.engine.connect() as connection:
        states = {row.message_id: row.state for row in connection.execute(STATES, {"url": choosy.url})}
    attempts: dict[str, list[Arrival]] = {message: [] for message in states}
    for arrival in choosy.arrivals:
        attempts[arrival.message_id].append(arrival)
    failed = {message for message, state in states.items() if state == "failed"}
    assert failed == {message for message, found in attempts.items() if not any(each.taken for each in found)}
    assert failed, "none was chosen"
    for message in failed:
        moments = [each.at for each in attempts[message]]
        assert len(moments) == len(SCHEDULE) + 1
        gaps = [later - before for before, later in pairwise(moments)]
        # Each wait is varied by a fifth.
        assert all(gap >= 0.8 * wait for gap, wait in zip(gaps, SCHEDULE, strict=True)), gaps
    assert all(len(attempts[message]) == 1 for message in states.keys() - failed)
    row = _row(calhooks, good, "paced: one beside a receiver that fails for one in six", over)
    row.remark = f"the other gave up {len(failed)}, each after {len(SCHEDULE) + 1} attempts"
    report(row)


def _row(calhooks: System, witness: Witness, fault: str, over: float) -> Row:
    row = Row(fault, calhooks.database)
    reconcile(row, calhooks.engine, calhooks.bookers.all, [witness], over)
    row.missing += owed_to_all(calhooks.engine, [witness])
    return row

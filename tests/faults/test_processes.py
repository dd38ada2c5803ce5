"""Processes that are killed or told to stop in the middle of sends."""

import os
import signal
import time

import pytest

from calhooks.delivery.models.deliveries import INTERRUPTED
from tests.faults.conftest import Start
from tests.faults.course import Report, book_until_the_middle, finish, sending_to, sent_again, workers_of
from tests.faults.witness import Witness
from tests.running import descendants, is_running, wait_until_gone

on_both = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
long = pytest.mark.faults

ATTEMPTS = "SELECT count(*) FROM attempts WHERE error = :error"
LEASES = "SELECT count(*) FROM deliveries WHERE lease_token IS NOT NULL"
GONE_SECONDS = 30.0
# How soon what was claimed by a process that was killed goes out again.
ONE_MACHINE_SECONDS = 3.0


@long
@on_both
def test_killing_the_worker_that_sends_loses_nothing(
    start: Start, usual: list[Witness], held: Witness, report: Report
) -> None:
    calhooks = start(*usual)
    book_until_the_middle(calhooks, held)
    victim = sending_to(calhooks, held)
    os.kill(victim, signal.SIGKILL)
    over = time.monotonic()
    held.let_go()
    finish(calhooks, report, "kill -9 of one worker", over)
    assert sent_again(calhooks, over) < ONE_MACHINE_SECONDS


@long
def test_killing_all_workers_loses_nothing(start: Start, usual: list[Witness], held: Witness, report: Report) -> None:
    calhooks = start(*usual)
    book_until_the_middle(calhooks, held)
    for worker in workers_of(calhooks):
        os.kill(worker, signal.SIGKILL)
    over = time.monotonic()
    held.let_go()
    finish(calhooks, report, "kill -9 of all workers", over)
    assert sent_again(calhooks, over) < ONE_MACHINE_SECONDS


@long
@on_both
def test_killing_all_workers_and_the_scheduler_loses_nothing(
    start: Start, usual: list[Witness], held: Witness, report: Report
) -> None:
    calhooks = start(*usual)
    book_until_the_middle(calhooks, held)
    for pid in [*workers_of(calhooks), calhooks.running.pid_of("scheduler")]:
        os.kill(pid, signal.SIGKILL)
    over = time.monotonic()
    held.let_go()
    finish(calhooks, report, "kill -9 of all workers and the scheduler", over)
    assert sent_again(calhooks, over) < ONE_MACHINE_SECONDS


@long
def test_killing_the_scheduler_loses_nothing(start: Start, usual: list[Witness], held: Witness, report: Report) -> None:
    calhooks = start(*usual)
    book_until_the_middle(calhooks, held)
    os.kill(calhooks.running.pid_of("scheduler"), signal.SIGKILL)
    over = time.monotonic()
    held.let_go()
    finish(calhooks, report, "kill -9 of the scheduler", over)


def test_killing_the_web_server_loses_nothing(
    start: Start, usual: list[Witness], held: Witness, report: Report
) -> None:
    calhooks = start(*usual)
    # More people on the page than elsewhere, so that somebody is just pressing the button.
    calhooks.bookers.start(60, page=True)
    calhooks.bookers.start(60, page=True)
    book_until_the_middle(calhooks, held)
    # The one that answers, its parent, and all.
    os.killpg(calhooks.running.pid_of("web"), signal.SIGKILL)
    over = time.monotonic()
    held.let_go()
    finish(calhooks, report, "kill -9 of the web process", over)


@long
def test_killing_the_parent_and_starting_again_loses_nothing(
    start: Start, usual: list[Witness], held: Witness, report: Report
) -> None:
    calhooks = start(*usual)
    book_until_the_middle(calhooks, held)
    family = descendants(calhooks.running.process.pid)
    calhooks.running.process.kill()
    held.let_go()
    wait_until_gone(family, GONE_SECONDS)
    calhooks.start()
    over = time.monotonic()
    finish(calhooks, report, "kill -9 of app.py, started again", over)


@long
@on_both
def test_killing_everything_at_once_and_starting_again_loses_nothing(
    start: Start, usual: list[Witness], held: Witness, report: Report
) -> None:
    calhooks = start(*usual)
    book_until_the_middle(calhooks, held)
    parent = calhooks.running.process.pid
    for pid in [parent, *descendants(parent)]:
        os.kill(pid, signal.SIGKILL)
    held.let_go()
    calhooks.running.process.wait()
    calhooks.start()
    over = time.monotonic()
    finish(calhooks, report, "kill -9 of every process, started again", over)
    assert calhooks.count(ATTEMPTS, error=INTERRUPTED) > 0


@long
@on_both
def test_stopping_under_load_finishes_what_is_under_way_and_gives_the_rest_back(
    start: Start, usual: list[Witness], held: Witness, report: Report
) -> None:
    hung = Witness("hung")
    calhooks = start(*usual, hung)
    book_until_the_middle(calhooks, held)
    hung.hold()
    hung.wait_until_held(1)
    web, workers = calhooks.running.pid_of("web"), workers_of(calhooks)
    calhooks.running.process.send_signal(signal.SIGTERM)
    told = time.monotonic()
    # The workers are told next; what waits for `held` has an answer before their time is up, `hung` has none.
    wait_until_gone([web], GONE_SECONDS)
    assert any(is_running(worker) for worker in workers)
    held.let_go()
    calhooks.running.process.wait(GONE_SECONDS)
    took = time.monotonic() - told
    assert calhooks.count(LEASES) == 0
    given_back = calhooks.count(ATTEMPTS, error=INTERRUPTED)
    assert given_back > 0
    hung.let_go()
    calhooks.start()
    over = time.monotonic()
    finish(calhooks, report, "SIGTERM under load, started again", over, f"stopped after {took:.1f} s")
    # Who got the time to answer was not asked again.
    twice = [each for each in held.arrivals if each.attempt > 1]
    assert twice == []
    assert calhooks.count(ATTEMPTS, error=INTERRUPTED) == given_back


@long
def test_stopping_one_worker_under_load_loses_nothing(
    start: Start, usual: list[Witness], held: Witness, report: Report
) -> None:
    calhooks = start(*usual)
    book_until_the_middle(calhooks, held)
    worker = sending_to(calhooks, held)
    os.kill(worker, signal.SIGTERM)
    over = time.monotonic()
    held.let_go()
    wait_until_gone([worker], GONE_SECONDS)
    finish(calhooks, report, "SIGTERM of one worker", over)
    assert calhooks.count(ATTEMPTS, error=INTERRUPTED) == 0

"""A Redis that forgets, dies, or hangs: it only says "look now", so nothing may be lost and nobody may wait."""

import os
import signal
import time
from statistics import median

import pytest
from redis import Redis

from calhooks.delivery.queue.client import QUICK_SECONDS
from tests.faults.conftest import Start
from tests.faults.course import Report, book_until_the_middle, finish
from tests.faults.reconcile import Done
from tests.faults.servers import RedisServer
from tests.faults.witness import Witness

on_both = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
long = pytest.mark.faults

AWAY_SECONDS = 20.0


@on_both
def test_emptying_redis_loses_nothing(start: Start, usual: list[Witness], held: Witness, report: Report) -> None:
    calhooks = start(*usual)
    book_until_the_middle(calhooks, held)
    Redis.from_url(calhooks.config.redis_url).flushall()
    over = time.monotonic()
    held.let_go()
    finish(calhooks, report, "Redis: FLUSHALL", over)


@pytest.mark.only_on("embedded redis", "about the embedded Redis")
@long
def test_killing_the_embedded_redis_loses_nothing(
    start: Start, usual: list[Witness], held: Witness, report: Report
) -> None:
    calhooks = start(*usual)
    book_until_the_middle(calhooks, held)
    os.kill(calhooks.running.pid_of("redis"), signal.SIGKILL)
    over = time.monotonic()
    held.let_go()
    finish(calhooks, report, "Redis: kill -9, empty restart", over)


@long
@on_both
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_nobody_notices_that_redis_is_away(
    start: Start, redis_server: RedisServer, report: Report, how: signal.Signals
) -> None:
    calhooks = start(Witness("one"), Witness("other"), REDIS_URL=redis_server.url, CALHOOKS_RATE_LIMITS="on")
    calhooks.bookers.start(250, 8)
    # One network may book 60 times a minute.
    calhooks.bookers.start(50, 1.6, page=True)
    calhooks.bookers.wait_for(80)
    away = time.monotonic()
    redis_server.send(how)
    time.sleep(AWAY_SECONDS)
    delivered_without = sum(each.at > away for witness in calhooks.witnesses for each in witness.arrivals)
    over = time.monotonic()
    if how == signal.SIGKILL:
        redis_server.start()
    else:
        redis_server.send(signal.SIGCONT)
    medians = [_medians(done, away, over) for done in (calhooks.bookers.done, calhooks.bookers.by_page)]
    fault = f"Redis: {'gone' if how == signal.SIGKILL else 'hangs'} for {AWAY_SECONDS:g} s"
    remark = ", ".join(f"{before * 1000:.0f} → {during * 1000:.0f} ms" for before, during in medians)
    finish(calhooks, report, fault, over, f"median booking by service, by page: {remark}")
    assert calhooks.bookers.troubles == []
    assert delivered_without > 0
    for before, during in medians:
        assert during < before + QUICK_SECONDS


def _medians(done: list[Done], away: float, over: float) -> tuple[float, float]:
    """Return how long bookings took before Redis was away and while it was."""
    before = [each.seconds for each in done if each.at <= away]
    during = [each.seconds for each in done if away < each.at - each.seconds and each.at <= over]
    return median(before), median(during)

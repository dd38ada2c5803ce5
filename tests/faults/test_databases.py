"""A database that is restarted under load, and one with many writers."""

import time
from statistics import quantiles

import pytest

from tests.faults.conftest import Start
from tests.faults.course import PAGE_STORIES, Report, book_until_the_middle, finish
from tests.faults.servers import PostgresCluster
from tests.faults.witness import Witness

long = pytest.mark.faults
on_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

WRITERS = 8


@long
@on_postgresql
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_restarting_postgresql_under_load_loses_nothing(
    start: Start, usual: list[Witness], held: Witness, report: Report, cluster: PostgresCluster, mode: str
) -> None:
    calhooks = start(*usual)
    book_until_the_middle(calhooks, held)
    cluster.stop(mode)
    try:
        held.let_go()
        # Somebody books and is told that it did not work, and workers have something to write down, in the meantime.
        calhooks.bookers.wait_for_trouble()
        calhooks.running.wait_for("the database is away, results are kept")
    finally:
        cluster.start()
    over = time.monotonic()
    finish(calhooks, report, f"PostgreSQL: restarted ({mode})", over)


@long
@on_postgresql
def test_a_postgresql_that_refuses_writes_for_a_while_loses_nothing(
    start: Start, usual: list[Witness], held: Witness, report: Report, cluster: PostgresCluster
) -> None:
    calhooks = start(*usual)
    calhooks.bookers.start(PAGE_STORIES, 1, page=True)
    book_until_the_middle(calhooks, held)
    cluster.read_only(True)
    try:
        held.let_go()
        calhooks.bookers.wait_for_trouble("the page answered 503: This can't be saved right now")
        calhooks.running.wait_for("the database is away, results are kept")
    finally:
        cluster.read_only(False)
    over = time.monotonic()
    row = finish(calhooks, report, "PostgreSQL: read-only", over)
    assert row.duplicates == 0


@on_sqlite
def test_eight_writers_never_find_sqlite_locked(start: Start, usual: list[Witness], report: Report) -> None:
    calhooks = start(*usual)
    for number in range(WRITERS):
        calhooks.bookers.start(30, page=number == 0)
    calhooks.bookers.finish()
    over = max(each.at for each in calhooks.bookers.all)
    longest = quantiles([each.seconds for each in calhooks.bookers.done], n=100)
    remark = f"booking by service: median {longest[49] * 1000:.0f} ms, 99 % {longest[98] * 1000:.0f} ms"
    finish(calhooks, report, f"SQLite: {WRITERS} writers at once", over, remark)
    assert calhooks.bookers.troubles == []

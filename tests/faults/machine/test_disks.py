"""A disk that is full, or that refuses every write, for a while."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import text

from tests.faults.conftest import Start
from tests.faults.course import PAGE_STORIES, Report, book_until_the_middle, finish
from tests.faults.machine.disks import Disk
from tests.faults.system import System
from tests.faults.witness import Witness

pytestmark = [pytest.mark.faults, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

FAULT_SECONDS = 10.0
RECOVERY_SECONDS = 30.0
READ_ONLY_PAGES = ("/host", "/host/call", "/login")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """The disk that the data directory is on."""
    disk = Disk(tmp_path / "disk.img", tmp_path / "data")
    yield disk
    disk.close()


def test_a_full_disk_refuses_bookings_and_loses_nothing(
    disk: Disk, start: Start, usual: list[Witness], held: Witness, report: Report
) -> None:
    calhooks = start(*usual)
    calhooks.bookers.start(PAGE_STORIES, 1, page=True)
    book_until_the_middle(calhooks, held)
    disk.fill()
    held.let_go()
    use_without_storing(calhooks)
    disk.free()
    finish_whole(calhooks, report, "disk: full")


def test_a_disk_that_refuses_writes_loses_nothing(
    disk: Disk, start: Start, usual: list[Witness], held: Witness, report: Report
) -> None:
    calhooks = start(*usual)
    calhooks.bookers.start(PAGE_STORIES, 1, page=True)
    book_until_the_middle(calhooks, held)
    with disk.read_only():
        held.let_go()
        use_without_storing(calhooks)
    finish_whole(calhooks, report, "disk: read-only")


def use_without_storing(calhooks: System) -> None:
    """Read pages and try to book while nothing can be stored."""
    calhooks.bookers.wait_for_trouble("the page answered 503: This can't be saved right now")
    until = time.monotonic() + FAULT_SECONDS
    while time.monotonic() < until:
        for path in READ_ONLY_PAGES:
            assert requests.get(calhooks.running.url + path, timeout=30).status_code == 200
        time.sleep(1)


def finish_whole(calhooks: System, report: Report, fault: str) -> None:
    """Finish, and see that nothing was written by halves."""
    row = finish(calhooks, report, fault, time.monotonic())
    assert row.recovery < RECOVERY_SECONDS
    assert "Traceback" not in calhooks.said
    with calhooks.engine.connect() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []

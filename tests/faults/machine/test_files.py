"""Processes that can open no file, no socket and no pipe for a while."""

import os
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests

from tests.faults.conftest import Start
from tests.faults.course import PAGE_STORIES, Report, book_until_the_middle, finish, sending_to
from tests.faults.witness import Witness
from tests.running import descendants

long = pytest.mark.faults

FAULT_SECONDS = 10.0
# A worker is killed meanwhile: its leases expire after 30 seconds.
RECOVERY_SECONDS = 40.0


@contextmanager
def without_descriptors(pids: list[int]) -> Iterator[None]:
    """Have processes keep what is open, and open nothing more."""
    former = {pid: resource.prlimit(pid, resource.RLIMIT_NOFILE) for pid in pids}
    for pid, (_, hard) in former.items():
        # Linux gives out the lowest number that is free, and none from the limit on.
        opened = {int(each.name) for each in Path(f"/proc/{pid}/fd").iterdir()}
        lowest = next(number for number in range(len(opened) + 1) if number not in opened)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        for pid, limits in former.items():
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)


@long
def test_processes_without_descriptors_lose_nothing(
    start: Start, usual: list[Witness], held: Witness, report: Report
) -> None:
    calhooks = start(*usual)
    calhooks.bookers.start(PAGE_STORIES, 1, page=True)
    book_until_the_middle(calhooks, held)
    victim = sending_to(calhooks, held)
    parent = calhooks.running.process.pid
    with without_descriptors([parent, *descendants(parent)]):
        os.kill(victim, signal.SIGKILL)
        held.let_go()
        time.sleep(FAULT_SECONDS)
        calhooks.running.wait_for("cannot be started: Too many open files. Trying again in")
    over = time.monotonic()
    row = finish(calhooks, report, "descriptors: none left", over)
    assert row.recovery < RECOVERY_SECONDS
    assert "Traceback" not in calhooks.said
    for path in ("/host/call", "/login", "/readyz"):
        assert requests.get(calhooks.running.url + path, timeout=30).status_code == 200

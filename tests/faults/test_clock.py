"""A clock that jumps while deliveries are under way and retries are waiting."""

import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.faults.conftest import Start
from tests.faults.course import Report, book_until_the_middle, finish
from tests.faults.system import System
from tests.faults.witness import Witness

long = pytest.mark.faults

HOUR_SECONDS = 3600
LIBRARY = "libfaketimeMT.so.1"
# What is due again after a jump must not wait for the hour to pass.
RECOVERY_SECONDS = 60


def library() -> Path:
    """Return Debian's libfaketime."""
    found = next(iter(Path("/usr/lib").glob(f"*/faketime/{LIBRARY}")), None)
    if found is None:
        pytest.skip("faketime is not installed")
    return found


def wait_until_jumped(calhooks: System, hours: int) -> None:
    """Wait until the web server's own clock has followed."""
    deadline = time.monotonic() + 30
    while True:
        with urlopen(f"{calhooks.running.url}/healthz", timeout=10) as answer:
            ahead = parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time()
        if abs(ahead - hours * HOUR_SECONDS) < HOUR_SECONDS / 2:
            return
        assert time.monotonic() < deadline, "the clock did not jump"
        time.sleep(0.1)


@long
@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_jumps_delays_nothing_for_long(
    start: Start, usual: list[Witness], held: Witness, report: Report, tmp_path: Path, hours: int
) -> None:
    offset = tmp_path / "offset"
    offset.write_text("+0\n")
    calhooks = start(
        *usual,
        LD_PRELOAD=str(library()),
        FAKETIME_TIMESTAMP_FILE=str(offset),
        FAKETIME_CACHE_DURATION="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
        NO_FAKE_STAT="1",
        PYTHONPATH=str(Path(__file__).parent / "faketime"),
    )
    book_until_the_middle(calhooks, held)
    offset.write_text(f"{hours * HOUR_SECONDS:+d}\n")
    over = time.monotonic()
    wait_until_jumped(calhooks, hours)
    held.let_go()
    row = finish(calhooks, report, f"clock: {hours:+d} hour", over)
    assert row.recovery < RECOVERY_SECONDS

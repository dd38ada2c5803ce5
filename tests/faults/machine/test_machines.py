"""Two machines that share a PostgreSQL and a Redis, one of which goes away."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.faults.conftest import Start
from tests.faults.course import Report, book_until_the_middle, finish, sending_to
from tests.faults.system import System
from tests.faults.witness import Witness
from tests.running import Running, descendants, free_port

long = pytest.mark.faults

# A dead machine's workers are missed after ten seconds without a heartbeat.
RECOVERY_SECONDS = 15.0
BOTH_SECONDS = 30.0


@long
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_killing_one_of_two_machines_loses_nothing(
    start: Start, usual: list[Witness], held: Witness, report: Report, tmp_path: Path
) -> None:
    # The first to start: its scheduler is at work, and the other's has to take over.
    calhooks = start(*usual, SECRET_KEY="the same letters on both machines")
    doomed = calhooks.running
    port = free_port()
    own = {
        "CALHOOKS_DATA_DIR": str(tmp_path / "other"),
        "CALHOOKS_PORT": str(port),
        "CALHOOKS_BASE_URL": f"http://127.0.0.1:{port}",
    }
    with Running(doomed.environ | own) as other:
        other.wait_until_ready()
        calhooks.outputs.append(other)
        calhooks.bookers.page = f"http://127.0.0.1:{port}/host/call"
        book_until_the_middle(calhooks, held)
        # The page is the other machine's; here, both machines send.
        wait_until_sending(calhooks, held)
        for pid in [doomed.process.pid, *descendants(doomed.process.pid)]:
            os.kill(pid, signal.SIGKILL)
        over = time.monotonic()
        held.let_go()
        row = finish(calhooks, report, "kill -9 of one of two machines", over)
    assert row.recovery < RECOVERY_SECONDS


def wait_until_sending(calhooks: System, held: Witness) -> None:
    """Wait until a worker of the first machine waits for an answer."""
    deadline = time.monotonic() + BOTH_SECONDS
    while True:
        try:
            sending_to(calhooks, held)
            return
        except StopIteration:
            assert time.monotonic() < deadline, "the other machine sends everything"
            time.sleep(0.1)

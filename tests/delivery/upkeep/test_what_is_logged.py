"""What the log says of processes that have died."""

import subprocess
import sys

import pytest
from sqlalchemy.orm import Session

from calhooks.delivery.processes.machine import this_machine
from calhooks.delivery.upkeep.dead_workers import Watch
from tests.delivery.upkeep.test_dead_workers import heart


@pytest.mark.parametrize(
    ("kind", "then"),
    [("worker", "what it was sending goes out again"), ("scheduler", "the next scheduler takes over")],
)
def test_a_process_that_has_died_is_named_once_with_what_follows(
    session: Session, caplog: pytest.LogCaptureFixture, kind: str, then: str
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    heart("dead" * 3, ended.pid, this_machine(), kind=kind)
    for _ in range(2):
        Watch().look(by_heartbeat=False)
    assert caplog.messages == [f"The {kind} host:deaddeaddead has died; {then}"]

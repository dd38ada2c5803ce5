"""How soon a child that has ended is started again."""

import signal
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from calhooks.config import Config
from calhooks.supervisor import child as children
from calhooks.supervisor.child import Child
from calhooks.supervisor.commands import Command
from calhooks.supervisor.forks import Preloaded
from tests.delivery.helpers import wait_until

WAITS = "import signal; signal.pause()"
FAILS = "raise SystemExit(1)"


@pytest.fixture
def boot(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock by which a child counts, to be moved."""
    moment = [1000.0]
    monkeypatch.setattr(children, "time", SimpleNamespace(monotonic=lambda: moment[0]))
    return moment


@pytest.fixture
def make(config: Config) -> Iterator[Callable[[str], Child]]:
    """Make a child that runs a piece of code; it ends with the test."""
    made: list[Child] = []

    def of(code: str) -> Child:
        made.append(Child(Command("worker 1", (sys.executable, "-c", code)), Preloaded(config)))
        return made[-1]

    yield of
    for each in made:
        each.send(signal.SIGKILL)


def pauses(child: Child, boot: list[float], runs: float, *, kill: bool) -> list[float]:
    """Have a child run for `runs` seconds and end, five times, and return the seconds until each next start."""
    found = []
    for _ in range(5):
        child.start().close()
        boot[0] += runs
        if kill:
            child.send(signal.SIGKILL)
        wait_until(lambda: child.ended() is not None)
        assert child.start_at is not None
        found.append(child.start_at - boot[0])
        boot[0] = child.start_at
    return found


def test_a_child_that_is_killed_again_and_again_is_as_soon_back_as_the_first_time(
    make: Callable[[str], Child], boot: list[float]
) -> None:
    assert pauses(make(WAITS), boot, 3, kill=True) == [0.5] * 5


@pytest.mark.parametrize(("code", "runs", "kill"), [(FAILS, 3, False), (WAITS, 0.5, True)])
def test_a_child_that_fails_or_is_killed_at_its_start_is_tried_more_and_more_rarely(
    make: Callable[[str], Child], boot: list[float], code: str, runs: float, kill: bool
) -> None:
    assert pauses(make(code), boot, runs, kill=kill) == [0.5, 1, 2, 4, 8]

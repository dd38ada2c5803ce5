"""Whether a process still runs, told by its id without mistaking another for it."""

import os
import signal
import subprocess
import sys

import pytest

from calhooks.delivery.processes.machine import Life, life_of, start_of, this_machine
from tests.delivery.helpers import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows processes in /proc")


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])


def test_a_process_runs_is_stopped_and_is_gone_even_before_anyone_has_asked_for_its_status() -> None:
    process = sleeper()
    try:
        started = start_of(process.pid)
        assert life_of(process.pid, started) is Life.RUNNING
        process.send_signal(signal.SIGSTOP)
        wait_until(lambda: life_of(process.pid, started) is Life.STOPPED)
        process.send_signal(signal.SIGCONT)
        wait_until(lambda: life_of(process.pid, started) is Life.RUNNING)
    finally:
        process.kill()
    # A zombie, until its parent waits for it.
    wait_until(lambda: life_of(process.pid, started) is Life.GONE)
    process.wait()
    assert life_of(process.pid, started) is Life.GONE


def test_another_process_with_the_same_id_is_no_proof_of_life() -> None:
    started = start_of(os.getpid())
    assert started is not None
    assert life_of(os.getpid(), started) is Life.RUNNING
    assert life_of(os.getpid(), started - 1) is Life.GONE


def test_a_process_whose_start_is_not_known_may_be_another_one() -> None:
    assert life_of(os.getpid(), None) is Life.UNKNOWN


def in_namespace(*options: str) -> str:
    """Return what a process in a PID namespace of its own takes for its machine."""
    script = "from calhooks.delivery.processes.machine import this_machine; print(this_machine())"
    command = ["unshare", "--pid", "--fork", *options, sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True)
    if "unshare" in done.stderr:
        pytest.skip(f"namespaces are not allowed here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_container_is_another_machine() -> None:
    assert this_machine() == this_machine() != ""
    assert in_namespace("--mount-proc") not in ("", this_machine())


def test_where_proc_shows_another_namespace_ids_mean_nothing() -> None:
    assert in_namespace() == ""

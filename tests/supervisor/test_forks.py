"""Workers and the scheduler as forks: what they share, and what of the supervisor they must not have."""

import errno
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from calhooks.config import Config
from calhooks.supervisor.commands import Command
from calhooks.supervisor.forks import Preloaded
from tests.running import ROOT, Running

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has forks that survive")

OF_PAGES = ("calhooks.web", "flask_wtf", "wtforms", "flask_limiter", "limits", "htmx_flask", "markdown_it", "nh3")
OF_OTHERS = ("gunicorn", "alembic", "flask_migrate", "valkey", "pytest")
OF_MAILS = ("icalendar", "babel", "dateutil")

# A process like the supervisor: it has a port, a lock, signal handlers and what the forks need, and no other threads.
LIKE_THE_SUPERVISOR = """
import json, os, random, signal, socket, sys, threading
from pathlib import Path
from calhooks import config
from calhooks.supervisor import forks
from calhooks.supervisor.commands import Command

def fork(name):
    argv = (sys.executable, "-c", "print('a program of its own')", "flask", name)
    process = preloaded.fork(Command(name, argv, flask_command=name), None)
    return process, lambda: (process.stdout.readall().decode(), os.waitpid(process.pid, 0)[1])

signal.set_wakeup_fd(os.open(os.devnull, os.O_WRONLY | os.O_NONBLOCK), warn_on_full_buffer=False)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
    signal.signal(number, lambda *_: None)
port, lock = socket.create_server(("127.0.0.1", 0)), open(os.devnull)
preloaded = forks.Preloaded(config.load())
before = {each.name for each in Path("/proc/self/fd").iterdir()}
assert preloaded.ready_for(Command("worker 1", (), flask_command="worker"))

@preloaded._app.cli.command("state")
def state():
    print(json.dumps({
        "files": [os.readlink(each) for each in Path("/proc/self/fd").iterdir() if each.exists()],
        "random": random.random(),
        "handled": [str(number) for number in (signal.SIGTERM, signal.SIGCHLD) if signal.getsignal(number)],
        "command": Path("/proc/self/cmdline").read_text(),
        "leads": os.getpgid(0) == os.getpid(),
        "masked": len(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        "wakes": signal.set_wakeup_fd(-1),
    }))

@preloaded._app.cli.command("wait")
def wait():
    signal.pause()

@preloaded._app.cli.command("fail")
def fail():
    raise OSError("no room")
"""


def report_of(code: str, environ: dict[str, str]) -> Any:
    """Run code after the above and return what it prints as JSON."""
    inherited = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", LIKE_THE_SUPERVISOR + code],
        cwd=ROOT,
        env=inherited | environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [("calhooks.worker", OF_PAGES + OF_OTHERS + OF_MAILS), ("calhooks.scheduler", OF_PAGES + OF_OTHERS)],
)
def test_a_process_without_pages_loads_nothing_that_only_others_need(
    environ: dict[str, str], module: str, forbidden: tuple[str, ...]
) -> None:
    code = f"import sys, app; app.background; import {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | environ, capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) & set(forbidden) == set()


def test_a_worker_has_loaded_what_reads_the_time_of_a_job() -> None:
    # strptime() opens a file at its first use, for which there may be no descriptor then.
    code = "import sys, calhooks.delivery.queue.worker; print('_strptime' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


@on_linux
def test_what_is_loaded_before_a_fork_has_no_thread_and_no_file(environ: dict[str, str]) -> None:
    code = """
after = {each.name for each in Path("/proc/self/fd").iterdir()}
print(json.dumps([threading.active_count(), sorted(after - before)]))
"""
    assert report_of(code, environ) == [1, []]


@on_linux
def test_a_fork_has_its_own_command_line_group_and_chance_and_no_file_or_handler_of_the_supervisor(
    environ: dict[str, str],
) -> None:
    code = """
print(json.dumps([json.loads(fork("state")[1]()[0]) for _ in range(2)]))
"""
    first, second = report_of(code, environ)
    assert first.pop("random") != second.pop("random")
    assert sorted(name.split(":")[0] for name in first.pop("files")) == ["/dev/null", "pipe", "pipe"]
    assert first.pop("command").endswith("\0flask\0state\0")
    assert first == {"handled": [], "leads": True, "masked": 0, "wakes": -1}


@on_linux
def test_a_fork_that_fails_says_why_and_ends_with_a_status(environ: dict[str, str]) -> None:
    said, status = report_of("""print(json.dumps(fork("fail")[1]()))""", environ)
    assert "OSError: no room" in said
    assert os.waitstatus_to_exitcode(status) == 1


@on_linux
def test_a_fork_that_is_told_to_stop_in_its_first_instant_stops(environ: dict[str, str]) -> None:
    code = """
process, ended = fork("wait")
os.killpg(process.pid, signal.SIGTERM)
print(json.dumps(ended()))
"""
    assert os.waitstatus_to_exitcode(report_of(code, environ)[1]) == -signal.SIGTERM


@on_linux
@pytest.mark.parametrize("spare", [1, 3])
def test_without_descriptors_to_spare_a_fork_fails_and_keeps_none(environ: dict[str, str], spare: int) -> None:
    code = f"""
import resource
def count():
    return len(list(Path("/proc/self/fd").iterdir()))
files = count()
limits = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (files - 1 + {spare}, limits[1]))
try:
    fork("state")
except OSError as error:
    failure = error.strerror
resource.setrlimit(resource.RLIMIT_NOFILE, limits)
print(json.dumps([failure, count() - files]))
"""
    assert report_of(code, environ) == [os.strerror(errno.EMFILE), 0]


@on_linux
def test_where_the_kernel_shows_no_other_command_line_it_becomes_a_program(environ: dict[str, str]) -> None:
    code = """
def refuse(argv):
    raise OSError
forks.set_command_line = refuse
print(json.dumps(fork("state")[1]()))
"""
    assert report_of(code, environ) == ["a program of its own\n", 0]


def test_what_cannot_be_loaded_is_left_to_the_programs_which_say_why(config: Config) -> None:
    preloaded = Preloaded(replace(config, database_url="nosuch://database"))
    assert not preloaded.ready_for(Command("worker 1", (), flask_command="worker"))


@on_linux
def test_workers_and_the_scheduler_share_memory_and_are_found_by_their_commands(environ: dict[str, str]) -> None:
    with Running({name: value for name, value in environ.items() if name != "CALHOOKS_BASE_URL"}) as running:
        running.wait_until_ready()
        os.kill(running.pid_of("worker 2"), signal.SIGKILL)
        running.wait_for("worker 2: running again")
        for name, command in (("worker 1", "worker"), ("worker 2", "worker"), ("scheduler", "scheduler")):
            process = Path(f"/proc/{running.pid_of(name)}")
            assert process.joinpath("cmdline").read_text().endswith(f"/app.py\0flask\0{command}\0")
            sizes = dict(line.split()[:2] for line in process.joinpath("smaps_rollup").read_text().splitlines()[1:])
            assert int(sizes["Shared_Dirty:"]) > int(sizes["Anonymous:"]) / 2

"""A real `python app.py`, for tests that start, kill and stop it as a person or a machine would."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self
from urllib.error import HTTPError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
OURS = ("CALHOOKS_", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "MAIL_", "TEST_")
# A machine that is busy with other tests takes its time.
START_SECONDS = 180.0


class Running:
    """One `python app.py` with its output; leaving the `with` block ends it and all that belongs to it."""

    def __init__(self, environ: Mapping[str, str], command: tuple[str, ...] = ()) -> None:
        self.command = (*command, sys.executable, str(ROOT / "app.py"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        own = {"CALHOOKS_PORT": str(self.port), "CALHOOKS_BASE_URL": self.url}
        self.environ = inherited | own | dict(environ)
        self._news = threading.Condition()
        self._lines: list[str] = []

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self.command,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        family = [self.process.pid, *descendants(self.process.pid)]
        self.process.kill()
        self.process.wait()
        for pid in family:
            if is_running(pid):
                os.kill(pid, signal.SIGKILL)
        self._reader.join()

    @property
    def output(self) -> str:
        """Everything printed so far."""
        with self._news:
            return "\n".join(self._lines)

    def wait_until_ready(self) -> Self:
        """Wait for the banner's last line."""
        self.wait_for("Ctrl-C stops everything.")
        return self

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait until lines with `text` have been printed so many times."""
        with self._news:
            self._news.wait_for(lambda: self._said(text) >= times or self.process.poll() is not None, START_SECONDS)
            assert self._said(text) >= times, "\n".join(self._lines)

    def pid_of(self, name: str) -> int:
        """Return the id that the banner, or a later line, gives for a child."""
        starts = (f"  {name:<10} process ", f"calhooks   | {name}: running again, process ")
        lines = [line for line in self.output.splitlines() if line.startswith(starts)]
        return int(lines[-1].split("process ")[1].rstrip("."))

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Send a signal, wait for the end and return how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(START_SECONDS)
        return time.monotonic() - began

    def status_of(self, path: str) -> int:
        """Return the status with which a page answers."""
        try:
            with urlopen(self.url + path, timeout=30) as response:
                return int(response.status)
        except HTTPError as error:
            return error.code

    def text_of(self, path: str) -> str:
        """Return what a page says."""
        with urlopen(self.url + path, timeout=30) as response:
            return str(response.read().decode())

    def _said(self, text: str) -> int:
        return sum(text in line for line in self._lines)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self._lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._news.notify_all()


def on_another_day() -> bool:
    """Tell whether tools/on-day has set the clock."""
    return "FAKETIME" in os.environ


def real_clock() -> dict[str, str]:
    """Return the environment for a program that keeps the machine's clock on another day too."""
    return {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}


def free_port() -> int:
    """Return a port that nothing uses at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def descendants(pid: int) -> list[int]:
    """List the processes below one."""
    table = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = [(int(child), int(parent)) for child, parent in map(str.split, table.splitlines())]
    found: list[int] = []
    wanted = [pid]
    while wanted:
        wanted = [child for child, parent in parents if parent in wanted]
        found += wanted
    return found


def is_running(pid: int) -> bool:
    """Tell whether a process is there and not just waiting to be buried."""
    state = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")


def wait_until_gone(pids: list[int], seconds: float) -> None:
    """Wait for processes to end and fail, naming them, if they do not."""
    deadline = time.monotonic() + seconds
    while left := [pid for pid in pids if is_running(pid)]:
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.05)

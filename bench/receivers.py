"""Receivers on loopback, each a process of its own, so that they take nothing from the thread that drives a row."""

import json
import subprocess
import sys
from http.client import HTTPConnection
from typing import Self


class Receiver:
    """A small fast receiver that answers 200, or never, and notes when each delivery's first byte came."""

    def __init__(self, *, hangs: bool = False) -> None:
        command = [sys.executable, "-m", "bench.receiver", *(["--hang"] if hangs else [])]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())
        self.url = f"http://127.0.0.1:{self._port}/hook"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process.kill()
        self._process.wait()

    def take(self) -> list[tuple[float, str]]:
        """Return when (monotonic, in seconds) which `webhook-id` came since this was last asked."""
        connection = HTTPConnection("127.0.0.1", self._port)
        connection.request("GET", "/taken")
        taken = [(at, message) for at, message in json.load(connection.getresponse())]
        connection.close()
        return taken

"""Receivers on loopback, each a process of its own, so that they take nothing from the thread that drives a row."""

import json
import subprocess
import sys
from http.client import HTTPConnection
from typing import Self


class Receiver:
    """A small fast receiver that notes when each delivery's first byte came; `options` are those of its process."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "bench.receiver", *options]
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
        return [(at, message) for at, message in json.loads(self._ask("/taken"))]

    def take_others(self) -> list[tuple[float, str]]:
        """Return the same of what it answered with a failure or a refusal."""
        return [(at, message) for at, message in json.loads(self._ask("/others"))]

    def come_up(self) -> None:
        """Have one that is down take everything from now on."""
        self._ask("/up")

    def _ask(self, path: str) -> bytes:
        connection = HTTPConnection("127.0.0.1", self._port)
        connection.request("GET", path)
        said = connection.getresponse().read()
        connection.close()
        return said

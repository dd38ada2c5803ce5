"""Start the application of echo.py."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.running import ROOT, START_SECONDS, free_port
from tests.server.client import Address, exchange


@contextmanager
def serving(*options: str, prefix: Sequence[str] = ()) -> Iterator[tuple[Address, subprocess.Popen[bytes]]]:
    """Give the address and the process of a gunicorn that answers; the end of the block ends it.

    `options` are gunicorn's; `prefix` is a command that starts the one behind it.
    """
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", "python:tests.server.echo", "--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen([*prefix, *command, *options], cwd=ROOT)
    address = ("127.0.0.1", port)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not exchange(address, b"GET / HTTP/1.0\r\n\r\n"):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)
        yield address, process
    finally:
        process.terminate()
        process.wait()

"""An application that answers with what reached it, and gunicorn's settings for it: few connections, short waits."""

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

from calhooks import logs

Start = Callable[[str, list[tuple[str, str]]], object]

wsgi_app = "tests.server.echo:app"
worker_class = "calhooks.server.worker.BufferingWorker"
threads = 2
worker_connections = 40
keepalive = 3
graceful_timeout = 10
control_socket_disable = True
loglevel = "warning"
FAULTS: dict[str, type[BaseException]] = {"value": ValueError, "os": OSError, "exit": SystemExit}


def post_worker_init(_worker: object) -> None:
    """Format the log as calhooks does."""
    logs.init_app()


def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    """Answer with `bytes` bytes, or with a JSON object that says what was asked.

    The answer takes `wait` seconds, in which `files` keeps all files open that the process may open.
    """
    asked = dict(parse_qsl(environ["QUERY_STRING"]))
    files = _all_files() if "files" in asked else []
    began = time.process_time()
    time.sleep(float(asked.get("wait", 0)))
    busy = time.process_time() - began
    for each in files:
        os.close(each)
    if refused := environ.get("HTTP_refused"):
        start_response(f"{refused} Refused", [("Content-Length", "7")])
        return [b"refused"] if environ["REQUEST_METHOD"] == "GET" else []
    if "fails" in asked:
        raise ValueError("an application that fails")
    if "breaks" in asked:
        start_response("200 OK", [])
        return _broken(FAULTS[asked["breaks"]])
    if "parts" in asked:
        start_response("200 OK", [])
        return (b"part" for _ in range(int(asked["parts"])))
    body = environ["wsgi.input"].read()
    said = {"method": environ["REQUEST_METHOD"], "path": environ["PATH_INFO"], "body": body.decode("latin-1")}
    said |= {"query": len(environ["QUERY_STRING"]), "script": environ["SCRIPT_NAME"], "busy": busy}
    said["scheme"] = environ["wsgi.url_scheme"]
    answer = b"x" * int(asked["bytes"]) if "bytes" in asked else json.dumps(said).encode()
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]


def _broken(fault: type[BaseException]) -> Iterator[bytes]:
    yield b"part"
    raise fault("a fault\n[2026-11-28] forged \x1b[31m")


def _all_files() -> list[int]:
    files = []
    with suppress(OSError):
        while True:
            files.append(os.open(os.devnull, os.O_RDONLY))
    return files

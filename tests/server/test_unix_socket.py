"""A client of a Unix socket is not trusted more than any other."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.client import read_all, statuses
from tests.server.serving import serving


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The Unix socket of a server."""
    path = tmp_path_factory.mktemp("unix") / "s"
    with serving("--bind", f"unix:{path}"):
        yield path


@pytest.mark.parametrize(
    "headers",
    [
        b"SCRIPT_NAME: /a\r\n",
        b"SCRIPT_NAME: /elsewhere\r\n",
        b"PATH_INFO: /c\r\n",
        b"X-Forwarded-Proto: https\r\n",
        b"X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off\r\n",
    ],
)
def test_a_client_cannot_choose_the_path_or_the_scheme(path: Path, headers: bytes) -> None:
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(path))
    client.sendall(b"GET /a/b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + b"\r\n")
    answer = read_all(client)
    assert statuses(answer) == [200]
    said = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (said["script"], said["path"], said["scheme"]) == ("", "/a/b", "http")

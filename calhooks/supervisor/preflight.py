"""What must hold before anything is started; what does not is one line for the person who starts it."""

import errno
import fcntl
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from calhooks import config, datadir
from calhooks.config import Config, ConfigError

BACKLOG = 1024


class CannotStart(Exception):
    """Something outside is in the way; str() is the one line to print."""


@dataclass(frozen=True)
class Prepared:
    """The settings, and what is held for as long as calhooks runs: the data directory's lock and the port."""

    settings: Config
    lock: TextIOWrapper
    listener: socket.socket


def prepare() -> Prepared:
    """Read the settings, lock the data directory and take the port. Raises CannotStart."""
    try:
        settings = config.load()
    except ConfigError as error:
        raise CannotStart(str(error)) from error
    lock = lock_directory(settings.data_dir)
    return Prepared(settings, lock, listen(settings.host, settings.port))


def lock_directory(data_dir: Path) -> TextIOWrapper:
    """Hold the directory for this process; the kernel lets go of it however the process ends. Raises CannotStart."""
    path = data_dir / "lock"
    # Whoever can open it can hold it, and keep calhooks from starting.
    datadir.make_private(path)
    try:
        file = path.open("a+")
    except OSError as error:
        raise CannotStart(f"the data directory {data_dir} cannot be written to: {error.strerror}.") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        raise CannotStart(
            f"the data directory {data_dir} is in use by the calhooks with process id {holder};"
            " stop that one or set CALHOOKS_DATA_DIR."
        ) from error
    # A full disk has no room for the number, which is only there to be read.
    with suppress(OSError):
        os.ftruncate(file.fileno(), 0)
        os.write(file.fileno(), f"{os.getpid()}\n".encode())
    return file


def listen(host: str, port: int) -> socket.socket:
    """Take the port for the web server to inherit: nobody is turned away while that restarts. Raises CannotStart."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        both = host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server(address[:2], family=family, backlog=BACKLOG, dualstack_ipv6=both)
    # UnicodeError is what is said of a name that no resolver could be asked for.
    except (socket.gaierror, UnicodeError) as error:
        raise CannotStart(f"CALHOOKS_HOST={host!r} is not a name or an address of this machine.") from error
    except OSError as error:
        raise CannotStart(_why_not(host, port, error)) from error


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is already taken; stop what uses it or set CALHOOKS_PORT."
    if error.errno == errno.EACCES:
        return f"port {port} may not be used by this user; set CALHOOKS_PORT to 1024 or more."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"CALHOOKS_HOST={host!r} is not an address of this machine."
    return f"port {port} on {host} cannot be used: {error.strerror}."

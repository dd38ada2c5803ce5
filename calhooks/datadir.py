"""What calhooks keeps in its data directory: the database, the secret key and the embedded Redis' socket."""

import hashlib
import os
import re
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

# A Unix socket's address holds 108 bytes, the closing NUL included (104 on macOS).
MAX_SOCKET_PATH_LENGTH = 103
MIN_KEY_LENGTH = 32
OWNER_ONLY, OTHERS = 0o600, 0o077
# RQ cannot read what Redis says of a connection whose path has a space, and in a URL some letters mean something else.
PLAIN_PATH = re.compile(r"[\w./+-]+", re.ASCII)


def make(path: Path) -> Path:
    """Make the directory for its owner alone and return it. Raises OSError when it cannot be written to."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not os.access(path, os.W_OK | os.X_OK):
        raise PermissionError(str(path))
    return path


def is_open_to_others(path: Path) -> bool:
    """Tell whether other users of this machine may list the directory, or open files in it."""
    return bool(path.stat().st_mode & OTHERS)


def make_private(path: Path) -> None:
    """Make a file for its owner alone, or take it from others if it exists; where that is not possible, leave it."""
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY))
    take_from_others(path)


def take_from_others(path: Path) -> None:
    """Let nobody but its owner read a file that exists and is this user's."""
    with suppress(OSError):
        if path.stat().st_mode & OTHERS:
            path.chmod(OWNER_ONLY)


def secret_key(data_dir: Path) -> str:
    """Return the key kept in the directory, making it at the first start, also when two processes start at once."""
    path = data_dir / "secret_key"
    try:
        return _kept(path)
    except FileNotFoundError:
        pass
    draft = data_dir / f"secret_key.{os.getpid()}.{secrets.token_hex(4)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        # Also when the disk is full.
        draft.unlink()
    return _kept(path)


def database_url(data_dir: Path) -> str:
    """Return the URL of the SQLite database in the directory, whatever letters its path has."""
    return "sqlite:///" + str(data_dir / "calhooks.sqlite3").replace("%", "%25").replace("?", "%3F")


def redis_socket(data_dir: Path) -> Path:
    """Return where the embedded Redis listens: in the data directory, or in a private one with a plain, short path."""
    path = data_dir / "redis.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH_LENGTH and PLAIN_PATH.fullmatch(str(path)):
        return path
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"calhooks-{os.getuid()}-{digest}" / "redis.sock"


def _kept(path: Path) -> str:
    take_from_others(path)
    key = path.read_text().strip()
    if len(key) < MIN_KEY_LENGTH:
        raise ValueError(f"{path} does not hold a secret key; delete it and a new one is made")
    return key

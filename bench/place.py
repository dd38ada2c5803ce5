"""Where the rows run: for each a calhooks of its own, on an empty database, with a Redis that all share."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Self

import flask_migrate
import psycopg
from flask import Flask
from psycopg import sql
from redis import Redis

from bench.receivers import Receiver
from calhooks import create_app
from calhooks.config import Config
from calhooks.db import db, load_migrations
from calhooks.supervisor import redis_server

ROOT = Path(__file__).resolve().parent.parent
OURS = ("CALHOOKS_", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "MAIL_")
STOP_SECONDS = 20.0
SECRET_KEY = token_hex(32)


class Stage:
    """One row's calhooks. What it starts ends with it; its application's context is the active one."""

    def __init__(self, environ: dict[str, str], ends: ExitStack) -> None:
        self.environ = environ
        self._ends = ends
        self.app: Flask = create_app(Config.from_env(environ))
        ends.callback(self._dispose)
        ends.enter_context(self.app.app_context())

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        """Start `flask worker` and the like."""
        return self.python("-m", "flask", "--app", str(ROOT / "app.py"), *command)

    def python(self, *arguments: str, stdout: int | None = None) -> "subprocess.Popen[bytes]":
        """Start Python with this row's environment."""
        process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=self.environ, stdout=stdout)
        self._ends.callback(_end, process)
        return process

    def receiver(self, *options: str) -> Receiver:
        """Start a receiver, as a process of its own."""
        return self._ends.enter_context(Receiver(*options))

    def _dispose(self) -> None:
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()


class Place:
    """A migrated database to copy for each row, and a Redis. `quick` has rows do a tenth, to try them."""

    def __init__(self, database_url: str, *, quick: bool = False) -> None:
        self._server = database_url
        self._quick = quick
        self._ends = ExitStack()
        self._numbers = count(1)
        # In memory the directory would flatter SQLite: its commits wait for the disk.
        self._directory = Path(self._ends.enter_context(tempfile.TemporaryDirectory(prefix="calhooks-bench-")))
        self._names = f"calhooks_bench_{token_hex(4)}"

    def __enter__(self) -> Self:
        self._redis_url = self._start_redis()
        self._template = self._migrated()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    @property
    def on_sqlite(self) -> bool:
        """Tell whether rows run on SQLite."""
        return not self._server

    @property
    def database(self) -> str:
        """Tell which database it is, with its version."""
        if not self._server:
            return f"SQLite {sqlite3.sqlite_version}"
        with psycopg.connect(_plain(self._server)) as connection:
            return f"PostgreSQL {connection.info.server_version // 10000}"

    def some(self, number: int) -> int:
        """Return how many of a thing a row shall do."""
        return max(2, number // 10) if self._quick else number

    @contextmanager
    def stage(self, **variables: str) -> Iterator[Stage]:
        """Give a row an empty calhooks."""
        number = next(self._numbers)
        data = self._directory / f"row{number}"
        data.mkdir(mode=0o700)
        Redis.from_url(self._redis_url).flushall()
        with ExitStack() as ends:
            environ = self._environ(data) | variables
            if self._server:
                environ["DATABASE_URL"] = self._create(f"{self._names}_{number}", self._template, ends)
            else:
                shutil.copy(self._template, data / "calhooks.sqlite3")
            ends.callback(shutil.rmtree, data)
            yield Stage(environ, ends)

    def _environ(self, data: Path) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        return inherited | {
            "CALHOOKS_DATA_DIR": str(data),
            "CALHOOKS_BASE_URL": "http://localhost",
            "CALHOOKS_EGRESS_ALLOW": "127.0.0.0/8",
            "CALHOOKS_RATE_LIMITS": "off",
            # The copies of one migrated database share its key.
            "SECRET_KEY": SECRET_KEY,
            "REDIS_URL": self._redis_url,
        }

    def _start_redis(self) -> str:
        socket = self._directory / "redis.sock"
        command = [str(redis_server.binary()), "--port", "0", "--unixsocket", str(socket), "--save", ""]
        command += ["--dir", str(self._directory)]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self._ends.callback(_end, server)
        while not socket.exists():
            time.sleep(0.01)
        return f"unix://{socket}"

    def _migrated(self) -> str:
        """Make the empty database; a PostgreSQL server's own databases are left alone."""
        data = self._directory / "migrated"
        url = self._create(f"{self._names}_0", "template1", self._ends) if self._server else ""
        app = create_app(Config.from_env(self._environ(data) | {"DATABASE_URL": url}))
        load_migrations(app)
        with app.app_context():
            flask_migrate.upgrade()
            db.engine.dispose()
        return f"{self._names}_0" if self._server else str(data / "calhooks.sqlite3")

    def _create(self, name: str, template: str, ends: ExitStack) -> str:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._say(statement.format(sql.Identifier(name), sql.Identifier(template)))
        ends.callback(self._say, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        base, _, query = _plain(self._server).partition("?")
        return f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")

    def _say(self, statement: sql.Composed) -> None:
        with psycopg.connect(_plain(self._server), autocommit=True) as connection:
            connection.execute(statement)


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def busy_cores(before: Sequence[int], after: Sequence[int]) -> float:
    """Return how many cores of this machine were at work, from two readings of `processor_times`."""
    passed = [later - earlier for earlier, later in zip(before, after, strict=True)]
    return (os.cpu_count() or 1) * (1 - (passed[3] + passed[4]) / max(1, sum(passed)))


def processor_times() -> list[int]:
    """Read the machine's processor times: user, nice, system, idle, waiting for disks, …"""
    return [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]

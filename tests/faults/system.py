"""One calhooks with a fresh data directory, webhooks with real receivers, and people who book."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from calhooks import create_app
from calhooks.config import Config
from calhooks.db import db
from tests import factories
from tests.faults.reconcile import Done, Row, owed_to_all, reconcile
from tests.faults.witness import Witness
from tests.running import ROOT, Running, free_port

# Far more tries than a fault lasts, each soon.
RETRY_SCHEDULE = ",".join(["1s", *["2s"] * 60])
# How long a machine that is busy with something else may take.
SETTLE_SECONDS = 300.0
BOOKING_SECONDS = 300.0
OPEN = text("SELECT count(*) FROM deliveries WHERE state IN ('due', 'blocked')")
TRIGGERS = ["BOOKING_CREATED", "BOOKING_RESCHEDULED", "BOOKING_CANCELLED"]


class Bookers:
    """Processes in which people book at the same time; what they are told comes in here."""

    def __init__(self, environ: Mapping[str, str], event_type: int, page: str) -> None:
        self._environ = environ
        self._event_type = event_type
        self.page = page
        self._processes: list[subprocess.Popen[str]] = []
        self._readers: list[threading.Thread] = []
        self._news = threading.Condition()
        self.done: list[Done] = []
        self.by_page: list[Done] = []
        self.troubles: list[str] = []

    def start(self, count: int, rate: float = 0, *, page: bool = False) -> None:
        """Have one more process book `count` times, `rate` times a second, through the service or on the page."""
        index = len(self._processes)
        what = {"index": index, "event_type": self._event_type, "count": count, "rate": rate}
        what["page"] = self.page if page else ""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.booking_process", json.dumps(what)],
            cwd=ROOT,
            env=dict(self._environ),
            stdout=subprocess.PIPE,
            text=True,
        )
        reader = threading.Thread(target=self._read, args=(process, self.by_page if page else self.done))
        reader.start()
        self._processes.append(process)
        self._readers.append(reader)

    def wait_for(self, count: int) -> None:
        """Wait until so many things have been done."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.all) >= count, BOOKING_SECONDS), self.troubles[-3:]

    def wait_for_trouble(self, text: str = "") -> None:
        """Wait until somebody was told that something went wrong, in these words."""
        with self._news:
            assert self._news.wait_for(lambda: any(text in each for each in self.troubles), BOOKING_SECONDS)

    def finish(self) -> None:
        """Wait until everybody has done what they came for."""
        for process, reader in zip(self._processes, self._readers, strict=True):
            assert process.wait(BOOKING_SECONDS) == 0, self.troubles[-3:]
            reader.join()

    def close(self) -> None:
        """End those that are still at it."""
        for process in self._processes:
            process.kill()
            process.wait()

    @property
    def all(self) -> list[Done]:
        """Everything that was done."""
        return self.done + self.by_page

    def _read(self, process: subprocess.Popen[str], done: list[Done]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said: dict[str, Any] = json.loads(line)
            with self._news:
                if "trouble" in said:
                    self.troubles.append(said["trouble"])
                else:
                    done.append(Done(**said))
                self._news.notify_all()


class System:
    """`python app.py` with one host, whose every webhook goes to a witness. Leaving the block ends all of it."""

    def __init__(self, directory: Path, witnesses: Sequence[Witness], environ: Mapping[str, str]) -> None:
        self.witnesses = list(witnesses)
        self.data_dir = directory / "data"
        self.port = free_port()
        self.environ = {
            "CALHOOKS_PORT": str(self.port),
            "CALHOOKS_BASE_URL": f"http://127.0.0.1:{self.port}",
            "CALHOOKS_DATA_DIR": str(self.data_dir),
            "CALHOOKS_EGRESS_ALLOW": "127.0.0.0/8",
            "CALHOOKS_RETRY_SCHEDULE": RETRY_SCHEDULE,
            "CALHOOKS_RATE_LIMITS": "off",
        } | dict(environ)
        self.config = Config.from_env(self.environ)
        self.engine = _engine(self.config.database_url)
        self._stack = ExitStack()
        self.outputs: list[Running] = []

    def __enter__(self) -> Self:
        with ExitStack() as until_ready:
            for witness in self.witnesses:
                self._stack.callback(witness.close)
            until_ready.push(self._stack)
            self.start()
            # The same machine, the same environment.
            self.bookers = Bookers(self.running.environ, self._prepare(), f"{self.config.base_url}/host/call")
            self._stack.callback(self.bookers.close)
            until_ready.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self) -> None:
        """Start it, also after it has ended."""
        self.running = Running(self.environ)
        self.running.port, self.running.url = self.port, self.config.base_url
        self.outputs.append(self.running)
        self._stack.enter_context(self.running).wait_until_ready()

    @property
    def said(self) -> str:
        """Everything that was printed."""
        return "\n".join(running.output for running in self.outputs)

    def count(self, query: str, **values: Any) -> int:
        """Return a number from the database; while that is away, of what was there nothing is known: -1."""
        try:
            with self.engine.connect() as connection:
                return int(connection.execute(text(query), values).scalar() or 0)
        except OperationalError:
            return -1

    def wait_until(self, query: str, least: int, seconds: float = SETTLE_SECONDS, **values: Any) -> None:
        """Wait until a number from the database is so large."""
        deadline = time.monotonic() + seconds
        while (found := self.count(query, **values)) < least:
            assert time.monotonic() < deadline, f"{query}: {found} after {seconds:g} s"
            time.sleep(0.1)

    def settle(self) -> None:
        """Wait until everybody has booked and nothing waits any more."""
        self.bookers.finish()
        deadline = time.monotonic() + SETTLE_SECONDS
        while (left := self.count(str(OPEN))) != 0:
            assert time.monotonic() < deadline, f"{left} deliveries are still open\n{self.said[-3000:]}"
            time.sleep(0.1)

    def row(self, fault: str, over: float) -> Row:
        """Compare everything, and fail where something is not as it must be."""
        row = Row(fault, self.database)
        reconcile(row, self.engine, self.bookers.all, self.witnesses, over)
        row.missing += owed_to_all(self.engine, self.witnesses)
        return row

    @property
    def database(self) -> str:
        """Return which database this is."""
        return "SQLite" if self.config.database_url.startswith("sqlite") else "PostgreSQL"

    def _prepare(self) -> int:
        """Make the host, the webhooks, and what can be booked every five minutes, day and night."""
        app = create_app(self.config)
        with app.app_context():
            host = factories.create_user("host", time_zone="UTC")
            for witness in self.witnesses:
                factories.create_webhook(host, witness.url, secret="the receivers' secret", triggers=TRIGGERS)
            hours = factories.create_schedule(host, hours=(0, 24), days=range(7))
            event_type = factories.create_event_type(host, slug="call", schedule=hours, length=5, minimum_notice=0)
            number = event_type.id
            db.session.remove()
            db.engine.dispose()
        return number


def _engine(url: str) -> Engine:
    # Without a pool: the database may be restarted at any moment.
    return create_engine(url, poolclass=NullPool)

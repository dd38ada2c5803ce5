"""What one booking, one delivery and one page cost, for docs/scale.md: `python -m bench.costs`, as `make bench`."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex

from sqlalchemy import Connection, event, text

from bench.bookings import Booker, tomorrow
from bench.place import Place, Stage
from calhooks import clock
from calhooks.config import current_config
from calhooks.db import db, writing
from calhooks.delivery.upkeep.purge import purge_step
from calhooks.jobs import pump_of
from calhooks.scheduling.bookings.meetings import announce_meetings, prepare_meetings
from tests import factories

WARM_UP = 50
HOSTS = (100, 400)
MANY = 1_000
TABLES = ("bookings", "events", "deliveries", "attempts")
SECRET = "a secret of some length"
# Of PostgreSQL; SQLite's size is that of the whole file.
TABLE_BYTES = text("SELECT pg_relation_size(:table), pg_indexes_size(:table), pg_total_relation_size(:table)")


@dataclass
class Meter:
    """What this process and its database have done so far."""

    processor: float
    statements: int
    log_bytes: float
    data_bytes: float


class Costs:
    """Counts what is done, and prints it by the piece."""

    def __init__(self, stage: Stage) -> None:
        self._statements = 0
        self.postgresql = db.engine.dialect.name == "postgresql"
        event.listen(db.engine, "before_cursor_execute", self._count)
        self._say("", "CPU", "statements", "log of the database", "data of the database")

    def per(self, what: str, count: int, do: Callable[[], None]) -> None:
        """Do something that is `count` pieces, and print what a piece costs."""
        before = self._read()
        do()
        after = self._read()
        self._say(
            what,
            f"{(after.processor - before.processor) / count * 1000:.1f} ms",
            f"{(after.statements - before.statements) / count:.1f}",
            f"{(after.log_bytes - before.log_bytes) / count / 1000:.1f} kB" if self.postgresql else "",
            f"{(after.data_bytes - before.data_bytes) / count / 1000:.1f} kB",
        )

    def tables(self, count: int) -> None:
        """Print what `count` rows of each table take, with their indexes."""
        with db.engine.connect() as connection:
            for table in TABLES if self.postgresql else ():
                own, indexes, total = connection.execute(TABLE_BYTES, {"table": table}).one()
                rest = total - own - indexes
                self._say(table, *(f"{each / count / 1000:.1f} kB" for each in (own, indexes, rest)), "")

    def _read(self) -> Meter:
        with db.engine.connect() as connection:
            log, data = self._sizes(connection)
        return Meter(time.process_time(), self._statements, log, data)

    def _sizes(self, connection: Connection) -> tuple[float, float]:
        if self.postgresql:
            log = connection.scalar(text("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"))
            return float(log or 0), float(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)
        pages = connection.scalar(text("PRAGMA page_count")) or 0
        return 0.0, float(pages * (connection.scalar(text("PRAGMA page_size")) or 0))

    def _count(self, *_: object) -> None:
        self._statements += 1

    def _say(self, *cells: str) -> None:
        sys.stdout.write("| " + " | ".join(cells) + " |\n")


def repeated(count: int, do: Callable[[], object]) -> Callable[[], None]:
    """Return what does something `count` times."""

    def do_all() -> None:
        for _ in range(count):
            do()

    return do_all


def measure(stage: Stage) -> None:
    """Book, deliver and read pages in this process, with one webhook whose receiver answers at once."""
    booker, receiver = Booker("rick"), stage.receiver()
    factories.create_webhook(booker.host, receiver.url, SECRET)
    pump, client = pump_of(current_config()), stage.app.test_client()

    def book_and_deliver() -> None:
        booker.book()
        pump.run()

    for _ in range(WARM_UP):
        book_and_deliver()
    costs = Costs(stage)
    costs.per("a booking with one webhook", MANY, repeated(MANY, booker.book))
    costs.per("its delivery, with many others", MANY, repeated(1, pump.run))
    costs.per("a booking and its delivery, alone", MANY, repeated(MANY, book_and_deliver))
    page = f"/rick/30min?timeZone=Europe/Berlin&month={tomorrow():%Y-%m}"
    costs.per("a booking page", WARM_UP, repeated(WARM_UP, lambda: client.get(page)))
    costs.tables(2 * MANY + WARM_UP)
    for count in HOSTS:
        meet(count)
        costs.per(f"a meeting that begins, at the same time as {count} hosts' others", count, announce_all)
    costs.per("an event with its delivery, purged", 2 * MANY + WARM_UP, purge_all)


def meet(hosts: int) -> None:
    """Have a meeting of each of `hosts` hosts begin now."""
    now = clock.now()
    for _ in range(hosts):
        event_type = factories.create_event_type(factories.create_user(token_hex(4)))
        factories.create_booking(event_type, now)


def announce_all() -> None:
    """Do what the scheduler does each second."""
    told = 1
    while told:
        prepare_meetings(db.session(), clock.now())
        with writing() as session:
            told = announce_meetings(session, clock.now())


def purge_all() -> None:
    """Purge everything that was sent, as in a hundred days."""
    purged = 1
    while purged:
        with writing() as session:
            purged = purge_step(session, clock.now() + timedelta(days=100), 90)


if __name__ == "__main__":
    with Place(os.environ.get("DATABASE_URL", "")) as place, place.stage() as stage:
        sys.stdout.write(f"{place.database}\n")
        measure(stage)

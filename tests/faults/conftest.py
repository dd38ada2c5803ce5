"""What tests of faults share: a database, a calhooks, and the table at the end."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.faults.course import Report
from tests.faults.reconcile import Row
from tests.faults.servers import PostgresCluster, RedisServer, postgres_binaries
from tests.faults.system import System
from tests.faults.witness import Witness, flaky

FAULT = "fault"
COLUMNS = ("fault", "on", "owed", "delivered", "missing", "duplicates", "order kept", "recovery s", "")
_names = count(1)

Start = Callable[..., System]


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """The database that a fault is tried on: SQLite unless a test, or FAULTS_ON=postgresql, says otherwise."""
    name = str(getattr(request, "param", os.environ.get("FAULTS_ON", "sqlite")))
    if name == "postgresql" and postgres_binaries() is None:
        pytest.skip("PostgreSQL's programs are not installed")
    return name


@pytest.fixture(scope="session")
def _clusters() -> Iterator[Callable[[], PostgresCluster]]:
    with ExitStack() as stack:
        made: list[PostgresCluster] = []

        def get() -> PostgresCluster:
            binaries = postgres_binaries()
            assert binaries is not None
            if not made:
                made.append(stack.enter_context(PostgresCluster(binaries)))
            return made[0]

        yield get


@pytest.fixture
def cluster(_clusters: Callable[[], PostgresCluster]) -> PostgresCluster:
    """A PostgreSQL that may be stopped: nobody else uses it meanwhile."""
    return _clusters()


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A Redis server that may be killed."""
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture
def start(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Start]:
    """Start calhooks with the embedded Redis on SQLite, and with a Redis server on PostgreSQL."""
    with ExitStack() as stack:

        def run(*witnesses: Witness, **environ: str) -> System:
            if database == "postgresql":
                environ["DATABASE_URL"] = request.getfixturevalue("cluster").create(f"faults{next(_names)}")
                environ["REDIS_URL"] = environ.get("REDIS_URL") or request.getfixturevalue("redis_server").url
            return stack.enter_context(System(tmp_path, witnesses, environ))

        yield run


@pytest.fixture
def held() -> Witness:
    """A receiver that can be made to keep senders waiting."""
    return Witness("held")


@pytest.fixture
def usual(held: Witness) -> list[Witness]:
    """The receivers of most faults: a good one, one that refuses some deliveries at first, one to be held."""
    return [Witness("good"), Witness("flaky", flaky(6)), held]


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Report:
    """Put a line into the table, and fail unless it is as promised."""

    def put(row: Row) -> None:
        record_property(FAULT, row.dumped())
        row.must_be_whole()

    return put


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, in the order of the tests."""
    found: list[tuple[tuple[Any, ...], Row]] = []
    for reports in terminalreporter.stats.values():
        for each in reports:
            if getattr(each, "when", "") == "call":
                rows = [Row.loaded(str(value)) for name, value in each.user_properties if name == FAULT]
                found += [((*each.location[:2], place), row) for place, row in enumerate(rows)]
    if not found:
        return
    lines = [COLUMNS, *(_cells(row) for _, row in sorted(found, key=lambda each: each[0]))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    terminalreporter.write_sep("-", "faults")
    for line in lines:
        cells = zip(line, widths, range(len(COLUMNS)), strict=True)
        left = (0, 1, len(COLUMNS) - 1)
        text = "  ".join(cell.ljust(width) if place in left else cell.rjust(width) for cell, width, place in cells)
        terminalreporter.write_line(text.rstrip())


def _cells(row: Row) -> tuple[str, ...]:
    order = "yes" if not row.out_of_order else f"no: {row.out_of_order}"
    duplicates = str(row.duplicates) + (f" and {row.strangers} strangers" if row.strangers else "")
    counts = (str(row.owed), str(row.delivered), str(row.missing), duplicates)
    return (row.fault, row.database, *counts, order, f"{row.recovery:.1f}", row.remark)

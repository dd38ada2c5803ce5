"""The step to version 0020, which brings teams and a row for each host of a booking, on a database with everything."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    inspect,
    null,
    text,
)
from sqlalchemy.exc import IntegrityError

from calhooks.db import Base, db
from tests.older import older_application

BEFORE = "0019"
ROWS = 60
HOSTS = 3
FIRST = datetime(2026, 3, 2, 8, tzinfo=UTC)
STATUSES = ("ACCEPTED", "ACCEPTED", "PENDING", "REJECTED", "CANCELLED")
# What the constraints allow, by row; other columns have a value of their type.
VALUES = {
    "bookings.status": lambda number: STATUSES[number % len(STATUSES)],
    "date_overrides.day": lambda number: date(2026, 3, 2) + timedelta(days=number),
    "schedule_ranges.weekday": lambda number: number % 7,
    "schedule_ranges.start_minute": lambda _: 540,
    "schedule_ranges.end_minute": lambda _: 1_020,
    # Of one host, accepted bookings do not overlap, but the others do: they are as long as four.
    "bookings.start_time": lambda number: FIRST + timedelta(hours=number),
    "bookings.end_time": lambda number: (
        FIRST + timedelta(hours=number + (1 if STATUSES[number % 5] == "ACCEPTED" else 4))
    ),
}
# Where a row may point nowhere, every fourth does: a booking whose event type was deleted, for one.
NOWHERE = 4
ITS_OWN = ("alembic_version", "encryption_keys")


@pytest.fixture
def older(tmp_path: Path, postgres_url: str) -> Iterator[Flask]:
    """An application on a database without teams."""
    with older_application(tmp_path, postgres_url, BEFORE) as app:
        fill()
        yield app


def fill() -> None:
    """Write rows into every table and every column."""
    metadata = MetaData()
    with db.engine.begin() as connection:
        metadata.reflect(connection)
        for table in metadata.sorted_tables:
            if table.name not in ITS_OWN:
                count = HOSTS if table.name in ("users", "calendar_feeds") else ROWS
                connection.execute(
                    table.insert(),
                    [
                        {column.name: value(column, number, connection) for column in table.columns}
                        for number in range(1, count + 1)
                    ],
                )
                count_on(connection, table.name, count)


def value(column: "Column[Any]", number: int, connection: Connection) -> Any:
    """Return what a column's row has."""
    if column.foreign_keys:
        other = next(iter(column.foreign_keys)).column.table.name
        if column.nullable and number % NOWHERE == 0:
            return None
        return (number - 1) % HOSTS + 1 if other == "users" and not column.primary_key else number
    if (known := VALUES.get(str(column))) is not None:
        moment = known(number)
        is_moment = isinstance(moment, datetime)
        return moment.replace(tzinfo=None) if is_moment and connection.dialect.name == "sqlite" else moment
    if isinstance(column.type, Boolean):
        return number % 2 == 0
    if isinstance(column.type, (Integer, Float)):
        return number
    if isinstance(column.type, DateTime):
        return FIRST.replace(tzinfo=None) if connection.dialect.name == "sqlite" else FIRST
    if isinstance(column.type, Date):
        return FIRST.date()
    if isinstance(column.type, JSON):
        if column.name == "event_type_ids" and number % NOWHERE == 0:
            return null()
        return [number] if column.nullable else {"number": number}
    if isinstance(column.type, LargeBinary):
        return b"bytes %d" % number
    return f"{column.name[:7]} {number}"


def count_on(connection: Connection, table: str, count: int) -> None:
    """Have the table's numbers go on where many rows were deleted since."""
    if connection.dialect.name == "sqlite":
        highest = "UPDATE sqlite_sequence SET seq = :highest WHERE name = :table"
    elif any(column["name"] == "id" for column in inspect(connection).get_columns(table)):
        highest = "SELECT setval(pg_get_serial_sequence(:table, 'id'), :highest)"
    else:
        return
    connection.execute(text(highest), {"table": table, "highest": count + 1_000})


def rows() -> dict[str, list[dict[str, Any]]]:
    """Return everything in the tables that there are."""
    metadata = MetaData()
    with db.engine.connect() as connection:
        metadata.reflect(connection)
        return {
            table.name: [
                dict(row) for row in connection.execute(table.select().order_by(*table.primary_key)).mappings()
            ]
            for table in metadata.sorted_tables
            if table.name not in ITS_OWN
        }


def numbers() -> dict[str, int]:
    """Return the highest number that each table has ever given."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            found = connection.execute(text("SELECT name, seq FROM sqlite_sequence"))
        else:
            found = connection.execute(text("SELECT sequencename, last_value FROM pg_sequences"))
        return {name: highest for name, highest in found if highest}


def triggers() -> dict[str, str]:
    """Return all triggers with what they do."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            found = connection.execute(text("SELECT name, sql AS source FROM sqlite_master WHERE type = 'trigger'"))
        else:
            found = connection.execute(
                text(
                    "SELECT tgname AS name, pg_get_triggerdef(pg_trigger.oid) || prosrc AS source FROM pg_trigger"
                    " JOIN pg_proc ON pg_proc.oid = tgfoid WHERE NOT tgisinternal"
                )
            )
        return {each.name: each.source for each in found}


def schema() -> dict[str, Any]:
    """Return the tables with their columns, keys, constraints and indexes, in no order of the database's."""
    with db.engine.connect() as connection:
        inspector = inspect(connection)
        return {
            name: {
                "columns": {
                    column["name"]: (str(column["type"]), column["nullable"], column["default"])
                    for column in inspector.get_columns(name)
                },
                "foreign keys": sorted(
                    (key["constrained_columns"], key["referred_table"], str(key["options"]))
                    for key in inspector.get_foreign_keys(name)
                ),
                "unique": sorted(
                    (each["name"], each["column_names"]) for each in inspector.get_unique_constraints(name)
                ),
                "checks": sorted(
                    (str(each["name"]), each["sqltext"]) for each in inspector.get_check_constraints(name)
                ),
                "indexes": sorted(
                    (str(each["name"]), str(each["column_names"])) for each in inspector.get_indexes(name)
                ),
                "key": inspector.get_pk_constraint(name)["constrained_columns"],
            }
            for name in inspector.get_table_names()
        }


def test_everything_is_kept_and_each_booking_has_its_hosts_row(older: Flask) -> None:
    before, highest, watched = rows(), numbers(), triggers()
    flask_migrate.upgrade()
    after = rows()
    for table, old in before.items():
        assert len(after[table]) == len(old) > 0, table
        for new, row in zip(after[table], old, strict=True):
            if table == "event_types":
                assert (new["team_id"], new["scheduling_type"], new["keeps_host"]) == (None, None, True)
            # Whose webhooks got a scope has one change more to count.
            same = {name: new[name] for name in row if name != "calendar_version"}
            assert same == {name: each for name, each in row.items() if name != "calendar_version"}, table
    assert {(row["event_type_ids"] is None, row["scope"]) for row in after["webhooks"]} == {
        (True, "all"),
        (False, "chosen"),
    }
    said = ("host_id", "status", "start_time", "end_time")
    assert after["booking_hosts"] == [
        {"booking_id": row["id"], "position": 0} | {name: row[name] for name in said} for row in before["bookings"]
    ]
    assert {name: numbers()[name] for name in highest} == highest
    gone = {"bookings_overlap_insert", "bookings_overlap_update"}
    changed = {f"event_types_calendar_{moment}" for moment in ("insert", "update", "delete")}
    kept = {name: source for name, source in watched.items() if name not in gone | changed}
    assert {name: source for name, source in triggers().items() if name in kept} == kept
    assert changed <= set(triggers())


def test_the_tables_are_those_of_the_models(older: Flask) -> None:
    flask_migrate.upgrade()
    with db.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
        if connection.dialect.name == "sqlite":
            # Alembic does not read the names and the options of keys that were added with their columns.
            differences = [each for each in differences if each[0] not in ("add_fk", "remove_fk")]
            assert keys_of_sqlite(connection) == keys_of_models()
    assert differences == []


def keys_of_sqlite(connection: Connection) -> set[tuple[str, str, str, str]]:
    """Return of each foreign key the table, the column, the other table, and what becomes of the row with the other."""
    return {
        (name, key["from"], key["table"], key["on_delete"])
        for name in inspect(connection).get_table_names()
        for key in connection.exec_driver_sql(f"PRAGMA foreign_key_list({name})").mappings()
    }


def keys_of_models() -> set[tuple[str, str, str, str]]:
    """Return the same of the models."""
    return {
        (table.name, key.parent.name, key.column.table.name, key.ondelete or "NO ACTION")
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
    }


def test_the_database_refuses_overlaps_of_what_was_moved_and_of_what_comes(older: Flask) -> None:
    flask_migrate.upgrade()
    accept = text("UPDATE bookings SET status = 'ACCEPTED' WHERE id = 2")
    with pytest.raises(IntegrityError, match="booking_hosts_overlap"), db.engine.begin() as connection:
        connection.execute(accept)
    with db.engine.begin() as connection:
        connection.execute(text("DELETE FROM bookings WHERE id = 5"))
        connection.execute(accept)
        found = connection.execute(text("SELECT status FROM booking_hosts WHERE booking_id IN (2, 5)")).scalars().all()
    assert found == ["ACCEPTED"]


def test_the_way_back_leaves_what_there_was(older: Flask) -> None:
    tables, before, highest, watched = schema(), rows(), numbers(), triggers()
    flask_migrate.upgrade()
    flask_migrate.downgrade(revision=BEFORE)
    versions = [{**row, "calendar_version": 0} for row in before["users"]]
    after = rows()
    assert after | {"users": [{**row, "calendar_version": 0} for row in after["users"]]} == before | {"users": versions}
    assert schema() == tables
    assert numbers() == highest
    assert {name: flat(source) for name, source in triggers().items()} == {
        name: flat(source) for name, source in watched.items()
    }
    flask_migrate.upgrade()
    assert len(rows()["booking_hosts"]) == ROWS


def flat(source: str) -> str:
    return re.sub(r"\s+|FOR EACH ROW", "", source)


def test_there_is_no_way_back_from_teams(older: Flask, caplog: pytest.LogCaptureFixture) -> None:
    flask_migrate.upgrade()
    with db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO teams (name, slug, description, time_zone, created_at)"
                " VALUES ('Sales', 'sales', '', 'UTC', '2026-03-02 08:00:00')"
            )
        )
    with pytest.raises(SystemExit):
        flask_migrate.downgrade(revision=BEFORE)
    assert "There are teams" in caplog.text
    assert "teams" in rows()

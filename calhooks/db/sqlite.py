"""What SQLite needs: who writes when, connections that can write again, and a file that only its owner reads."""

import os
import sqlite3
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, ExceptionContext
from sqlalchemy.exc import OperationalError

from calhooks import datadir

BUSY_TIMEOUT_SECONDS = 15
# How soon one who waits to write notices that it can.
TURN_SECONDS = 0.001
# The option of a transaction that takes the write lock when it begins.
IMMEDIATE = "calhooks_immediate"


def engine_options(_database_url: str) -> dict[str, Any]:
    """Return what Flask-SQLAlchemy makes the engine with."""
    return {"connect_args": {"timeout": BUSY_TIMEOUT_SECONDS}}


def prepare_engine(engine: Engine) -> None:
    """Have connections and transactions of an engine begin as they must."""
    _keep_private(engine.url.database or "")
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _reopen_after_error)


def cannot_store(error: BaseException) -> bool:
    """Tell whether an error says that nothing can be written: a full disk, or one that refuses writes."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return code & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR)


def _keep_private(database: str) -> None:
    """See to it that only the owner of an SQLite file can read it. What SQLite puts beside it has the file's mode."""
    if database and not database.startswith(("file:", ":memory:")):
        datadir.make_private(Path(database))
        for suffix in ("-wal", "-shm"):
            datadir.take_from_others(Path(database + suffix))


def _reopen_after_error(context: ExceptionContext) -> None:
    if context.engine is not None:
        _reopen_what_can_only_read(context.engine, context.original_exception)


def _reopen_what_can_only_read(engine: Engine, error: BaseException) -> None:
    """Close the pool's connections if `error` says that one can only read although the file can be written again.

    While a disk refuses writes, SQLite opens the file for reading alone, and such a connection stays that way.
    """
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    if code & 0xFF == sqlite3.SQLITE_READONLY and os.access(engine.url.database or "", os.W_OK):
        engine.dispose()


def _prepare_connection(connection: sqlite3.Connection, _record: object) -> None:
    # Python's own transaction handling would begin late and deferred; _begin says when and how.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    try:
        if connection.get_execution_options().get(IMMEDIATE):
            _take_turn(driver)
        else:
            driver.execute("BEGIN")
    except sqlite3.OperationalError as error:
        # SQLAlchemy neither wraps errors of its listeners nor calls `handle_error` for them.
        _reopen_what_can_only_read(connection.engine, error)
        raise OperationalError("BEGIN", None, error) from error


def _take_turn(connection: sqlite3.Connection) -> None:
    """Begin to write as soon as nobody else does.

    SQLite itself would look ever more rarely, ten times a second in the end, and whoever writes one thing after the
    other would keep all others out. Raises sqlite3.OperationalError when the database stays locked.
    """
    deadline = monotonic() + BUSY_TIMEOUT_SECONDS
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                    raise
            sleep(TURN_SECONDS)
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")

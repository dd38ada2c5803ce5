"""The database: one session for each application context, transactions that write, and UTC times."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVarTuple

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, MetaData, Result, Select, event, inspect
from sqlalchemy.engine import Connection, ExceptionContext
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from calhooks import datadir

BUSY_TIMEOUT_SECONDS = 15
# How soon one who waits to write notices that it can.
TURN_SECONDS = 0.001
IMMEDIATE = "calhooks_immediate"
AFTER_COMMIT = "calhooks_after_commit"
PIPELINE = "calhooks_pipeline"
# https://www.postgresql.org/docs/current/errcodes-appendix.html
DISK_FULL, READ_ONLY = "53100", "25006"


class Base(DeclarativeBase):
    """What every model inherits: constraint names that are the same on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UTCDateTime(TypeDecorator[datetime]):
    """A moment: aware and in UTC in Python; timestamptz on PostgreSQL, naive UTC text on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store in UTC. Raises ValueError for a naive time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no moment; use an aware one")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
Columns = TypeVarTuple("Columns")
MIGRATIONS = Path(__file__).parent / "migrations"


def init_app(app: Flask, database_url: str) -> None:
    """Bind the application to its database."""
    app.config["SQLALCHEMY_DATABASE_URI"] = database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(database_url)
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _keep_private(db.engine.url.database or "")
            event.listen(db.engine, "connect", _prepare_sqlite)
            event.listen(db.engine, "begin", _begin_sqlite)
        else:
            event.listen(db.engine, "handle_error", _give_up_what_broke)
            event.listen(db.engine, "do_execute", _execute_in_pipeline)


def load_migrations(app: Flask) -> None:
    """Get Flask-Migrate ready, and `flask db`. Only then: it brings Alembic, 10 MB that hardly anybody needs."""
    from flask_migrate import Migrate

    Migrate(app, db, directory=str(MIGRATIONS))


def make_tables(app: Flask) -> None:
    """Give a new database its tables, whichever process of a server is the first to meet it.

    One that has tables is left as it is, since when to upgrade it is the operator's choice; and so is one that is
    away: whoever needs it says so.
    """
    try:
        is_new = not inspect(db.engine).has_table("alembic_version")
    except OperationalError:
        return
    if is_new:
        load_migrations(app)
        from flask_migrate import upgrade

        upgrade()


def read_rows(session: Session, query: Select[*Columns], parameters: Mapping[str, object]) -> Result[*Columns]:
    """Run a query of columns as the ORM would, in half the time: it prepares nothing for objects.

    What the session has changed is written first.
    """
    session.flush()
    return session.connection().execute(query, parameters)


@contextmanager
def writing(*, pipelined: bool = False) -> Iterator[Session]:
    """Run one use case that writes: commit at the end, roll back on any error.

    What was read before is read again inside, since a write never continues an earlier read. On SQLite the
    transaction takes the write lock at once: one that starts as a read and turns into a write fails when
    another writer came between. `after_commit` callbacks run once the data is safe.

    With `pipelined`, writes are sent to PostgreSQL without waiting for each of them; an error in one is raised by the
    next read or by the commit. It is for statements on the session's connection whose row counts are not asked for.
    """
    session = db.session()
    callbacks: list[Callable[[], None]] = []
    try:
        # Here it shows, and is given up below, when the connection of an earlier read has died meanwhile.
        session.commit()
        session.expire_all()
        session.info[AFTER_COMMIT] = callbacks
        connection = session.connection(execution_options={IMMEDIATE: True})
        with _pipeline(connection) if pipelined and connection.dialect.name == "postgresql" else nullcontext():
            yield session
            session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop(AFTER_COMMIT, None)
    for callback in callbacks:
        callback()


def after_commit(session: Session, callback: Callable[[], None]) -> None:
    """Have `callback` run once when the current `writing()` has committed. Raises KeyError outside of one."""
    callbacks: list[Callable[[], None]] = session.info[AFTER_COMMIT]
    if callback not in callbacks:
        callbacks.append(callback)


def cannot_store(error: OperationalError) -> bool:
    """Tell whether the database answers but can write nothing: a full disk, one that refuses writes, a standby."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR)
    return getattr(error.orig, "sqlstate", None) in (DISK_FULL, READ_ONLY)


def database_reason(error: SQLAlchemyError) -> str:
    """Return the line that says what went wrong; below it stand the statement and hints for programmers."""
    return str(error).partition("\n")[0]


def _keep_private(database: str) -> None:
    """See to it that only the owner of an SQLite file can read it. What SQLite puts beside it has the file's mode."""
    if database and not database.startswith(("file:", ":memory:")):
        datadir.make_private(Path(database))
        for suffix in ("-wal", "-shm"):
            datadir.take_from_others(Path(database + suffix))


def _engine_options(database_url: str) -> dict[str, Any]:
    if database_url.startswith("sqlite"):
        return {"connect_args": {"timeout": BUSY_TIMEOUT_SECONDS}}
    # The driver reads bytes where a server says SQL_ASCII, and could not even ask it for its encoding.
    encoding = {"client_encoding": "utf8"}
    return {"connect_args": encoding, "pool_pre_ping": True, "pool_size": 10, "max_overflow": 20}


def _give_up_what_broke(context: ExceptionContext) -> None:
    """Have a connection closed, not rolled back, whose server said goodbye or whose driver lost track.

    While a server stops, psycopg's "cannot exit pipeline mode while busy" leaves a connection that looks open and takes
    no ROLLBACK. Such an error comes from the driver, so it has no SQLSTATE; 08 is "connection exception", 57P "operator
    intervention": https://www.postgresql.org/docs/current/errcodes-appendix.html.
    """
    state = getattr(context.original_exception, "sqlstate", None)
    if state == READ_ONLY:
        # To SQLAlchemy an InternalError. A new connection may reach the server that has taken over.
        context.is_disconnect = True
        raise OperationalError(context.statement, context.parameters, context.original_exception)
    if isinstance(context.sqlalchemy_exception, OperationalError):
        context.is_disconnect = context.is_disconnect or state is None or state.startswith(("08", "57P"))


@contextmanager
def _pipeline(connection: Connection) -> Iterator[None]:
    """Have psycopg send statements without waiting: https://www.psycopg.org/psycopg3/docs/advanced/pipeline.html."""
    driver: Any = connection.connection.driver_connection
    with driver.pipeline() as pipeline:
        connection.execution_options(**{PIPELINE: pipeline})
        yield


def _execute_in_pipeline(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
    """Run a statement in a pipeline, and wait if it returns rows. Returns False if there is no pipeline."""
    pipeline = context.execution_options.get(PIPELINE)
    if pipeline is None:
        return False
    cursor.execute(statement, parameters)
    if not (context.isinsert or context.isupdate or context.isdelete) or context.compiled.effective_returning:
        pipeline.sync()
    return True


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # Python's own transaction handling would begin late and deferred; _begin_sqlite says when and how.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    if connection.get_execution_options().get(IMMEDIATE):
        _take_turn(driver)
    else:
        driver.execute("BEGIN")


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

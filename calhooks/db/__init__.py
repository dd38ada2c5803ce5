"""The database: one session for each application context, transactions that write, and UTC times."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVarTuple

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, MetaData, Result, Select, inspect, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from calhooks.db import postgresql, sqlite
from calhooks.db.sqlite import IMMEDIATE as IMMEDIATE

AFTER_COMMIT = "calhooks_after_commit"
CONDITION = "calhooks_condition"


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


class NotUpgraded(RuntimeError):
    """The database has the tables of an older version; str() is the one line to print."""

    def __init__(self) -> None:
        super().__init__("an older version of calhooks made this database's tables; run: flask db upgrade")


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
MIGRATIONS = Path(__file__).parent.parent / "migrations"


def init_app(app: Flask, database_url: str) -> None:
    """Bind the application to its database."""
    app.config["SQLALCHEMY_DATABASE_URI"] = database_url
    dialect = sqlite if database_url.startswith("sqlite") else postgresql
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = dialect.engine_options(database_url)
    db.init_app(app)
    # After Flask-SQLAlchemy's own, and so before it.
    app.teardown_appcontext(_end_session)
    with app.app_context():
        dialect.prepare_engine(db.engine)


def load_migrations(app: Flask) -> None:
    """Get Flask-Migrate ready, and `flask db`. Only then: it brings Alembic, 10 MB that hardly anybody needs."""
    from flask_migrate import Migrate

    Migrate(app, db, directory=str(MIGRATIONS))


def make_tables(app: Flask) -> None:
    """Give a new database its tables, whichever process of a server is the first to meet it.

    One that has tables is left as it is, since when to upgrade it is the operator's choice; and so is one that is
    away: whoever needs it says so. Raises NotUpgraded if this version of calhooks cannot work with the tables.
    """
    try:
        with db.engine.connect() as connection:
            is_new = not inspect(connection).has_table("alembic_version")
            found = [] if is_new else connection.scalars(text("SELECT version_num FROM alembic_version")).all()
    except OperationalError:
        return
    if is_new:
        load_migrations(app)
        from flask_migrate import upgrade

        upgrade()
    elif any(each in _revisions()[:-1] for each in found):
        raise NotUpgraded


def _revisions() -> list[str]:
    """Return all revisions of the tables, the newest last. Their files begin with them."""
    return sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("*_*.py"))


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
        if CONDITION in session.info:
            session.info[CONDITION](session)
        with (
            postgresql.pipeline(connection) if pipelined and connection.dialect.name == "postgresql" else nullcontext()
        ):
            yield session
            session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop(AFTER_COMMIT, None)
    for callback in callbacks:
        callback()


def write_only_if(session: Session, condition: Callable[[Session], object]) -> None:
    """Have each `writing()` of this application context begin with `condition`, which raises to let nothing change."""
    session.info[CONDITION] = condition


def after_commit(session: Session, callback: Callable[[], None]) -> None:
    """Have `callback` run once when the current `writing()` has committed. Raises KeyError outside of one."""
    callbacks: list[Callable[[], None]] = session.info[AFTER_COMMIT]
    if callback not in callbacks:
        callbacks.append(callback)


def cannot_store(error: OperationalError) -> bool:
    """Tell whether the database answers but can write nothing: a full disk, one that refuses writes, a standby."""
    return error.orig is not None and (sqlite.cannot_store(error.orig) or postgresql.cannot_store(error.orig))


def database_reason(error: SQLAlchemyError) -> str:
    """Return the line that says what went wrong; below it stand the statement and hints for programmers."""
    return str(error).partition("\n")[0]


def _end_session(_error: BaseException | None) -> None:
    """End what a request has left open. Its response is made: a connection that has broken since then is given up."""
    if not db.session.registry.has():
        return
    try:
        # Not a rollback, which would have what was read forgotten by those who hold it still.
        db.session().close()
    except DBAPIError:
        db.session().invalidate()

"""What PostgreSQL needs: time-outs, connections that are given up, and writes that nobody waits for one by one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, ExceptionContext, make_url
from sqlalchemy.exc import OperationalError

PIPELINE = "calhooks_pipeline"
# https://www.postgresql.org/docs/current/errcodes-appendix.html
DISK_FULL, READ_ONLY = "53100", "25006"
# To SQLAlchemy InternalErrors: a standby that took over, and a transaction that the server ended because this process
# was stopped in the middle of it. A new connection helps.
NEEDS_NEW_CONNECTION = (READ_ONLY, "25P03", "25P04")
# A server whose machine has vanished without a word is given up after about half a minute, not after the two hours of
# TCP. https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
POSTGRESQL_TIMEOUTS = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}


def engine_options(database_url: str) -> dict[str, Any]:
    """Return what Flask-SQLAlchemy makes the engine with. Parameters in the URL come first."""
    # The driver reads bytes where a server says SQL_ASCII, and could not even ask it for its encoding.
    encoding = {"client_encoding": "utf8"}
    own = make_url(database_url).query
    timeouts = {name: value for name, value in POSTGRESQL_TIMEOUTS.items() if name not in own}
    return {"connect_args": encoding | timeouts, "pool_pre_ping": True, "pool_size": 10, "max_overflow": 20}


def prepare_engine(engine: Engine) -> None:
    """Have an engine give up broken connections, and know pipelines."""
    event.listen(engine, "handle_error", _give_up_what_broke)
    event.listen(engine, "do_execute", _execute_in_pipeline)


def cannot_store(error: BaseException) -> bool:
    """Tell whether an error says that nothing can be written: a full disk, or a standby."""
    return getattr(error, "sqlstate", None) in (DISK_FULL, READ_ONLY)


@contextmanager
def pipeline(connection: Connection) -> Iterator[None]:
    """Have psycopg send statements without waiting: https://www.psycopg.org/psycopg3/docs/advanced/pipeline.html."""
    driver: Any = connection.connection.driver_connection
    with driver.pipeline() as pipeline:
        connection.execution_options(**{PIPELINE: pipeline})
        yield


def _give_up_what_broke(context: ExceptionContext) -> None:
    """Have a connection closed, not rolled back, whose server said goodbye or whose driver lost track.

    While a server stops, psycopg's "cannot exit pipeline mode while busy" leaves a connection that looks open and takes
    no ROLLBACK. Such an error comes from the driver, so it has no SQLSTATE; 08 is "connection exception", 57P "operator
    intervention": https://www.postgresql.org/docs/current/errcodes-appendix.html.
    """
    state = getattr(context.original_exception, "sqlstate", None)
    if state in NEEDS_NEW_CONNECTION:
        context.is_disconnect = True
        raise OperationalError(context.statement, context.parameters, context.original_exception)
    if isinstance(context.sqlalchemy_exception, OperationalError):
        context.is_disconnect = context.is_disconnect or state is None or state.startswith(("08", "57P"))


def _execute_in_pipeline(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
    """Run a statement in a pipeline, and wait if it returns rows. Returns False if there is no pipeline."""
    pipeline = context.execution_options.get(PIPELINE)
    if pipeline is None:
        return False
    cursor.execute(statement, parameters)
    if not (context.isinsert or context.isupdate or context.isdelete) or context.compiled.effective_returning:
        pipeline.sync()
    return True

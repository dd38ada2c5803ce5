"""Run the migrations on the application's database: all of them or none, one process at a time."""

from alembic import context
from sqlalchemy import Connection, inspect

from calhooks import db
from calhooks.accounts import models as accounts_models  # noqa: F401 - fills the metadata
from calhooks.accounts.teams import models as teams_models  # noqa: F401 - fills the metadata
from calhooks.delivery.models import deliveries as deliveries_models  # noqa: F401 - fills the metadata
from calhooks.delivery.models import endpoints as endpoints_models  # noqa: F401 - fills the metadata
from calhooks.delivery.models import processes as processes_models  # noqa: F401 - fills the metadata
from calhooks.delivery.models import runs as runs_models  # noqa: F401 - fills the metadata
from calhooks.encryption.check import note_newest_key
from calhooks.mail import models as mail_models  # noqa: F401 - fills the metadata
from calhooks.scheduling.availability import holds as holds_models  # noqa: F401 - fills the metadata
from calhooks.scheduling.models import bookings as bookings_models  # noqa: F401 - fills the metadata
from calhooks.scheduling.models import calendars as calendars_models  # noqa: F401 - fills the metadata
from calhooks.webhooks import models as webhooks_models  # noqa: F401 - fills the metadata

# Any number, as long as nothing else in the same database uses it.
ADVISORY_LOCK = 7_249_301


def refuse_other_encodings(connection: Connection) -> None:
    """See to it that any letter can be stored. Raises RuntimeError: the first name that cannot would fail a booking."""
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != "UTF8":
        raise RuntimeError(f"its encoding is {encoding}; make it with ENCODING 'UTF8' TEMPLATE template0")


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=db.Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        # SQLite's too, whatever Alembic takes it for: db.py begins transactions where Python's driver would not.
        transactional_ddl=True,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            refuse_other_encodings(connection)
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
        context.run_migrations()
        # Raises WrongKey, which undoes all of it. A downgrade may have taken the table away.
        if inspect(connection).has_table("encryption_keys"):
            note_newest_key(connection)


with db.db.engine.connect().execution_options(**{db.IMMEDIATE: True}) as connection:
    if connection.dialect.name != "sqlite":
        migrate(connection)
    else:
        # Rebuilding a table drops the old one, which with foreign keys on would delete what points to it.
        cursor = connection.connection.cursor()
        cursor.execute("PRAGMA foreign_keys = OFF")
        try:
            migrate(connection)
        finally:
            cursor.execute("PRAGMA foreign_keys = ON")

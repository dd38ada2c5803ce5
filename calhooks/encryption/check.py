"""Which keys the database has been written with: a process that lacks one of them does not start."""

from flask import Flask
from sqlalchemy import Connection, String, select, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Mapped, mapped_column

from calhooks.config import current_config
from calhooks.db import IMMEDIATE, Base, db, make_tables
from calhooks.encryption.keys import keyring_of


class EncryptionKey(Base):
    """The id of a key with which secrets in this database may be encrypted. `flask rotate-secrets` removes old ones."""

    __tablename__ = "encryption_keys"

    key_id: Mapped[str] = mapped_column(String(16), primary_key=True)


def open_database(app: Flask) -> None:
    """Give a new database its tables, and make sure that its secrets can be decrypted. Raises WrongKey and NotUpgraded.

    A database that is unreachable is not checked: whatever needs it reports that.
    """
    make_tables(app)
    try:
        with db.engine.connect() as connection:
            is_new = not _has_newest_key(connection)
        if is_new:
            with db.engine.connect().execution_options(**{IMMEDIATE: True}) as connection, connection.begin():
                note_newest_key(connection)
    except (OperationalError, ProgrammingError):
        return


def note_newest_key(connection: Connection) -> None:
    """Make sure that the configured keys are enough, and record the newest as used. Raises WrongKey."""
    if not _has_newest_key(connection):
        add_newest_key(connection)


def add_newest_key(connection: Connection) -> None:
    """Record the newest key as used, whether or not the configured keys are enough."""
    added = text("INSERT INTO encryption_keys (key_id) VALUES (:key_id) ON CONFLICT DO NOTHING")
    connection.execute(added, {"key_id": keyring_of(current_config()).newest.id})


def _has_newest_key(connection: Connection) -> bool:
    keys, used = keyring_of(current_config()), set(connection.scalars(select(EncryptionKey.key_id)))
    keys.check(used)
    return keys.newest.id in used

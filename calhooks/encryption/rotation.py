"""Encrypt everything again with the newest key, in short transactions, so that servers may run meanwhile."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Text, bindparam, delete, select, update
from sqlalchemy.orm import Session

from calhooks.config import current_config
from calhooks.db import Base, writing
from calhooks.encryption.check import EncryptionKey
from calhooks.encryption.columns import Encrypted, encryption_of, sealed
from calhooks.encryption.keys import keyring_of

BATCH = 200


def encrypted_columns() -> list[Column[Any]]:
    """Return every encrypted column of the models that have been imported."""
    tables = Base.metadata.sorted_tables
    return [column for table in tables for column in table.columns if isinstance(column.type, Encrypted)]


def rotate_secrets() -> Iterator[tuple[str, int]]:
    """Encrypt every secret with the newest key; give each column's label with how many values were rewritten.

    Each batch is committed, so that a rotation that was interrupted continues where it stopped. Raises Unreadable.
    """
    for column in encrypted_columns():
        rewritten = 0
        while batch := _rewrite_batch(column):
            rewritten += batch
        yield encryption_of(column).label, rewritten
    with writing() as session:
        if not any(_outdated(session, column, 1) for column in encrypted_columns()):
            session.execute(delete(EncryptionKey).where(EncryptionKey.key_id != keyring_of(current_config()).newest.id))


def _rewrite_batch(column: Column[Any]) -> int:
    encryption, (row_id,) = encryption_of(column), column.table.primary_key.columns
    # Only what is still as it was read: a server may have saved something newer.
    rewrite = (
        update(column.table)
        .where(row_id == bindparam("row"), sealed(column) == bindparam("old", type_=Text))
        .values({column.name: bindparam("new", type_=Text)})
    )
    with writing() as session:
        rows = _outdated(session, column, BATCH)
        for row, old in rows:
            new = encryption.seal(encryption.unseal(old))
            session.connection().execute(rewrite, {"row": row, "old": old, "new": new})
    return len(rows)


def _outdated(session: Session, column: Column[Any], limit: int) -> list[tuple[Any, str]]:
    (row_id,) = column.table.primary_key.columns
    newest = f"{keyring_of(current_config()).newest.id}."
    query = select(row_id, sealed(column)).where(sealed(column).not_like(f"{newest}%")).order_by(row_id).limit(limit)
    return [(row, stored) for row, stored in session.execute(query)]

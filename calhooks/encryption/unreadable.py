"""Finding what no configured key can decrypt: its key is lost, or it was damaged."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, select
from sqlalchemy.orm import Session

from calhooks.encryption.columns import Unreadable, encryption_of, sealed

ROWS_AT_ONCE = 500


def unreadable(session: Session, column: Column[Any]) -> Iterator[tuple[int, str]]:
    """Give the id of each row whose value in an encrypted column cannot be decrypted, and the value as stored."""
    (row_id,) = column.table.primary_key.columns
    query = select(row_id, sealed(column)).order_by(row_id).execution_options(yield_per=ROWS_AT_ONCE)
    encryption = encryption_of(column)
    for row, stored in session.execute(query):
        try:
            encryption.unseal(stored)
        except Unreadable:
            yield row, stored

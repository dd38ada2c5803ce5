"""Write attempts to the log, many at a time."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, LargeBinary, Text, bindparam, column, func, insert, select
from sqlalchemy import cast as as_type
from sqlalchemy.engine import Connection

from calhooks.delivery.tables import attempts

_COLUMNS = [each for each in attempts.columns if each.name != "id"]


def write_attempts(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write attempts, each with a value for every column but the id.

    psycopg would send them to PostgreSQL one by one, so it gets several in one document.
    """
    if len(rows) > 1 and connection.dialect.name == "postgresql":
        connection.execute(_INSERT_DOCUMENT, {"rows": json.dumps(rows, default=_as_text)})
    elif rows:
        connection.execute(_INSERT, rows)


def _as_text(value: bytes | datetime) -> str:
    return value.isoformat() if isinstance(value, datetime) else b64encode(value).decode()


def _in_document() -> Any:
    types = [column(each.name, Text() if isinstance(each.type, LargeBinary) else each.type) for each in _COLUMNS]
    document = as_type(bindparam("rows", type_=Text()), JSON())
    return func.json_to_recordset(document).table_valued(*types).render_derived("row", with_types=True)


def _value(found: ColumnElement[Any], stored: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.decode(found, "base64") if isinstance(stored.type, LargeBinary) else found


# Whose ids nobody asks for.
_INSERT = insert(attempts).inline()
_row = _in_document()
_INSERT_DOCUMENT = insert(attempts).from_select(
    [each.name for each in _COLUMNS], select(*(_value(_row.c[each.name], each) for each in _COLUMNS))
)

"""Numbers in addresses and forms: one that no row can have does not exist, and is no error of the database or ours."""

from typing import Any

from flask import Flask
from werkzeug.routing import IntegerConverter, Map

MAX_ROW_ID = 2**31 - 1
MAX_ID_DIGITS = len(str(MAX_ROW_ID))


def init_app(app: Flask) -> None:
    """Have `<int:…>` take what fits into a column of numbers."""
    app.url_map.converters["int"] = _RowNumber


def row_number(text: str) -> int:
    """Return the number of a row, as `type` of a query's `get` or `coerce` of a field.

    Raises ValueError for what no row can have.
    """
    number = int(text)
    if not 0 <= number <= MAX_ROW_ID:
        raise ValueError(f"{number} is not the number of a row")
    return number


def counted(text: str) -> int | None:
    """Return a number that a form of ours sends: of a row, or of a thing that it shows; None for what none sends."""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= MAX_ID_DIGITS else None
    return number if number is not None and number <= MAX_ROW_ID else None


class _RowNumber(IntegerConverter):
    def __init__(self, url_map: Map, *args: Any, **kwargs: Any) -> None:
        super().__init__(url_map, *args, **({"max": MAX_ROW_ID} | kwargs))

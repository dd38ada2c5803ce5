"""Look values up and turn them into text. Values come from a body's JSON: dict, list, str, int, float, bool, None."""

import json
import math
from enum import Enum
from typing import Final


class Missing(Enum):
    """The value of a path that leads nowhere."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING

# Python refuses to write numbers of more than 4,300 digits, and ends where calls are about a thousand deep.
MAX_INTEGER_BITS = 14_000
MAX_DEPTH = 100

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def lookup(value: object, segments: tuple[str, ...]) -> object:
    """Follow keys and positions from `value`. A list and a text have positions and `length` too, as in Handlebars."""
    for segment in segments:
        if isinstance(value, dict):
            value = value.get(segment, MISSING)
        elif isinstance(value, list | tuple | str):
            if segment.isdecimal() and segment.isascii() and len(segment) < 6:
                index = int(segment)
                value = value[index] if index < len(value) and str(index) == segment else MISSING
            elif segment == "length":
                # JavaScript counts UTF-16 units. A position in a text is a whole character all the same.
                value = len(value.encode("utf-16-le", "surrogatepass")) // 2 if isinstance(value, str) else len(value)
            else:
                return MISSING
        else:
            return MISSING
    return value


def is_truthy(value: object, *, include_zero: bool = False) -> bool:
    """Tell whether Handlebars' `if` takes its first branch: not for an empty list, and for every object."""
    if isinstance(value, dict):
        return True
    if isinstance(value, float) and math.isnan(value):
        return False
    if include_zero and value == 0 and not isinstance(value, bool):
        return True
    return bool(value) and value is not MISSING


def json_text(value: object) -> str:
    """Return compact JSON; nothing, and what JSON or Python writes no number or nesting for, are null."""
    if value is MISSING:
        return "null"
    try:
        return _encode(value)
    except (ValueError, RecursionError):
        return _encode(_encodable(value, MAX_DEPTH))


def text_of(value: object) -> str:
    """Return a value as text: nothing for a missing one, JSON for objects and lists."""
    if isinstance(value, str):
        return value
    if value is MISSING or value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return json_text(value)


def quoted(text: str) -> str:
    """Return `text` as JSON, with its quotation marks."""
    return _encode(text)


def _encodable(value: object, depth: int) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
        return None
    if isinstance(value, dict | list | tuple) and not depth:
        return None
    if isinstance(value, dict):
        return {key: _encodable(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(item, depth - 1) for item in value]
    return value

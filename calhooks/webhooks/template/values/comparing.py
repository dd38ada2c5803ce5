"""Compare two values of an event: the one meaning that templates' conditions and webhooks' filters have in common.

Values in metadata and most answers are texts, also when they look like numbers: a text that is a decimal number, such
as "30" or "-1.5", compares with a number as that number. The text of a boolean compares with the boolean.
"""

import math
import re

from calhooks.webhooks.template.values.values import MISSING

# As JSON writes numbers, without an exponent: codes such as 007 and 1e3 stay texts.
DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
MAX_DECIMAL_LENGTH = 40


def equal(a: object, b: object) -> bool:
    """Tell whether two values are the same. A missing value, null and "" are; a list or an object equals nothing."""
    if isinstance(a, str) and isinstance(b, str):
        return a == b
    if _is_nothing(a) or _is_nothing(b):
        return _is_nothing(a) and _is_nothing(b)
    if isinstance(a, bool) or isinstance(b, bool):
        return _boolean(a) is not None and _boolean(a) is _boolean(b)
    left, right = _number(a), _number(b)
    return left is not None and left == right


def less(a: object, b: object) -> bool | None:
    """Tell whether `a` comes before `b`: as numbers where both are, else as texts. None when they have no order."""
    left, right = _number(a), _number(b)
    if left is not None and right is not None:
        return left < right
    return a < b if isinstance(a, str) and isinstance(b, str) and a and b else None


def contains(container: object, item: object) -> bool:
    """Tell whether a list has an equal item, an object this key, or a text this text. The empty text is in no text."""
    if isinstance(container, list):
        return any(equal(found, item) for found in container)
    text = _text(item)
    return bool(text) and isinstance(container, dict | str) and text in container


def _is_nothing(value: object) -> bool:
    return value is MISSING or value is None or value == ""


def _boolean(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def _number(value: object) -> int | float | None:
    """Return a number, also of its text. None when it is not one."""
    if isinstance(value, str):
        if len(value) > MAX_DECIMAL_LENGTH or not DECIMAL.fullmatch(value):
            return None
        return float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return None if isinstance(value, float) and math.isnan(value) else value


def _text(value: object) -> str:
    """Return the text of a text, a number or a boolean; nothing for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) < 10**MAX_DECIMAL_LENGTH:
        return str(value)
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return value if isinstance(value, str) else ""

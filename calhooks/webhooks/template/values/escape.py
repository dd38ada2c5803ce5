"""Turn values into text for the place where they stand."""

import re
from collections.abc import Callable, Sequence
from urllib.parse import quote

from calhooks.webhooks.template.nodes import BodyPlace, ContentType
from calhooks.webhooks.template.values.markup import SURROGATE
from calhooks.webhooks.template.values.meter import ENCODE_UNITS, Meter, cost_of_form_value, cost_of_text
from calhooks.webhooks.template.values.values import json_text, quoted, text_of

# In a form's own text: escapes as they are, then what must be escaped. Whitespace is looked at when the body is whole.
FORM_TEXT = re.compile(r"%[0-9A-Fa-f]{2}|%|[^A-Za-z0-9\-._~*+&=%\s]+")
FORM_SPACE = re.compile(r"\s+")
# Stands before each value of a form until the body is whole: whitespace beside a value is not layout.
VALUE_MARK = "\0"


def value_writer(place: BodyPlace, at: int) -> Callable[[object, Meter], str]:
    """Return what writes a value in a place; the work is charged to a meter, as that of `at` in the source."""
    as_text, escape = _WRITERS[place]
    cost = cost_of_form_value if escape is _form_value else cost_of_text

    def write(value: object, meter: Meter) -> str:
        if not isinstance(value, str):
            meter.spend(ENCODE_UNITS, at)
        text = as_text(value)
        meter.spend(cost(text), at)
        return escape(text)

    return write


def text_escaper(content_type: ContentType) -> Callable[[str], str]:
    """Return what the template's own text goes through, piece by piece."""
    return _form_text if content_type is ContentType.FORM else str


def finished(text: str, content_type: ContentType) -> bytes:
    """Return a whole body. Half characters, which UTF-8 has not, become U+FFFD."""
    if content_type is ContentType.FORM:
        text = _without_layout(text).replace(VALUE_MARK, "")
    try:
        return text.encode()
    except UnicodeEncodeError:
        return SURROGATE.sub("\ufffd", text).encode()


def finished_parts(parts: Sequence[str], content_type: ContentType) -> list[str]:
    """Return the parts of a body, those of values at odd places, so that together they are what `finished` gives."""
    if content_type is not ContentType.FORM:
        return [SURROGATE.sub("\ufffd", part) for part in parts]
    first, *others = _without_layout("".join(parts)).split(VALUE_MARK)
    whole = [first]
    for value, text in zip(parts[1::2], others, strict=True):
        cut = len(value) - len(VALUE_MARK)
        whole += [text[:cut], text[cut:]]
    return whole


def _json_string(text: str) -> str:
    return quoted(text)[1:-1]


def _form_value(text: str) -> str:
    return VALUE_MARK + quote(SURROGATE.sub("\ufffd", text), safe="")


_WRITERS: dict[BodyPlace, tuple[Callable[[object], str], Callable[[str], str]]] = {
    BodyPlace.JSON_STRING: (text_of, _json_string),
    BodyPlace.JSON_VALUE: (json_text, str),
    BodyPlace.FORM_VALUE: (text_of, _form_value),
    BodyPlace.FORM_JSON_STRING: (lambda value: _json_string(text_of(value)), _form_value),
    BodyPlace.FORM_JSON_VALUE: (json_text, _form_value),
    BodyPlace.TEXT: (text_of, str),
}


def _form_text(text: str) -> str:
    return FORM_TEXT.sub(
        lambda match: match[0] if len(match[0]) == 3 and match[0][0] == "%" else quote(match[0], safe=""), text
    )


def _without_layout(text: str) -> str:
    """Drop the line breaks and indentation between a form's fields, and escape all other whitespace.

    Values are percent-encoded, so all whitespace left is the template's.
    """

    def space(match: re.Match[str]) -> str:
        before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
        between = before in ("", "&") or (after in ("", "&") and "\n" in match[0])
        return "" if between else quote(match[0], safe="")

    return FORM_SPACE.sub(space, text)

"""How the bodies of requests and answers are shown: as text, whatever they hold, and JSON laid out and coloured."""

import json
import re
from http.client import responses
from io import StringIO
from typing import Any
from urllib.parse import parse_qsl

from markupsafe import Markup, escape

# C0 controls and DEL would vanish or be refused by HTML; tab and line feed are text.
SHOWN_CONTROLS = {code: "�" for code in (*range(32), 127) if code not in (9, 10)}
LAYOUT = json.JSONEncoder(indent=2, ensure_ascii=False)
MAX_LAID_OUT_BYTES = 512 * 1024
MAX_FORM_FIELDS = 200
FORM_TYPE = "application/x-www-form-urlencoded"
TOKENS = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*"(?=:))|(?P<string>"(?:[^"\\]|\\.)*")|(?P<literal>-?\d[\d.eE+-]*|true|false|null)'
)


def body_as_text(body: bytes) -> str:
    """Return a body as text to read: what is no UTF-8 and what cannot be seen becomes a replacement character."""
    return _shown(body.decode("utf-8", "replace"))


def pretty_json(body: bytes) -> Markup | None:
    """Return a JSON body laid out over several lines, its parts marked for colour; None where it is not JSON.

    None too where it would become very long: brackets in brackets make thousands of blanks out of each of their values.
    """
    try:
        text = _laid_out(json.loads(body))
    except (ValueError, RecursionError):
        return None
    if text is None:
        return None
    parts: list[Markup] = []
    end = 0
    for token in TOKENS.finditer(text):
        parts += escape(text[end : token.start()]), _span(str(token.lastgroup), token[0])
        end = token.end()
    return Markup("").join([*parts, escape(text[end:])])


def form_fields(body: bytes, content_type: str) -> list[tuple[str, str, Markup | None]] | None:
    """Return the fields of a form body, decoded: name, value, and the value laid out where it is a JSON object or list.

    None where `content_type` is not a form's, or the body cannot be one.
    """
    if content_type.partition(";")[0].strip().lower() != FORM_TYPE:
        return None
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="replace", max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        return None
    return [(_shown(name), _shown(value), _pretty_object(value)) for name, value in pairs] or None


def reason(status: int) -> str:
    """Return the words for an HTTP status: 404 is Not Found; nothing for a number without a meaning."""
    return responses.get(status, "")


def _shown(text: str) -> str:
    return text.replace("\r\n", "\n").translate(SHOWN_CONTROLS)


def _pretty_object(text: str) -> Markup | None:
    return pretty_json(text.encode()) if text.lstrip().startswith(("{", "[")) else None


def _laid_out(value: Any) -> str | None:
    text = StringIO()
    for piece in LAYOUT.iterencode(value):
        text.write(piece)
        if text.tell() > MAX_LAID_OUT_BYTES:
            return None
    # Half a character, escaped as it came: no page could hold it.
    return text.getvalue().encode(errors="backslashreplace").decode()


def _span(kind: str, text: str) -> Markup:
    return Markup('<span class="json-{}">{}</span>').format(kind, text)

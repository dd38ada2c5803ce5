"""How the bodies of requests and answers are shown: as text, whatever they hold, and JSON laid out and coloured."""

import json
import re
from http.client import responses
from io import StringIO
from typing import Any

from markupsafe import Markup, escape

# C0 controls and DEL would vanish or be refused by HTML; tab and line feed are text.
SHOWN_CONTROLS = {code: "�" for code in (*range(32), 127) if code not in (9, 10)}
LAYOUT = json.JSONEncoder(indent=2, ensure_ascii=False)
MAX_LAID_OUT_BYTES = 512 * 1024
TOKENS = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*"(?=:))|(?P<string>"(?:[^"\\]|\\.)*")|(?P<literal>-?\d[\d.eE+-]*|true|false|null)'
)


def body_as_text(body: bytes) -> str:
    """Return a body as text to read: what is no UTF-8 and what cannot be seen becomes a replacement character."""
    return body.decode("utf-8", "replace").replace("\r\n", "\n").translate(SHOWN_CONTROLS)


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


def reason(status: int) -> str:
    """Return the words for an HTTP status: 404 is Not Found; nothing for a number without a meaning."""
    return responses.get(status, "")


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

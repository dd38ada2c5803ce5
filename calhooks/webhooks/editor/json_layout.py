"""Lay JSON out to be read while its parts stay apart."""

import re
from collections.abc import Iterable

from calhooks.webhooks.template import Piece

INDENT = "  "
REST_OF_STRING = re.compile(r'[^"\\]*')
SPACES = re.compile(r"[ \t\r\n]*")
LAYOUT_WORD = re.compile(r'[^\s,:\[\]{}"]+')


def indented(pieces: Iterable[Piece]) -> list[Piece]:
    """Return valid JSON, cut into pieces anywhere, with one value on each line and the pieces' ends where they were."""
    layout = _Layout()
    return [Piece(layout.take(piece.text), piece.variable) for piece in pieces]


class _Layout:
    """Reads JSON a piece at a time. A line break waits until it is known that the bracket before it is not empty."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._just_opened = False

    def take(self, text: str) -> str:
        """Return a piece laid out."""
        written: list[str] = []
        position = 0
        while position < len(text):
            start = position
            if self._in_string:
                position = self._string(text, position)
                written.append(text[start:position])
                continue
            position = _end(SPACES, text, position)
            if position < len(text):
                written.append(self._token(text[position]))
                start, position = position, max(position + 1, _end(LAYOUT_WORD, text, position))
                written.append(text[start + 1 : position])
        return "".join(written)

    def _string(self, text: str, position: int) -> int:
        """Return where a text ends, or the piece."""
        if self._escaped:
            self._escaped = False
            return position + 1
        position = _end(REST_OF_STRING, text, position)
        if position < len(text):
            self._escaped = text[position] == "\\"
            self._in_string = text[position] != '"'
            position += 1
        return position

    def _token(self, letter: str) -> str:
        """Return the first letter of a token with the layout before and after it."""
        if letter in "]}":
            self._depth -= 1
            before = "" if self._just_opened else self._line()
            self._just_opened = False
            return before + letter
        before = self._line() if self._just_opened else ""
        self._just_opened = False
        if letter in "[{":
            self._depth += 1
            self._just_opened = True
            return before + letter
        if letter == ",":
            return letter + self._line()
        if letter == ":":
            return ": "
        self._in_string = letter == '"'
        return before + letter

    def _line(self) -> str:
        return "\n" + INDENT * self._depth


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position

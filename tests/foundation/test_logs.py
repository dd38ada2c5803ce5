"""Whatever is in a record, the log has one short line for it, and a trace beside it is indented."""

import logging
import sys

import pytest

from calhooks.logs import MAX_LOG_LINE_LENGTH, TRACE_INDENT, OneLineFormatter


def formatted(message: str, fault: str = "", stack: str | None = None) -> list[str]:
    """Return the lines of a record, with the trace of an exception if `fault` is its text."""
    info = None
    if fault:
        try:
            raise ValueError(fault)
        except ValueError:
            info = sys.exc_info()
    record = logging.LogRecord("calhooks", logging.ERROR, __file__, 1, "%s", (message,), info, sinfo=stack)
    return OneLineFormatter("%(message)s").format(record).split("\n")


@pytest.mark.parametrize("text", ["a\r\nb", "a\x1b[2Jb", "a\x9bb", "a\u2028b", "a\u202eb", "a\ud800b", "a\0b"])
def test_what_steers_a_terminal_is_escaped(text: str) -> None:
    message, *trace = formatted(text, fault=text, stack=text)
    assert all(line.isprintable() for line in (message, *trace))
    assert all(line.startswith(TRACE_INDENT) for line in trace)


@pytest.mark.parametrize("letter", ["a", "\x1b", "é", "\u202e"])
@pytest.mark.parametrize("length", [1, MAX_LOG_LINE_LENGTH, MAX_LOG_LINE_LENGTH + 1, 10**6])
def test_no_line_is_longer_than_it_may_be(letter: str, length: int) -> None:
    lines = formatted(letter * length, fault=letter * length)
    assert max(len(line.removeprefix(TRACE_INDENT)) for line in lines) <= MAX_LOG_LINE_LENGTH
    is_whole = letter.isprintable() and length <= MAX_LOG_LINE_LENGTH
    assert lines[0] == letter * length if is_whole else length == 1 or lines[0].endswith("…")

"""The log: one line for each record, whatever strangers and receivers have put into it."""

import logging
import re
from typing import Any

from flask.logging import default_handler

from calhooks.config.redaction import without_tokens

# As Flask has it.
FORMAT = "[%(asctime)s] %(levelname)s in %(module)s: %(message)s"
TRACE_INDENT = "    "
# In characters; longer ones are cut.
MAX_LOG_LINE_LENGTH = 4_000
# What ends a line, steers a terminal or turns round what is beside it.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def init_app() -> None:
    """Format every record of this process: those of Flask, of gunicorn, and those that no handler gets.

    gunicorn logs what a response fails with, which may contain what a client has sent.
    """
    default_handler.setFormatter(OneLineFormatter(FORMAT))
    if logging.lastResort:
        logging.lastResort.setFormatter(OneLineFormatter())
    for handler in logging.getLogger("gunicorn.error").handlers:
        if handler.formatter:
            handler.setFormatter(OneLineFormatter(handler.formatter._fmt, handler.formatter.datefmt))


class OneLineFormatter(logging.Formatter):
    """Escapes what is not to be printed, hides tokens, and indents traces, so that none of them looks like a record."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        return _escaped(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        """Return the lines of the trace."""
        return _indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:
        """Return the lines of the call stack."""
        return _indented(super().formatStack(stack_info))


def _indented(trace: str) -> str:
    return "\n".join(f"{TRACE_INDENT}{_escaped(line)}" for line in trace.split("\n"))


def _escaped(text: str) -> str:
    # Escaping makes a line longer, and never shorter.
    shown = without_tokens(text[: MAX_LOG_LINE_LENGTH + 1])
    line = _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), shown)
    return line if len(line) <= MAX_LOG_LINE_LENGTH else f"{line[: MAX_LOG_LINE_LENGTH - 1]}…"

"""The log: one line for each record, whatever strangers and receivers have put into it."""

import logging
import re
from typing import Any

from flask.logging import default_handler

# As Flask has it.
FORMAT = "[%(asctime)s] %(levelname)s in %(module)s: %(message)s"
TRACE_INDENT = "    "
# In characters; longer ones are cut.
MAX_LOG_LINE_LENGTH = 4_000
# What ends a line, steers a terminal or turns round what is beside it.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def init_app() -> None:
    """Write every record of this process so: what Flask's handler gets, and what none gets."""
    default_handler.setFormatter(OneLineFormatter(FORMAT))
    if logging.lastResort:
        logging.lastResort.setFormatter(OneLineFormatter())


class OneLineFormatter(logging.Formatter):
    """Escapes what is not to be printed. A trace is indented, so that no line of it looks like a record."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        return _escaped(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        """Return the lines of the trace."""
        lines = super().formatException(ei).split("\n")
        return "\n".join(f"{TRACE_INDENT}{_escaped(line)}" for line in lines)


def _escaped(text: str) -> str:
    line = text if len(text) <= MAX_LOG_LINE_LENGTH else f"{text[:MAX_LOG_LINE_LENGTH]}…"
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), line)

"""A line of the table that `make attack` prints."""

import sys
from collections.abc import Sequence
from typing import NamedTuple

MAX_SHOWN = 30


class Row(NamedTuple):
    """What was attacked, how many times, the worst that was seen, and whether calhooks held."""

    what: str
    tried: int
    worst: str
    held: bool


def worst_of(wrong: Sequence[str]) -> str:
    """Return what a row says of what was wrong; the rest goes to standard error."""
    for line in wrong[:MAX_SHOWN]:
        sys.stderr.write(f"{line[:300]}\n")
    return f"{len(wrong)} times, first {wrong[0][:200]}" if wrong else ""

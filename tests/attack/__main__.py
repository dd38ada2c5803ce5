"""Attack and print the table: `python -m tests.attack [--seed text] [attack …]`."""

import argparse
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.attack import letters, slow_clients, spellings
from tests.attack.pages import fuzz, heads, raw_headers
from tests.attack.rows import Row
from tests.attack.target import Target
from tests.attack.templates import search

Attack = Callable[[Target, str], list[Row]]

ATTACKS: dict[str, Attack] = {
    "fuzz": fuzz.attack,
    "headers": raw_headers.attack,
    "heads": heads.attack,
    "letters": letters.attack,
    "slow": slow_clients.attack,
    "spellings": spellings.attack,
    "templates": lambda _target, _seed: search.attack(),
}


def main() -> int:
    """Print one table; the status is 1 when something did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description="Attack a calhooks of its own.")
    parser.add_argument("--seed", default=secrets.token_hex(3), help="to ask the same things as another time")
    parser.add_argument("attack", nargs="*", help=f"of {', '.join(ATTACKS)}; all when none is named")
    arguments = parser.parse_args()
    if unknown := set(arguments.attack) - set(ATTACKS):
        parser.error(f"there is no attack {', '.join(sorted(unknown))}")
    rows: list[Row] = []
    for name in arguments.attack or ATTACKS:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="calhooks-") as directory, Target(Path(directory)) as target:
            rows += ATTACKS[name](target, arguments.seed)
        sys.stderr.write(f"{name}: {time.monotonic() - began:.0f} s\n")
    sys.stdout.write(as_table(rows))
    return 0 if all(row.held for row in rows) else 1


def as_table(rows: list[Row]) -> str:
    """Return the rows in columns, in Markdown."""
    lines = ["| attack | tried | the worst seen | held |", "|---|---|---|---|"]
    lines += [
        f"| {row.what} | {row.tried:,} | {row.worst.replace('|', '¦')} | {'yes' if row.held else 'NO'} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())

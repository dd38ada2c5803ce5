"""Let the day pass and print the table: `python -m bench.simulate [--receivers 10000] [--hours 24] [--seed 1]`."""

import argparse
import gc
import random
import sys
import time

from bench.simulate.engine import Day
from bench.simulate.receivers import Receiver
from bench.simulate.tally import HEADINGS, Tally
from bench.simulate.tempers import HOUR, TEMPERS, Temper, owed


def main() -> int:
    """Print the table and what it breaks; the status is 1 when it breaks anything."""
    parser = argparse.ArgumentParser(prog="python -m bench.simulate", description="A day of receivers of every temper.")
    parser.add_argument("--receivers", type=int, default=10_000)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--temper", default="", help="only those whose name contains this")
    arguments = parser.parse_args()
    began = time.process_time()
    gc.freeze()
    tallies = [
        _passed(temper, arguments.receivers, arguments.hours * HOUR, arguments.seed)
        for temper in TEMPERS
        if arguments.temper in temper.name
    ]
    broken = [sentence for tally in tallies for sentence in tally.broken()]
    sys.stdout.write(_table([HEADINGS, *(tally.cells() for tally in tallies)]))
    requests = sum(tally.deliveries for tally in tallies)
    sys.stdout.write(f"\n{requests:,} deliveries in {time.process_time() - began:.0f} s of one core\n")
    sys.stdout.write("".join(f"broken: {sentence}\n" for sentence in broken))
    return 1 if broken else 0


def _passed(temper: Temper, receivers: int, seconds: float, seed: str) -> Tally:
    tally = Tally(temper)
    share = sum(each.count for each in TEMPERS)
    for number in range(max(1, round(receivers * temper.count / share))):
        name = f"{seed} {temper.name} {number}"
        tally.add(_day(temper, name, seconds), _day(temper, name, seconds, refuses=False) if temper.prompt else None)
    return tally


def _day(temper: Temper, name: str, seconds: float, *, refuses: bool = True) -> Day:
    """Let the day of one receiver pass, the same for the same name; without what it refuses for comparison."""
    # By this one the retry schedule varies its waits.
    random.seed(name)
    chance = random.Random(name)
    receiver = temper.make(chance, seconds)
    deliveries = owed(temper, receiver, chance, seconds)
    day = Day(receiver if refuses else Receiver(), deliveries, chance, chance.uniform(*temper.quick))
    day.run(seconds)
    return day


def _table(lines: list[tuple[str, ...]]) -> str:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    rows = [
        "| "
        + " | ".join(
            cell.ljust(width) if place in (0, len(widths) - 1) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        + " |\n"
        for line in lines
    ]
    rows.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|\n")
    return "".join(rows)


if __name__ == "__main__":
    sys.exit(main())

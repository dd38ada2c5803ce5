"""Look for the costliest templates and print them: `python -m tests.attack.templates [--steps …] [--seed …]`."""

import argparse
import sys

from tests.attack.templates.search import FEWEST_UNITS, MAX_EVENT_MS, SEED, STEPS, search


def main() -> int:
    """Print the most expensive templates; the status is 1 when one takes longer than a booking may."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack.templates", description="The costliest templates.")
    parser.add_argument("--steps", type=int, default=STEPS, help="how many changes to try")
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    costs = list(search(asked.steps, asked.seed))
    slowest = max(costs)
    dearest = max((cost for cost in costs if cost.units >= FEWEST_UNITS), key=lambda cost: cost.nanoseconds)
    sys.stdout.write(f"{len(costs)} templates. The slowest: {slowest}\nThe most time for a unit: {dearest}\n")
    return 0 if slowest.ms <= MAX_EVENT_MS else 1


if __name__ == "__main__":
    sys.exit(main())

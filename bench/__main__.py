"""Run the rows and print the table: `python -m bench [--quick] [row …]`."""

import argparse
import gc
import os
import platform
import sys
import time

from bench import claims, fanout, hanging, latency, log, memory, month, paced, recovery, teams, templates, throughput
from bench.figures import Line, Row, as_table
from bench.place import Place

ROWS: dict[str, Row] = {
    "worker": throughput.against_a_loop,
    "workers": throughput.two_workers,
    "idle": latency.idle,
    "load-50": latency.load(latency.Rates(50, 50), 0.06, 0.124),
    "load-200": latency.load(latency.Rates(200, 150), 0.06, 0.127),
    "hanging": hanging.hanging_endpoints,
    "limited": paced.limited_receiver,
    "failing-some": paced.failing_for_some,
    "pace": paced.cost_of_a_pace,
    "recovery": recovery.after_kill,
    "storm": recovery.after_an_outage,
    "fanout": fanout.fifty_webhooks,
    "claim": claims.a_million_waiting,
    "log": log.log_page,
    "search": log.search,
    "memory": memory.idle_memory,
    "template": templates.documented_template,
    "month": month.month_page,
    "team-month": month.team_month_page,
    "team-bookings": teams.team_bookings,
}


def main() -> int:
    """Print one table; the status is 1 when a line does not reach what it must."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="How fast calhooks is, beside baselines.")
    parser.add_argument("--quick", action="store_true", help="do a tenth, to see that the rows work")
    parser.add_argument("row", nargs="*", help=f"of {', '.join(ROWS)}; all when none is named")
    arguments = parser.parse_args()
    if unknown := set(arguments.row) - set(ROWS):
        parser.error(f"there is no row {', '.join(sorted(unknown))}")
    # As the web server and the workers do: what stays need not be looked through again and again.
    gc.freeze()
    lines: list[Line] = []
    with Place(os.environ.get("DATABASE_URL", ""), quick=arguments.quick) as place:
        title = f"{place.database}, Python {platform.python_version()}, {os.cpu_count()} cores"
        load = os.getloadavg()[0]
        for name in arguments.row or ROWS:
            began = time.monotonic()
            found = ROWS[name](place)
            lines += found
            sys.stderr.write(f"{name}: {', '.join(line.ours for line in found)} ({time.monotonic() - began:.0f} s)\n")
    sys.stdout.write(f"\n{title}; load before the start {load:.1f}\n\n{as_table(lines)}\n")
    return 0 if all(line.ok for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())

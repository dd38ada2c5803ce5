"""One of several processes in which people book at the same time: `python -m bench.booking_process …`."""

import argparse
import json
import sys
import time

from bench.bookings import Booker, at_rate
from calhooks import create_app
from tests import factories

WARM_UP_SECONDS = 2.0


def main() -> None:
    """Book from `--begin` (monotonic) on, and print the rate that was reached and when each booking was committed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--username", required=True)
    parser.add_argument("--receiver", required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--begin", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    asked = parser.parse_args()
    with create_app().app_context():
        booker = Booker(asked.username)
        factories.create_webhook(booker.host, asked.receiver, "a secret of some length")
        at_rate(asked.rate, WARM_UP_SECONDS, booker.book)
        warm = set(booker.committed)
        time.sleep(max(0.0, asked.begin - time.monotonic()))
        reached = at_rate(asked.rate, asked.seconds, booker.book)
        committed = {uid: at for uid, at in booker.committed.items() if uid not in warm}
    json.dump({"reached": reached, "committed": committed}, sys.stdout)


if __name__ == "__main__":
    main()

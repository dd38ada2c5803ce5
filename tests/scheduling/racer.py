"""Somebody who books, as a process of its own: `python -m tests.scheduling.racer`.

For each line of JSON on its input it prepares a booking and prints "ready"; after the next line, whatever that says, it
books and prints what became of it.
"""

import json
import sys
from datetime import datetime

from calhooks import create_app
from calhooks.db import db, writing
from calhooks.scheduling.bookings.prepared import book_prepared, prepare_booking
from calhooks.scheduling.errors import NotAllowed
from tests.scheduling.helpers import submission


def say(what: str) -> None:
    sys.stdout.write(what + "\n")
    sys.stdout.flush()


def main() -> None:
    with create_app().app_context():
        for line in sys.stdin:
            asked = json.loads(line)
            form = submission(datetime.fromisoformat(asked["start"]), email=asked["email"])
            prepared = prepare_booking(db.session(), asked["event_type"], form, metadata={}, visitor=asked["email"])
            db.session.rollback()
            say("ready")
            sys.stdin.readline()
            try:
                with writing() as session:
                    book_prepared(session, prepared)
            except NotAllowed as refusal:
                say(type(refusal).__name__)
            else:
                say("booked")


if __name__ == "__main__":
    main()

"""People who book, as a process of its own: `python -m tests.faults.booking_process '{"index": 0, …}'`.

Prints one line of JSON for each thing that was done, and for each time it had to be tried again. Every third booking
is moved later, and cancelled after that. Like a person, whoever is told that something went wrong sends the same again.
"""

import json
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from html import unescape
from typing import Any

import requests

from calhooks import create_app
from calhooks.db import db, writing
from calhooks.scheduling.bookings.cancel import cancel
from calhooks.scheduling.bookings.prepared import PreparedBooking, book_prepared, prepare_booking
from calhooks.scheduling.bookings.reschedule import reschedule
from calhooks.scheduling.bookings.submission import Submission
from calhooks.scheduling.errors import NotAllowed

MINUTES = 5
SLOTS = 20_000
FIRST_MOVED = 10_000
# How many bookings later one is moved, and cancelled.
LATER = 10
PATIENCE_SECONDS = 200.0
PAUSE_SECONDS = 0.25


def say(**what: Any) -> None:
    """Tell the test."""
    sys.stdout.write(json.dumps(what | {"at": time.monotonic()}) + "\n")
    sys.stdout.flush()


class Trouble(Exception):
    """What somebody was told instead of an answer."""


class ByService:
    """Book through the booking service, as a view does."""

    def __init__(self, index: int, event_type: int, first: datetime) -> None:
        self._index = index
        self._event_type = event_type
        self._first = first
        self._app = create_app()

    def book(self, number: int) -> str:
        """Book and return the uid."""
        form = self._form(number)

        def prepare() -> PreparedBooking:
            return prepare_booking(db.session(), self._event_type, form, metadata={}, visitor="somebody")

        return self._write(book_prepared, prepare)

    def move(self, number: int, uid: str) -> str:
        """Move a booking and return the uid of the one that took its place."""
        form = self._form(FIRST_MOVED + number)
        return self._write(
            lambda session, _: reschedule(session, uid, form, metadata={}, visitor="somebody", by=None).uid
        )

    def cancel(self, uid: str) -> str:
        """Cancel a booking."""
        try:
            return self._write(lambda session, _: cancel(session, uid, reason="", by=None).uid)
        except NotAllowed:
            # The first try was taken down before it was cut off.
            return uid

    def _write(self, use_case: Callable[[Any, Any], str], prepare: Callable[[], Any] = lambda: None) -> str:
        with self._app.app_context():
            try:
                prepared = prepare()
                with writing() as session:
                    return use_case(session, prepared)
            except NotAllowed:
                raise
            except Exception as error:
                raise Trouble(f"{type(error).__name__}: {error}") from error
            finally:
                db.session.remove()

    def _form(self, number: int) -> Submission:
        start = self._first + timedelta(minutes=MINUTES * number)
        email = f"booker{self._index}.{number}@example.com"
        return Submission(start=start, time_zone="Asia/Kolkata", name="Ann Lee", email=email)


class ByPage:
    """Book on the real booking page, with a browser's cookies; nothing is moved or cancelled."""

    def __init__(self, index: int, page: str, first: datetime) -> None:
        self._index = index
        self._page = page
        self._first = first
        self._browser = requests.Session()
        self._browser.trust_env = False

    def book(self, number: int) -> str:
        """Book and return the uid."""
        start = (self._first + timedelta(minutes=MINUTES * number)).isoformat()
        shown = self._ask("GET", params={"slot": start})
        form = {
            name: unescape(value) for name, value in re.findall(r'<input[^>]* name="(\w+)" value="([^"]*)"', shown.text)
        }
        form |= {"start": start, "name": "Ann Lee", "email": f"visitor{self._index}.{number}@example.com"}
        answer = self._ask("POST", data=form)
        if answer.status_code != 303 or "/booking/" not in answer.headers["Location"]:
            title = re.search(r"<h1[^>]*>([^<]*)", answer.text)
            raise Trouble(f"the page answered {answer.status_code}: {unescape(title[1]) if title else ''}")
        return answer.headers["Location"].rpartition("/")[2]

    def _ask(self, method: str, **what: Any) -> requests.Response:
        try:
            return self._browser.request(method, self._page, allow_redirects=False, timeout=30, **what)
        except requests.RequestException as error:
            raise Trouble(f"no connection: {type(error).__name__}") from error


def patiently(action: Callable[[], str], trigger: str) -> str:
    """Do something until it is done, and say how long it took the last time."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        began = time.monotonic()
        try:
            uid = action()
        except Trouble as trouble:
            if time.monotonic() > deadline:
                raise
            say(trouble=str(trouble))
            time.sleep(PAUSE_SECONDS)
            continue
        say(trigger=trigger, uid=uid, seconds=time.monotonic() - began)
        return uid


def main(index: int, event_type: int, page: str, count: int, rate: float) -> None:
    """Book `count` times, `rate` times a second (0: as fast as it goes), on the page if there is one."""
    midnight = datetime.combine(datetime.now(UTC).date(), time_of_day(), UTC)
    first = midnight + timedelta(days=30) + timedelta(minutes=MINUTES * SLOTS * index)
    by_service = None if page else ByService(index, event_type, first)
    booker = by_service or ByPage(index, page, first)
    uids: dict[int, str] = {}
    began = time.monotonic()
    for number in range(count + 2 * LATER):
        if number < count:
            if rate:
                time.sleep(max(0.0, began + number / rate - time.monotonic()))
            uids[number] = patiently(lambda n=number: booker.book(n), "BOOKING_CREATED")
        if by_service is None:
            continue
        moved, cancelled = number - LATER, number - 2 * LATER
        if moved in uids and moved % 3 == 0:
            uids[moved] = patiently(lambda n=moved: by_service.move(n, uids[n]), "BOOKING_RESCHEDULED")
        if cancelled in uids and cancelled % 3 == 0:
            patiently(lambda n=cancelled: by_service.cancel(uids[n]), "BOOKING_CANCELLED")


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))

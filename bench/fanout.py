"""What fifty webhooks cost the person who books."""

import re
import time
from datetime import timedelta
from html import unescape
from statistics import median

import requests

from bench.bookings import always_bookable, tomorrow
from bench.figures import Line, milliseconds, percentile
from bench.place import Place
from tests import factories
from tests.running import Running

WEBHOOKS = 50
REQUESTS = 120
PAUSE_SECONDS = 0.1


class Visitor:
    """Books one host's slots on the booking page, one after the other."""

    def __init__(self, page: str) -> None:
        self._page = page
        self._next = tomorrow()
        self._browser = requests.Session()
        self._browser.trust_env = False
        shown = self._browser.get(page, params={"slot": self._next.isoformat()}).text
        fields = re.findall(r'name="(\w+)" value="([^"]*)"', shown)
        # A step is another button: it leads back and books nothing.
        self._form = {name: unescape(value) for name, value in fields if name != "step"}

    def book(self) -> float:
        """Send the form and return how many seconds the answer took."""
        start, self._next = self._next, self._next + timedelta(minutes=5)
        form = self._form | {"start": start.isoformat(), "name": "Ann Lee", "email": "ann@example.com"}
        began = time.monotonic()
        answer = self._browser.post(self._page, data=form, allow_redirects=False)
        seconds = time.monotonic() - began
        assert "/booking/" in answer.headers.get("Location", ""), f"the page answered {answer.status_code}: no booking"
        return seconds


def fifty_webhooks(place: Place) -> list[Line]:
    """The booking form's answer, from a real web server, for a host with fifty webhooks and for one with a single."""
    with place.stage() as stage:
        receiver = stage.receiver()
        pages = []
        for username, webhooks in (("one", 1), ("fifty", WEBHOOKS)):
            host = factories.create_user(username)
            always_bookable(host, 5)
            for number in range(webhooks):
                factories.create_webhook(host, f"{receiver.url}/{number}", "a secret of some length")
            pages.append(f"/{username}/30min")
        with Running(stage.environ) as running:
            running.wait_until_ready()
            visitors = [Visitor(running.url + page) for page in pages]
            seconds: list[list[float]] = [[], []]
            for _ in range(10 + place.some(REQUESTS)):
                for visitor, taken in zip(visitors, seconds, strict=True):
                    taken.append(visitor.book())
                    time.sleep(PAUSE_SECONDS)
    one, fifty = (taken[10:] for taken in seconds)
    slow, usual = percentile(fifty, 0.95), percentile(one, 0.95)
    return [
        Line(
            figure=f"p95 of the booking request with {WEBHOOKS} webhooks, over with 1",
            ours=milliseconds(slow),
            baseline=milliseconds(usual),
            ratio=slow / usual,
            must_reach="at most 1.5",
            ok=slow <= 1.5 * usual,
            limit=f"medians {milliseconds(median(fifty))} and {milliseconds(median(one))}.",
        )
    ]

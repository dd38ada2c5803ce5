"""The month page of a host with five thousand bookings."""

import time
from datetime import UTC, date, datetime, timedelta
from statistics import median

from sqlalchemy import insert

from bench.bookings import always_bookable
from bench.figures import Line, milliseconds
from bench.place import Place
from calhooks import clock, ids
from calhooks.db import writing
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType
from tests import factories

BOOKINGS = 5_000
MINUTES = 15
# Two of three slots are taken: 64 a day, so that the month that is shown is as full as it can be.
TAKEN_OF = (2, 3)
REQUESTS = 60
BROWSER = {"Accept-Encoding": "gzip"}


def month_page(place: Place) -> list[Line]:
    """The time inside the web server's process, for a host with so many bookings and for one with none."""
    with place.stage() as stage:
        pages = []
        for username, bookings in (("idle", 0), ("busy", BOOKINGS)):
            host = factories.create_user(username)
            event_type = always_bookable(host, MINUTES)
            if bookings:
                _fill(event_type, bookings)
            pages.append(f"/{username}/30min?timeZone=Europe/Berlin&month={_next_month():%Y-%m}")
        client = stage.app.test_client()
        seconds: list[list[float]] = [[], []]
        for _ in range(5 + place.some(REQUESTS)):
            for page, taken in zip(pages, seconds, strict=True):
                began = time.perf_counter()
                answer = client.get(page, headers=BROWSER)
                taken.append(time.perf_counter() - began)
                assert answer.status_code == 200
    none, many = (median(taken[5:]) for taken in seconds)
    return [
        Line(
            figure=f"server time of the month page with {BOOKINGS:,} bookings, over with none",
            ours=milliseconds(many),
            baseline=milliseconds(none),
            ratio=many / none,
            must_reach="30 ms",
            ok=many <= 0.03,
            limit="working out the free times of a month and drawing the page.",
        )
    ]


def _next_month() -> date:
    return (datetime.now(UTC).date().replace(day=28) + timedelta(days=4)).replace(day=1)


def _fill(event_type: EventType, count: int) -> None:
    taken, of = TAKEN_OF
    first = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=10)
    starts = [first + timedelta(minutes=MINUTES * (number // taken * of + number % taken)) for number in range(count)]
    with writing() as session:
        session.execute(insert(Booking), [_booking(event_type, start) for start in starts])


def _booking(event_type: EventType, start: datetime) -> dict[str, object]:
    uid = ids.new_uid()
    return {
        "uid": uid,
        "root_uid": uid,
        "host_id": event_type.owner_id,
        "event_type_id": event_type.id,
        "type": event_type.slug,
        "event_title": event_type.title,
        "title": event_type.title,
        "length": MINUTES,
        "status": BookingStatus.ACCEPTED,
        "start_time": start,
        "end_time": start + timedelta(minutes=MINUTES),
        "responses": {},
        "created_at": clock.now(),
    }

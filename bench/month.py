"""The month page of a host, and of a team of twenty, with five thousand bookings."""

import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from statistics import median

from flask.testing import FlaskClient
from sqlalchemy import insert, select

from bench.bookings import always_bookable
from bench.figures import Line, milliseconds
from bench.place import Place
from bench.teams import HOSTS, round_robin
from calhooks import clock, ids
from calhooks.db import db, writing
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType
from tests import factories

BOOKINGS = 5_000
MINUTES = 15
# Two of three slots are taken: 64 a day, so that the month that is shown is as full as it can be.
TAKEN_OF = (2, 3)
REQUESTS = 60
WARM_UP = 5
BROWSER = {"Accept-Encoding": "gzip"}


def month_page(place: Place) -> list[Line]:
    """The time inside the web server's process, for a host with so many bookings and for one with none."""
    with place.stage() as stage:
        for username, bookings in (("idle", 0), ("busy", BOOKINGS)):
            event_type = always_bookable(factories.create_user(username), MINUTES)
            if bookings:
                _fill(event_type, bookings)
        none, many = _times(stage.app.test_client(), ["/idle/30min", "/busy/30min"], place.some(REQUESTS))
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


def team_month_page(place: Place) -> list[Line]:
    """The same for a round robin of twenty hosts who share these bookings, beside the host who has all of them."""
    with place.stage() as stage:
        _fill(always_bookable(factories.create_user("busy"), MINUTES), BOOKINGS)
        _fill_hosts(round_robin(HOSTS, MINUTES), BOOKINGS)
        pages = ["/busy/30min", "/team/sales/talk"]
        alone, team = _times(stage.app.test_client(), pages, place.some(REQUESTS))
    return [
        Line(
            figure=f"the same of a round robin of {HOSTS} hosts with as many between them, over one host's",
            ours=milliseconds(team),
            baseline=milliseconds(alone),
            ratio=team / alone,
            must_reach="60 ms",
            ok=team <= 0.06,
            limit=f"working out the free times of {HOSTS} calendars.",
        )
    ]


def _times(client: FlaskClient, pages: list[str], requests: int) -> list[float]:
    """Return the median time of each page's next month, the pages in turns."""
    seconds: list[list[float]] = [[] for _ in pages]
    for _ in range(WARM_UP + requests):
        for page, taken in zip(pages, seconds, strict=True):
            began = time.perf_counter()
            answer = client.get(f"{page}?timeZone=Europe/Berlin&month={_next_month():%Y-%m}", headers=BROWSER)
            taken.append(time.perf_counter() - began)
            assert answer.status_code == 200
    return [median(taken[WARM_UP:]) for taken in seconds]


def _next_month() -> date:
    return (datetime.now(UTC).date().replace(day=28) + timedelta(days=4)).replace(day=1)


def _fill(event_type: EventType, count: int) -> None:
    taken, of = TAKEN_OF
    first = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=10)
    starts = [first + timedelta(minutes=MINUTES * (number // taken * of + number % taken)) for number in range(count)]
    with writing() as session:
        session.execute(insert(Booking), [_booking(event_type, start) for start in starts])


def _fill_hosts(event_type: EventType, count: int) -> None:
    """Book the hosts of a team in turns, all in the month that is shown, every other time for the team."""
    first = datetime.combine(_next_month(), time_of_day(), UTC)
    hosts, rows = [place.membership.user for place in event_type.hosts], []
    own = dict(db.session.execute(select(EventType.owner_id, EventType.id)).tuples().all())
    for number in range(count):
        turn, host = number // len(hosts), hosts[number % len(hosts)]
        # Quarter hours by chance, but none twice: 7 has no divisor in common with a month of them.
        start = first + timedelta(minutes=MINUTES * ((7 * turn + host.id) % (28 * 96)))
        row = _booking(event_type, start) | {"host_id": host.id}
        if turn % 2:
            row |= {"event_type_id": own[host.id], "team_id": None, "scheduling_type": None}
        rows.append(row)
    with writing() as session:
        session.execute(insert(Booking), rows)


def _booking(event_type: EventType, start: datetime) -> dict[str, object]:
    uid = ids.new_uid()
    return {
        "uid": uid,
        "root_uid": uid,
        "host_id": event_type.owner_id,
        "team_id": event_type.team_id,
        "scheduling_type": event_type.scheduling_type,
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

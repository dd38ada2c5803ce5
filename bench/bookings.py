"""People who book, through the booking service, and how long the receivers wait for it."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from itertools import count

from sqlalchemy import select

from calhooks.accounts.models import User
from calhooks.db import after_commit, db, writing
from calhooks.delivery.models.deliveries import Event
from calhooks.scheduling.bookings.prepared import book_prepared, prepare_booking
from calhooks.scheduling.bookings.submission import Submission
from calhooks.scheduling.models.event_types import EventType
from tests import factories

MINUTES = 5


class Booker:
    """Books one host's next free five minutes at a time, and knows when each booking was safe."""

    def __init__(self, username: str) -> None:
        self.host = factories.create_user(username)
        self.event_type_id = always_bookable(self.host, MINUTES).id
        # Rows read the host's id later, when its session is gone.
        db.session.refresh(self.host)
        db.session.remove()
        self.committed: dict[str, float] = {}
        self._starts = (tomorrow() + timedelta(minutes=MINUTES * number) for number in count())

    def book(self) -> None:
        """Book, as the booking page does."""
        form = Submission(start=next(self._starts), time_zone="Asia/Kolkata", name="Ann Lee", email="ann@example.com")
        prepared = prepare_booking(db.session(), self.event_type_id, form, metadata={"user_id": "123"}, visitor="")
        with writing() as session:
            moments: list[float] = []
            after_commit(session, lambda: moments.append(time.monotonic()))
            uid = book_prepared(session, prepared)
        db.session.remove()
        self.committed[uid] = moments[0]

    def waits(self, taken: list[tuple[float, str]]) -> list[float]:
        """Return how many seconds after its commit each booking's first byte came, one for each delivery."""
        return waits(self.committed, taken)


def waits(committed: Mapping[str, float], taken: list[tuple[float, str]]) -> list[float]:
    """Return how many seconds after the commit of each booking its first byte came, one for each delivery."""
    uids = dict(db.session.execute(select(Event.message_id, Event.subject)).tuples().all())
    db.session.rollback()
    return [at - committed[uids[message]] for at, message in taken if uids.get(message) in committed]


def always_bookable(host: User, minutes: int) -> EventType:
    """Make an event type that is offered around the clock."""
    schedule = factories.create_schedule(host, hours=(0, 24), days=range(7))
    # Without notice: tomorrow may begin in a minute.
    return factories.create_event_type(host, schedule=schedule, length=minutes, minimum_notice=0)


def at_rate(rate: float, seconds: float, action: Callable[[], None]) -> float:
    """Do something so many times a second, whatever it costs, for so long; return the rate that was reached."""
    began, done = time.monotonic(), 0
    while (moment := began + done / rate) < began + seconds and time.monotonic() < began + seconds:
        time.sleep(max(0.0, moment - time.monotonic()))
        action()
        done += 1
    return done / max(seconds, time.monotonic() - began)


def tomorrow() -> datetime:
    """Return the next midnight in UTC."""
    return datetime.combine(datetime.now(UTC).date() + timedelta(days=1), time_of_day(), UTC)

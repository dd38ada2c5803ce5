"""What the tests of bookings share: a Monday morning, a filled-in form, and what webhooks were told."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Event
from calhooks.events import TRIGGERS
from calhooks.scheduling.bookings.lookups import find_booking
from calhooks.scheduling.bookings.prepared import book_prepared, prepare_booking
from calhooks.scheduling.bookings.reschedule import reschedule
from calhooks.scheduling.bookings.submission import Submission
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventType
from tests import factories

# A Monday; the factories' host has hours from 9 to 17 in London, where it is winter.
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def at(hour: int, minute: int = 0, day: int = 3) -> datetime:
    """A moment in the week of NOW, on the Tuesday unless another day of March is given."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def submission(start: datetime, **values: Any) -> Submission:
    """The form of Ann Lee, who lives in India."""
    fields = {"name": "Ann Lee", "email": "ann@example.com", "time_zone": "Asia/Kolkata", "locale": "en"}
    return Submission(start=start, **(fields | values))


def bookable(**values: Any) -> EventType:
    """An event type whose host has a webhook for everything that happens."""
    host = factories.create_user()
    factories.create_webhook(host, triggers=[str(trigger) for trigger in TRIGGERS])
    return factories.create_event_type(host, **values)


def book_at(
    event_type: EventType,
    start: datetime,
    *,
    metadata: Mapping[str, str] | None = None,
    visitor: str = "",
    **values: Any,
) -> Booking:
    """Book as a view does."""
    form = submission(start, **values)
    prepared = prepare_booking(db.session(), event_type.id, form, metadata=metadata or {}, visitor=visitor)
    with writing() as session:
        return find_booking(session, book_prepared(session, prepared))


def move(
    booking: Booking,
    start: datetime,
    *,
    metadata: Mapping[str, str] | None = None,
    visitor: str = "",
    by: User | None = None,
    **values: Any,
) -> Booking:
    """Reschedule as a view does."""
    form = submission(start, **values)
    with writing() as session:
        return reschedule(session, booking.uid, form, metadata=metadata or {}, visitor=visitor, by=by)


def told(session: Session) -> list[tuple[str, str]]:
    """What webhooks were told, in order: the trigger and the uid of the booking."""
    return [(event.trigger, event.subject) for event in session.scalars(select(Event).order_by(Event.id))]


def last_payload(session: Session) -> dict[str, Any]:
    """The payload of the last thing that webhooks were told."""
    event = session.scalars(select(Event).order_by(Event.id.desc()).limit(1)).one()
    payload: dict[str, Any] = json.loads(event.payload)["payload"]
    return payload


@contextmanager
def statements() -> Iterator[list[str]]:
    """Give a list of what the database is asked meanwhile."""
    read: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        read.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield read
    finally:
        event.remove(db.engine, "before_cursor_execute", note)

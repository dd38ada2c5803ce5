"""Bookings that are prepared and then booked, as a view does, with something in between."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from calhooks.db import db, writing
from calhooks.scheduling.availability import absences, overrides, schedules
from calhooks.scheduling.bookings.prepared import PreparedBooking, book_prepared, prepare_booking
from calhooks.scheduling.models.event_types import EventType
from tests.scheduling.helpers import at, book_at, bookable, submission


@contextmanager
def statements() -> Iterator[list[str]]:
    """Note every statement that is run inside."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(" ".join(statement.split()))

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


def full_house() -> EventType:
    """An event type that uses all that there is, of a host with something of everything."""
    event_type = bookable(buffer_before=5, limit_day=9, limit_week=20, limit_month=40, reminder_hours=2)
    host = event_type.owner
    with writing() as session:
        schedules.create_schedule(session, host, name="Another one")
        overrides.set_override(session, host, event_type.schedule_id, day="2026-03-20", hours=[])
        absences.add_absence(session, host, first="2026-03-23", last="", note="")
    book_at(event_type, at(15))
    return event_type


def prepare(event_type: EventType, hour: int = 9, **values: Any) -> PreparedBooking:
    """Judge what one browser sends."""
    form = submission(at(hour), **values)
    return prepare_booking(db.session(), event_type.id, form, metadata={"a": "1"}, visitor="a browser")


def finish(prepared: PreparedBooking) -> tuple[str, list[str]]:
    """Book, and return the uid with the statements of the transaction."""
    with statements() as seen, writing() as session:
        uid = book_prepared(session, prepared)
    return uid, seen


def judged_again(seen: list[str]) -> bool:
    """Tell whether the statements of a transaction are those of `book`."""
    return any(each.startswith("SELECT event_types.id") for each in seen)

"""Booking in two steps: judging before the write transaction, rendering and writing rows in it.

SQLite has one write lock, and on PostgreSQL two bookings of one host wait for each other, so little is done under a
lock. The host's `calendar_version` tells whether the judgement still holds. If it has changed meanwhile, `book` judges
the booking again under the lock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from sqlalchemy import Column, Table, insert, inspect
from sqlalchemy.orm import Session
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from calhooks import clock
from calhooks.db import Base
from calhooks.events import BookingEvent
from calhooks.mail.outbox import WrittenMail, owe_written, write_mail
from calhooks.scheduling.bookings.book import book, bookable_event_type, first_trigger, judged_booking
from calhooks.scheduling.bookings.events import booking_event, owners_of_hosts
from calhooks.scheduling.bookings.lookups import find_submitted
from calhooks.scheduling.bookings.submission import Submission, submission_key
from calhooks.scheduling.errors import NotAllowed, SlotTaken
from calhooks.scheduling.locking import calendar_version, lock_host, refusing
from calhooks.scheduling.models.bookings import Attendee, Booking, BookingChange
from calhooks.scheduling.models.event_types import EventType
from calhooks.scheduling.notifications.mail import mail_drafts
from calhooks.webhooks.dispatch import Listeners, dispatch_first, lock_listeners, prepare_listeners, prepare_templates

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Judged:
    """A booking that could be made when its host's calendar had a `version`, as rows and as the event to announce.

    Only the database knows the booking's number, so the event still lacks it. Letters do not name it.
    """

    version: int
    booking: Row
    attendees: list[Row]
    change: Row
    event: BookingEvent = field(repr=False)
    listeners: Listeners = field(repr=False)
    mails: list[WrittenMail] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedBooking:
    """A form that was sent, with what it makes.

    `judged` is None for a form that was sent before, and where something changed during a judgement that refused it.
    """

    event_type_id: int
    submission: Submission
    metadata: Mapping[str, str]
    visitor: str
    judged: _Judged | None


def prepare_booking(
    session: Session, event_type_id: int, submission: Submission, *, metadata: Mapping[str, str], visitor: str
) -> PreparedBooking:
    """Judge a form and work out what it makes, before the transaction in which `book_prepared` books it.

    See `book` for `visitor`. Raises SlotTaken, SlotNotOffered, or NotAllowed for an event type that was deleted.
    """
    # Read first: what is changed after this moves the version.
    event_type = bookable_event_type(session, event_type_id)
    unjudged = PreparedBooking(
        event_type_id=event_type_id, submission=submission, metadata=metadata, visitor=visitor, judged=None
    )
    if event_type.owner is None:
        # Whose turn it is in a team is decided under its lock.
        prepare_templates(session, owners_of_hosts(session, event_type))
        return unjudged
    host_id, version = event_type.owner.id, event_type.owner.calendar_version
    key, judged = submission_key(visitor, event_type_id, submission), None
    try:
        if find_submitted(session, key) is None:
            judged = _judge(session, event_type, version, submission, metadata, key)
    except NotAllowed:
        # On PostgreSQL, each statement sees the latest commits: the slot may have been taken by this very form.
        if calendar_version(session, host_id) == version:
            raise
    return replace(unjudged, judged=judged)


def book_prepared(session: Session, prepared: PreparedBooking) -> str:
    """Book what was prepared, with its webhooks and mails, in the caller's transaction, and return the booking's uid.

    The same form sent again returns the uid of the booking it made. Raises as `prepare_booking` does, for what came
    between.
    """
    judged = prepared.judged
    if judged is not None and _still_holds(session, judged):
        return _write(session, judged)
    booking = book(
        session,
        prepared.event_type_id,
        prepared.submission,
        metadata=prepared.metadata,
        visitor=prepared.visitor,
    )
    return booking.uid


def _judge(
    session: Session,
    event_type: EventType,
    version: int,
    submission: Submission,
    metadata: Mapping[str, str],
    key: str | None,
) -> _Judged:
    now = clock.now()
    booking = judged_booking(session, event_type, submission, metadata, now)
    booking.submission_key = key
    # First, because it completes the booking.
    row, trigger = _row(booking), first_trigger(booking)
    return _Judged(
        version=version,
        booking=row,
        attendees=[_row(attendee) for attendee in booking.attendees],
        change=_row(booking.changes[0]),
        event=booking_event(booking, trigger, now),
        listeners=prepare_listeners(session, event_type.belongs_to),
        mails=[write_mail(draft) for draft in mail_drafts(session, booking, trigger)],
    )


def _still_holds(session: Session, judged: _Judged) -> bool:
    # The version does not tell of endpoints: pumps, which switch them off, must not wait for bookings.
    return lock_host(session, judged.event.host_id) == judged.version and lock_listeners(session, judged.listeners)


def _write(session: Session, judged: _Judged) -> str:
    connection = session.connection()
    # The database has the last word, whatever was judged.
    with refusing(SlotTaken()):
        number: int = connection.execute(_BOOKING, judged.booking).scalar_one()
    connection.execute(_ATTENDEES, [row | {"booking_id": number} for row in judged.attendees])
    connection.execute(_CHANGE, judged.change | {"booking_id": number})
    event = replace(judged.event, booking_id=number)
    dispatch_first(session, event, judged.listeners)
    for mail in judged.mails:
        owe_written(session, mail)
    return event.uid


def _row(instance: Base) -> Row:
    """Return a new instance as its row without a number, and have the instance say the defaults too."""
    row: Row = {}
    for attribute, column, default in _COLUMNS[type(instance)]:
        value = getattr(instance, attribute)
        if value is None and default is not None:
            setattr(instance, attribute, value := default)
        row[column] = value
    return row


def _columns(model: type[Base]) -> list[tuple[str, str, object]]:
    """Return the attribute, the column and the plain default of each column, but of the row's own number."""
    pairs = [(attribute.key, attribute.columns[0]) for attribute in inspect(model).column_attrs]
    return [
        (key, column.name, column.default.arg if isinstance(column.default, ScalarElementColumnDefault) else None)
        for key, column in pairs
        if isinstance(column, Column) and not column.primary_key
    ]


_COLUMNS: dict[type[Base], list[tuple[str, str, object]]] = {
    model: _columns(model) for model in (Booking, Attendee, BookingChange)
}
# The tables, not the models: rows without objects, and without asking for numbers that nobody needs.
_BOOKING = insert(cast(Table, Booking.__table__)).returning(Booking.id)
_ATTENDEES, _CHANGE = (insert(cast(Table, model.__table__)).inline() for model in (Attendee, BookingChange))

"""A booking that was judged before its transaction: written as it is where nothing came between, else judged again."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from calhooks.accounts import users
from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Delivery, Event
from calhooks.scheduling.availability import absences, overrides, schedules
from calhooks.scheduling.availability.holds import hold
from calhooks.scheduling.bookings.book import book
from calhooks.scheduling.bookings.cancel import cancel
from calhooks.scheduling.bookings.confirm import confirm, reject
from calhooks.scheduling.bookings.lookups import find_booking
from calhooks.scheduling.bookings.prepared import prepare_booking
from calhooks.scheduling.bookings.reschedule import reschedule
from calhooks.scheduling.errors import NotAllowed, SlotNotOffered, SlotTaken
from calhooks.scheduling.event_types import editing
from calhooks.scheduling.event_types.form import CheckedEventType, TypedEventType, check_event_type
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType
from calhooks.scheduling.models.schedules import Absence, DateOverride
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings import subscriptions
from calhooks.webhooks.settings.validation import WebhookValues
from tests import factories
from tests.scheduling.bookings.prepared import finish, full_house, judged_again, prepare, statements
from tests.scheduling.conftest import Watch
from tests.scheduling.helpers import NOW, at, book_at, bookable, last_payload, submission, told

pytestmark = pytest.mark.usefixtures("watch", "session")


def test_under_the_lock_rows_are_written_and_nothing_is_judged(session: Session) -> None:
    prepared = prepare(bookable())
    uid, seen = finish(prepared)
    written = [re.match(r"(?:INSERT INTO|UPDATE|SELECT) (\w+)", each) for each in seen]
    assert [found and found[1] for found in written] == [
        *("users", "webhooks", "bookings", "attendees", "booking_changes", "events", "deliveries", "endpoints"),
    ]
    booking = find_booking(session, uid)
    assert (booking.status, booking.host_id, booking.metadata_) == (BookingStatus.ACCEPTED, 1, {"a": "1"})
    assert [change.action for change in booking.changes] == ["booked"]
    assert last_payload(session)["bookingId"] == booking.id


def test_it_is_the_same_booking_either_way(session: Session) -> None:
    event_type = bookable(requires_confirmation=True, location="Room 1", description="A talk", reminder_hours=1)
    guests = ("bob@example.com", "cid@example.com")
    rows = []
    for hour in (9, 11):
        prepared = prepare(event_type, hour, guests=guests, notes="Hello")
        if hour == 11:
            bump(event_type.owner_id)
        uid, seen = finish(prepared)
        assert judged_again(seen) is (hour == 11)
        booking = find_booking(session, uid)
        payload = last_payload(session)
        own = {"id", "uid", "root_uid", "start_time", "end_time", "submission_key"}
        said = {column.name for column in Booking.__table__.columns} - own
        row = session.execute(select(Booking.__table__).where(Booking.id == booking.id)).mappings().one()
        people = [(each.position, each.name, each.email, each.no_show) for each in booking.attendees]
        changes = [(each.at, each.action, each.by_email, each.detail) for each in booking.changes]
        theirs = {"uid", "bookingId", "startTime", "endTime", "bookingUrl", "rescheduleUrl", "cancelUrl", "iCalUID"}
        told_of = {name: value for name, value in payload.items() if name not in theirs}
        rows.append(({name: row[name] for name in said}, people, changes, told_of))
    assert rows[0] == rows[1]


def bump(host_id: int) -> None:
    with writing() as session:
        session.execute(update(User).where(User.id == host_id).values(locale=User.locale))


def test_the_same_form_sent_again_while_the_first_is_on_its_way_is_one_booking(session: Session) -> None:
    event_type = bookable()
    first, second = prepare(event_type), prepare(event_type)
    uids = {finish(first)[0], finish(second)[0], finish(prepare(event_type))[0]}
    assert len(uids) == 1
    assert told(session) == [("BOOKING_CREATED", uids.pop())]


def test_the_same_form_that_is_booked_while_the_second_is_judged_is_one_booking(app: Flask, session: Session) -> None:
    event_type = bookable()
    number, first = event_type.id, list[str]()

    def book_first() -> None:
        with app.app_context():
            first.append(finish(prepare(db.session.get_one(EventType, number)))[0])
            db.session.remove()

    def between(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        # The second form has been looked for, and its slot has not been looked at.
        if "submission_key =" in statement and not first:
            first.append("")
            with ThreadPoolExecutor(1) as other:
                other.submit(book_first).result()

    event.listen(db.engine, "after_cursor_execute", between)
    second = finish(prepare(event_type))[0]
    event.remove(db.engine, "after_cursor_execute", between)
    assert first == ["", second]


def test_a_slot_that_is_taken_is_refused_before_the_transaction() -> None:
    event_type = bookable()
    book_at(event_type, at(9))
    with pytest.raises(SlotTaken):
        prepare(event_type)
    with pytest.raises(NotAllowed):
        prepare_booking(db.session(), 99, submission(at(9)), metadata={}, visitor="")


Change = Callable[[Session, EventType], object]


def host_of(session: Session, event_type: EventType) -> User:
    return session.get_one(User, event_type.owner_id)


def webhook(session: Session, number: int) -> Webhook:
    return session.scalars(select(Webhook).order_by(Webhook.id)).all()[number]


def checked_webhook(event_type: EventType, number: int, **typed: Any) -> subscriptions.CheckedWebhook:
    """Check a webhook's form, which ends the session's read: before a transaction."""
    stored = webhook(db.session(), number) if number else None
    values = WebhookValues(**({"subscriber_url": "http://127.0.0.1:9/", "triggers": ["BOOKING_CREATED"]} | typed))
    return subscriptions.check_webhook(db.session(), event_type.belongs_to, values, stored)


def existing(session: Session, status: BookingStatus) -> str:
    return session.scalars(select(Booking.uid).where(Booking.status == status)).one()


def checked_event_type(**typed: Any) -> CheckedEventType:
    return check_event_type(TypedEventType(**({"title": "Another title", "length": 30} | typed)))


def profile(session: Session, event_type: EventType) -> None:
    users.update_profile(
        session, host_of(session, event_type), name="Richard", username="richard", time_zone="UTC", locale="en"
    )


def hours(session: Session, event_type: EventType, start: str) -> None:
    owner, number = host_of(session, event_type), event_type.schedule_id
    typed = [schedules.TypedHours(1, start, "17:00")]
    schedules.update_schedule(session, owner, number, name="Hours", time_zone="Europe/London", hours=typed)


# What hosts and bookers do between the judgement and the transaction, by the services that views call.
IN_BETWEEN: dict[str, Change] = {
    "another booking": lambda session, each: book(
        session, each.id, submission(at(10), email="bob@example.com"), metadata={}, visitor=""
    ),
    "a cancellation": lambda session, _: cancel(session, existing(session, BookingStatus.ACCEPTED), reason="", by=None),
    "a reschedule": lambda session, _: reschedule(
        session,
        existing(session, BookingStatus.ACCEPTED),
        submission(at(16)),
        metadata={},
        visitor="",
        by=None,
    ),
    "a confirmation": lambda session, each: confirm(
        session, existing(session, BookingStatus.PENDING), host_of(session, each)
    ),
    "a rejection": lambda session, each: reject(
        session, existing(session, BookingStatus.PENDING), host_of(session, each), reason=""
    ),
    "the profile": profile,
    "the hours": lambda session, each: hours(session, each, "09:00"),
    "another schedule": lambda session, each: schedules.create_schedule(
        session, host_of(session, each), name="One more"
    ),
    "a schedule less": lambda session, each: schedules.delete_schedule(
        session, host_of(session, each), each.schedule_id
    ),
    "an override": lambda session, each: overrides.set_override(
        session, host_of(session, each), each.schedule_id, day="2026-03-21", hours=[]
    ),
    "an override changed": lambda session, each: overrides.set_override(
        session,
        host_of(session, each),
        each.schedule_id,
        day="2026-03-20",
        hours=[schedules.TypedTimes("09:00", "10:00")],
    ),
    "an override less": lambda session, each: overrides.remove_override(
        session, host_of(session, each), each.schedule_id, session.scalars(select(DateOverride.id)).one()
    ),
    "time off": lambda session, each: absences.add_absence(
        session, host_of(session, each), first="2026-03-24", last="", note=""
    ),
    "time off less": lambda session, each: absences.remove_absence(
        session, host_of(session, each), session.scalars(select(Absence.id)).one()
    ),
    "the event type": lambda session, each: editing.update_event_type(
        session, each.belongs_to, each.id, checked_event_type()
    ),
    "a copy of it": lambda session, each: editing.duplicate_event_type(session, each.belongs_to, each.id),
    "another place of it": lambda session, each: editing.move_event_type(session, each.belongs_to, each.id, 1),
    "hiding it": lambda session, each: editing.set_hidden(session, each.belongs_to, each.id, True),
    "a new one": lambda session, each: editing.create_event_type(
        session, each.belongs_to, checked_event_type(title="Something else")
    ),
    "a webhook less": lambda session, _: subscriptions.delete(session, webhook(session, 1)),
    "a webhook off": lambda session, _: subscriptions.set_active(session, webhook(session, 0), False),
    "a webhook on": lambda session, _: subscriptions.set_active(session, webhook(session, 2), True),
}


@pytest.fixture
def event_type(session: Session) -> EventType:
    """An event type of a host with an accepted booking, a request, three webhooks (the last one off) and time off."""
    event_type = full_house()
    factories.create_booking(event_type, at(13), status=BookingStatus.PENDING)
    factories.create_event_type(event_type.owner, slug="other")
    for number in (1, 2):
        factories.create_webhook(event_type.owner, f"http://127.0.0.1:9/{number}")
    with writing() as writer:
        subscriptions.set_active(writer, webhook(writer, 2), False)
    return event_type


@pytest.mark.parametrize("change", IN_BETWEEN.values(), ids=IN_BETWEEN)
def test_whatever_comes_between_has_it_judged_again(event_type: EventType, change: Change) -> None:
    prepared = prepare(event_type)
    with writing() as session:
        change(session, session.get_one(EventType, event_type.id))
    uid, seen = finish(prepared)
    assert judged_again(seen)
    assert find_booking(db.session(), uid).start_time == at(9)


@pytest.mark.parametrize("number", [0, 1])
def test_a_webhook_that_is_made_or_changed_in_between_has_it_judged_again(event_type: EventType, number: int) -> None:
    prepared = prepare(event_type)
    template = '{"title": "{{title}}"}'
    checked = checked_webhook(
        event_type, number, subscriber_url="http://127.0.0.1:9/new", payload_format="custom", payload_template=template
    )
    with writing() as session:
        if number:
            subscriptions.update(session, webhook(session, number), checked)
        else:
            subscriptions.create(session, event_type.belongs_to, checked)
    _, seen = finish(prepared)
    assert judged_again(seen)
    assert b'{"title": "30 min meeting"}' in db.session.scalars(select(Delivery.body)).all()


def test_what_does_not_matter_to_a_booking_does_not_slow_it_down(event_type: EventType, watch: Watch) -> None:
    prepared = prepare(event_type)
    with writing() as session:
        host = host_of(session, event_type)
        users.change_password(session, host, "another hash")
        hold(session, session.get_one(EventType, event_type.id), "somebody", at(9), 30, NOW)
        webhook(session, 0).endpoint.failing_since = NOW
    _, seen = finish(prepared)
    assert not judged_again(seen)


def test_time_off_that_comes_between_is_kept_free(event_type: EventType) -> None:
    prepared = prepare(event_type)
    with writing() as session:
        absences.add_absence(session, host_of(session, event_type), first="2026-03-03", last="", note="")
    with pytest.raises(SlotNotOffered):
        finish(prepared)


def test_hours_that_change_in_between_count(event_type: EventType) -> None:
    prepared = prepare(event_type)
    with writing() as session:
        hours(session, event_type, "11:00")
    with pytest.raises(SlotNotOffered):
        finish(prepared)


def test_a_slot_that_is_booked_in_between_is_taken(event_type: EventType) -> None:
    prepared = prepare(event_type)
    book_at(event_type, at(9), email="bob@example.com")
    with pytest.raises(SlotTaken):
        finish(prepared)


def test_an_event_type_that_is_deleted_in_between_is_not_booked(event_type: EventType) -> None:
    prepared = prepare(event_type)
    with writing() as session:
        editing.delete_event_type(session, event_type.belongs_to, event_type.id)
    with pytest.raises(NotAllowed, match="no longer"):
        finish(prepared)


def test_a_webhook_that_is_switched_off_in_between_is_owed_nothing(event_type: EventType) -> None:
    prepared = prepare(event_type)
    with writing() as session:
        subscriptions.set_active(session, webhook(session, 0), False)
    uid, _ = finish(prepared)
    owed = db.session.scalars(select(Delivery.endpoint_id).join(Event).where(Event.subject == uid)).all()
    assert owed == [webhook(db.session(), 1).endpoint_id]


def test_a_hosts_own_event_type_is_booked_in_sixteen_statements() -> None:
    """Teams have not made it more: eight before the lock, one of them for the form sent before, and eight after it."""
    event_type = bookable()
    with statements() as before:
        prepared = prepare(event_type)
    assert (len(before), len(finish(prepared)[1])) == (8, 8)

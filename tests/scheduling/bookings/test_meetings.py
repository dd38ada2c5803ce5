from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.db import writing
from calhooks.delivery.models.deliveries import Delivery, Event
from calhooks.scheduling.bookings import meetings
from calhooks.scheduling.bookings.cancel import cancel
from calhooks.scheduling.bookings.meetings import announce_meetings, prepare_meetings
from tests.factories import create_webhook
from tests.scheduling.conftest import Watch
from tests.scheduling.helpers import at, book_at, bookable, move, told

pytestmark = pytest.mark.usefixtures("watch")


def tick(now: datetime) -> int:
    with writing() as session:
        return announce_meetings(session, now)


def test_a_meeting_is_told_at_its_beginning_and_its_end_once(session: Session) -> None:
    booking = book_at(bookable(), at(9))
    assert [tick(at(8, 59)), tick(at(9)), tick(at(9)), tick(at(9, 29)), tick(at(9, 30)), tick(at(10))] == [
        0,
        1,
        0,
        0,
        1,
        0,
    ]
    assert told(session)[1:] == [("MEETING_STARTED", booking.uid), ("MEETING_ENDED", booking.uid)]


def test_what_is_told_late_has_the_scheduled_time(session: Session) -> None:
    book_at(bookable(), at(9))
    assert tick(at(20)) == 2
    events = session.scalars(select(Event).order_by(Event.id)).all()
    assert [(event.trigger, event.occurred_at) for event in events[1:]] == [
        ("MEETING_STARTED", at(9)),
        ("MEETING_ENDED", at(9, 30)),
    ]


def test_after_a_day_nothing_is_told_any_more(session: Session) -> None:
    book_at(bookable(), at(9))
    assert tick(at(9, 30) + timedelta(days=1)) == 0
    assert tick(at(9, 29) + timedelta(days=1)) == 1
    assert told(session)[-1][0] == "MEETING_ENDED"


def test_a_cancelled_or_moved_meeting_is_not_told(session: Session) -> None:
    event_type = bookable()
    cancelled, moved = book_at(event_type, at(9)), book_at(event_type, at(10))
    new = move(moved, at(11))
    with writing() as inner:
        cancel(inner, cancelled.uid, reason="", by=None)
    before = len(told(session))
    tick(at(12))
    assert told(session)[before:] == [("MEETING_STARTED", new.uid), ("MEETING_ENDED", new.uid)]


def test_a_meeting_cancelled_while_it_lasts_has_no_end(session: Session, watch: Watch) -> None:
    booking = book_at(bookable(), at(9))
    tick(at(9))
    watch.set(at(9, 10))
    with writing() as inner:
        cancel(inner, booking.uid, reason="", by=None)
    assert tick(at(10)) == 0


def test_a_request_is_no_meeting(session: Session) -> None:
    book_at(bookable(requires_confirmation=True), at(9))
    assert tick(at(10)) == 0


def test_many_meetings_are_told_in_bounded_batches_and_no_end_before_its_beginning(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meetings, "MEETINGS_AT_ONCE", 2)
    event_type = bookable()
    for hour in (9, 10, 11):
        book_at(event_type, at(hour))
    before = len(told(session))
    counts = [tick(at(16)), tick(at(16)), tick(at(16))]
    assert counts == [4, 2, 0]
    order = told(session)[before:]
    for uid in {uid for _, uid in order}:
        assert [trigger for trigger, each in order if each == uid] == ["MEETING_STARTED", "MEETING_ENDED"]


def test_templates_that_do_much_work_make_the_batches_smaller(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_type = bookable()
    template = '"{{#each attendees}}{{name}}{{/each}}"'
    create_webhook(
        event_type.owner,
        triggers=["MEETING_STARTED", "MEETING_ENDED"],
        payload_format="custom",
        payload_template=template,
    )
    for hour in (9, 10, 11):
        book_at(event_type, at(hour))
    prepare_meetings(session, at(16))
    monkeypatch.setattr(meetings, "MAX_EVENT_UNITS", 1)
    assert [tick(at(16)) for _ in range(7)] == [1] * 6 + [0]
    assert [delivery.body for delivery in session.scalars(select(Delivery))].count(b'"Ann Lee"') == 6

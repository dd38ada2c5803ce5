"""People who press at the same instant: real threads, each with its own transaction."""

from collections import Counter
from itertools import pairwise

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.owners import Owner
from calhooks.db import writing
from calhooks.scheduling.availability import absences, overrides, schedules
from calhooks.scheduling.availability.holds import HELD_FOR, hold, release
from calhooks.scheduling.bookings.book import book
from calhooks.scheduling.bookings.cancel import cancel
from calhooks.scheduling.bookings.confirm import confirm, reject
from calhooks.scheduling.bookings.meetings import announce_meetings
from calhooks.scheduling.bookings.reschedule import reschedule
from calhooks.scheduling.event_types import editing
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings import subscriptions
from tests import factories
from tests.scheduling.at_once import UseCase, at_once, host_of, look_again
from tests.scheduling.conftest import Watch
from tests.scheduling.helpers import at, book_at, bookable, last_payload, move, submission, told

pytestmark = pytest.mark.usefixtures("watch")


def test_of_fifty_people_at_one_slot_exactly_one_gets_it(app: Flask, session: Session) -> None:
    number = bookable().id

    def person(index: int) -> UseCase:
        form = submission(at(9), email=f"person{index}@example.com")
        return lambda inner: book(inner, number, form, metadata={}, visitor=f"browser {index}")

    outcomes = Counter(at_once(app, [person(index) for index in range(50)]))
    assert outcomes == {"done": 1, "SlotTaken": 49}
    assert [trigger for trigger, _ in told(session)] == ["BOOKING_CREATED"]


def test_a_buffer_is_kept_between_two_who_book_at_once(app: Flask, session: Session) -> None:
    number = bookable(buffer_after=30).id
    starts = [at(9), at(9, 30)] * 5

    def person(index: int) -> UseCase:
        form = submission(starts[index], email=f"person{index}@example.com")
        return lambda inner: book(inner, number, form, metadata={}, visitor="")

    assert Counter(at_once(app, [person(index) for index in range(10)])) == {"done": 1, "SlotTaken": 9}


def test_people_at_overlapping_slots_never_share_a_minute(app: Flask, session: Session) -> None:
    number = bookable(slot_interval=5).id
    starts = [at(9, minute) for minute in range(0, 60, 5)] * 2

    def person(index: int) -> UseCase:
        form = submission(starts[index], email=f"person{index}@example.com")
        return lambda inner: book(inner, number, form, metadata={}, visitor="")

    outcomes = at_once(app, [person(index) for index in range(len(starts))])
    look_again(session)
    booked = session.scalars(select(Booking).order_by(Booking.start_time)).all()
    assert len(booked) == outcomes.count("done") >= 1
    assert all(first.end_time <= second.start_time for first, second in pairwise(booked))


def test_pressing_twenty_times_lands_on_the_one_booking(app: Flask, session: Session) -> None:
    number = bookable().id
    found: list[str] = []

    def press(inner: Session) -> None:
        found.append(book(inner, number, submission(at(9)), metadata={}, visitor="one browser").uid)

    assert set(at_once(app, [press] * 20)) == {"done"}
    assert len(set(found)) == 1
    assert len(told(session)) == 1


def test_a_request_that_many_confirm_is_confirmed_once(app: Flask, session: Session) -> None:
    event_type = bookable(requires_confirmation=True)
    uid, host = book_at(event_type, at(9)).uid, event_type.owner_id
    outcomes = Counter(at_once(app, [lambda inner: confirm(inner, uid, host_of(inner, host))] * 8))
    look_again(session)
    assert outcomes == {"done": 1, "NotAllowed": 7}
    assert [trigger for trigger, _ in told(session)] == ["BOOKING_REQUESTED", "BOOKING_CREATED"]


def test_of_requests_for_one_slot_confirmed_together_one_wins(app: Flask, session: Session) -> None:
    event_type = bookable(requires_confirmation=True)
    host = event_type.owner_id
    uids = [book_at(event_type, at(9), email=f"person{index}@example.com").uid for index in range(8)]

    def answer(uid: str) -> UseCase:
        return lambda inner: confirm(inner, uid, host_of(inner, host))

    outcomes = Counter(at_once(app, [answer(uid) for uid in uids]))
    assert outcomes == {"done": 1, "SlotTaken": 7}
    look_again(session)
    statuses = Counter(session.scalars(select(Booking.status)))
    assert statuses == {BookingStatus.ACCEPTED: 1, BookingStatus.PENDING: 7}
    assert [trigger for trigger, _ in told(session)].count("BOOKING_CREATED") == 1


def test_confirmed_against_rejected_has_one_answer(app: Flask, session: Session) -> None:
    event_type = bookable(requires_confirmation=True)
    host = event_type.owner_id
    for hour in (9, 10, 11, 12):
        request = book_at(event_type, at(hour))
        uid = request.uid
        outcomes = at_once(
            app,
            [
                lambda inner, uid=uid: confirm(inner, uid, host_of(inner, host)),
                lambda inner, uid=uid: reject(inner, uid, host_of(inner, host), reason=""),
            ],
        )
        assert sorted(outcomes) == ["NotAllowed", "done"]
        look_again(session)
        assert last_payload(session)["status"] == request.status


def test_moved_against_cancelled_has_one_winner_and_webhooks_agree(app: Flask, session: Session) -> None:
    event_type = bookable()
    for hour in (9, 10, 11, 12):
        booking = book_at(event_type, at(hour))
        uid, before = booking.uid, len(told(session))
        form = submission(at(hour, day=4))
        outcomes = at_once(
            app,
            [
                lambda inner, uid=uid, form=form: reschedule(inner, uid, form, metadata={}, visitor="", by=None),
                lambda inner, uid=uid: cancel(inner, uid, reason="", by=None),
            ],
        )
        assert sorted(outcomes) == ["NotAllowed", "done"]
        look_again(session)
        ((trigger, _),) = told(session)[before:]
        moved = outcomes[0] == "done"
        assert trigger == ("BOOKING_RESCHEDULED" if moved else "BOOKING_CANCELLED")
        assert booking.status == BookingStatus.CANCELLED
        accepted = session.scalars(select(Booking).where(Booking.status == BookingStatus.ACCEPTED)).all()
        assert bool([each for each in accepted if each.start_time == at(hour, day=4)]) is moved


def test_a_booking_that_many_move_is_moved_once(app: Flask, session: Session) -> None:
    uid = book_at(bookable(), at(9)).uid

    def press(index: int) -> UseCase:
        form = submission(at(9 + index % 8, day=4))
        return lambda inner: reschedule(inner, uid, form, metadata={}, visitor="", by=None)

    outcomes = Counter(at_once(app, [press(index) for index in range(8)]))
    assert outcomes == {"done": 1, "NotAllowed": 7}
    assert [trigger for trigger, _ in told(session)] == ["BOOKING_CREATED", "BOOKING_RESCHEDULED"]


def test_a_move_confirmed_against_the_booking_cancelled_leaves_one_truth(app: Flask, session: Session) -> None:
    event_type = bookable(requires_confirmation=True)
    host = event_type.owner_id
    old = book_at(event_type, at(9))
    with writing() as inner:
        confirm(inner, old.uid, event_type.owner)
    request = move(old, at(14))
    old_uid, uid = old.uid, request.uid
    outcomes = at_once(
        app,
        [
            lambda inner: confirm(inner, uid, host_of(inner, host)),
            lambda inner: cancel(inner, old_uid, reason="", by=None),
        ],
    )
    assert sorted(outcomes) == ["NotAllowed", "done"]
    look_again(session)
    assert old.status == BookingStatus.CANCELLED
    assert request.status == (BookingStatus.ACCEPTED if outcomes[0] == "done" else BookingStatus.REJECTED)


def test_several_schedulers_tell_of_a_meeting_once(app: Flask, session: Session, watch: Watch) -> None:
    event_type = bookable()
    for hour in (9, 10, 11):
        book_at(event_type, at(hour))
    watch.set(at(16))
    at_once(app, [lambda inner: announce_meetings(inner, at(16))] * 4)
    with writing() as inner:
        announce_meetings(inner, at(16))
    triggers = Counter(trigger for trigger, _ in told(session))
    assert (triggers["MEETING_STARTED"], triggers["MEETING_ENDED"]) == (3, 3)


def test_a_host_who_changes_everything_while_people_book_keeps_nobody_waiting_in_a_circle(
    app: Flask, session: Session
) -> None:
    event_type = bookable()
    number, host, schedule = event_type.id, event_type.owner_id, event_type.schedule_id
    with writing() as writer:
        spare = schedules.create_schedule(writer, host_of(writer, host), name="Spare").id
    deleted = factories.create_webhook(event_type.owner, "http://127.0.0.1:9/2").id

    def person(index: int) -> UseCase:
        form = submission(at(9 + index), email=f"person{index}@example.com")
        return lambda inner: book(inner, number, form, metadata={}, visitor="")

    changes: list[UseCase] = [
        lambda inner: schedules.delete_schedule(inner, host_of(inner, host), spare),
        lambda inner: overrides.set_override(inner, host_of(inner, host), schedule, day="2026-03-20", hours=[]),
        lambda inner: absences.add_absence(inner, host_of(inner, host), first="2026-03-24", last="", note=""),
        lambda inner: editing.set_hidden(inner, Owner(user_id=host), number, True),
        lambda inner: subscriptions.delete(inner, inner.get_one(Webhook, deleted)),
    ]
    look_again(session)
    everybody = [*(person(index) for index in range(6)), *changes]
    assert Counter(at_once(app, everybody)) == {"done": len(everybody)}


def test_visitors_of_several_hosts_at_once_hold_and_book(app: Flask, session: Session, watch: Watch) -> None:
    """Each visitor books with one host and holds a time of the other, in two tabs, while what others held expires."""
    numbers = [bookable().id, bookable().id]

    def visitor(index: int, turn: int) -> UseCase:
        number, name = numbers[(index + turn) % 2], f"visitor {index // 2}"
        start = at(9 + index % 8, 30 * (index // 8), day=3 + turn)

        def holds(inner: Session) -> None:
            hold(inner, inner.get_one(EventType, number), name, start, 30, clock.now())

        def books(inner: Session) -> None:
            book(inner, number, submission(start, email=f"person{index}@example.com"), metadata={}, visitor=name)
            release(inner, name)

        return books if turn and index % 2 == 0 else holds

    for turn in range(7):
        if turn not in (4, 5):
            assert at_once(app, [visitor(index, turn) for index in range(12)]) == ["done"] * 12
            watch.now += HELD_FOR * (turn % 2)
    look_again(session)
    # Six on each of four days.
    assert len(session.scalars(select(Booking)).all()) == 24

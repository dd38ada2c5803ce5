from typing import Any

import pytest
from sqlalchemy.orm import Session

from calhooks.db import writing
from calhooks.scheduling.bookings.cancel import cancel
from calhooks.scheduling.bookings.confirm import confirm, reject
from calhooks.scheduling.bookings.lookups import open_request, successor
from calhooks.scheduling.bookings.metadata import MetadataError
from calhooks.scheduling.bookings.reschedule import reschedule
from calhooks.scheduling.errors import NotAllowed, NotFound, SlotNotOffered, SlotTaken
from calhooks.scheduling.event_types.editing import delete_event_type
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType
from tests.scheduling.conftest import Watch
from tests.scheduling.helpers import at, book_at, bookable, last_payload, move, submission, told

pytestmark = pytest.mark.usefixtures("watch")


def confirmed_booking(event_type: EventType, **values: Any) -> Booking:
    """Book what is asked for only, and confirm it."""
    booking = book_at(event_type, at(9), **values)
    with writing() as session:
        confirm(session, booking.uid, event_type.owner)
    return booking


def test_a_new_booking_takes_the_place_of_the_old_one_and_webhooks_hear_of_it_once(session: Session) -> None:
    old = book_at(bookable(), at(9))
    new = move(old, at(14), reschedule_reason="Dentist")
    assert (old.status, new.status) == (BookingStatus.CANCELLED, BookingStatus.ACCEPTED)
    assert new.uid != old.uid
    assert (new.root_uid, new.rescheduled_from_id) == (old.uid, old.id)
    assert (new.reschedule_reason, new.rescheduled_by) == ("Dentist", "ann@example.com")
    assert told(session) == [("BOOKING_CREATED", old.uid), ("BOOKING_RESCHEDULED", new.uid)]
    assert last_payload(session)["rescheduleUid"] == old.uid
    assert successor(session, old) is new


def test_the_old_slot_is_free_again(session: Session) -> None:
    event_type = bookable()
    old = book_at(event_type, at(9))
    move(old, at(14))
    assert book_at(event_type, at(9), email="bob@example.com").status == BookingStatus.ACCEPTED


def test_a_booking_may_move_to_a_time_that_overlaps_its_own(session: Session) -> None:
    old = book_at(bookable(slot_interval=15, buffer_after=15), at(9))
    new = move(old, at(9, 15))
    assert new.start_time == at(9, 15)


def test_a_whole_chain_of_moves_keeps_its_root(session: Session) -> None:
    first = book_at(bookable(), at(9))
    second = move(first, at(10))
    third = move(second, at(11))
    assert (third.root_uid, third.rescheduled_from_id) == (first.uid, second.id)


def test_the_links_metadata_is_laid_over_the_old_bookings(session: Session) -> None:
    old = book_at(bookable(), at(9), metadata={"user_id": "1", "plan": "free"})
    new = move(old, at(14), metadata={"plan": "pro", "ref": "x"})
    assert new.metadata_ == {"user_id": "1", "plan": "pro", "ref": "x"}
    assert last_payload(session)["metadata"] == new.metadata_


def test_metadata_that_grows_past_the_limit_moves_nothing(session: Session) -> None:
    old = book_at(bookable(), at(9), metadata={f"k{number}": "v" for number in range(50)})
    with pytest.raises(MetadataError):
        move(old, at(14), metadata={"one_more": "v"})
    session.expire_all()
    assert old.status == BookingStatus.ACCEPTED


def test_a_taken_or_impossible_time_moves_nothing(session: Session) -> None:
    event_type = bookable()
    old = book_at(event_type, at(9))
    book_at(event_type, at(14), email="bob@example.com")
    with pytest.raises(SlotTaken):
        move(old, at(14))
    with pytest.raises(SlotNotOffered):
        move(old, at(20))
    session.expire_all()
    assert old.status == BookingStatus.ACCEPTED
    assert len(told(session)) == 2


def test_the_same_form_sent_twice_moves_once(session: Session) -> None:
    old = book_at(bookable(), at(9))
    new = move(old, at(14), visitor="ann's browser")
    assert move(old, at(14), visitor="ann's browser").uid == new.uid
    assert len(told(session)) == 2


def test_what_was_moved_or_cancelled_cannot_be_moved(session: Session) -> None:
    old = book_at(bookable(), at(9))
    new = move(old, at(14))
    with pytest.raises(NotAllowed, match="has been moved"):
        move(old, at(15))
    with pytest.raises(NotAllowed, match="has been moved"), writing() as inner:
        cancel(inner, old.uid, reason="", by=None)
    with writing() as inner:
        cancel(inner, new.uid, reason="", by=None)
    with pytest.raises(NotAllowed, match="has been cancelled"):
        move(new, at(15))
    assert successor(session, new) is None


def test_a_meeting_that_is_over_cannot_be_moved(session: Session, watch: Watch) -> None:
    old = book_at(bookable(), at(9))
    watch.set(at(9, 30))
    with pytest.raises(NotAllowed, match="over"):
        move(old, at(14))


def test_an_unknown_booking_cannot_be_moved(session: Session) -> None:
    with pytest.raises(NotFound), writing() as inner:
        reschedule(inner, "unknown", submission(at(9)), metadata={}, visitor="", by=None)


def test_a_booking_whose_event_type_is_gone_cannot_be_moved(session: Session) -> None:
    event_type = bookable()
    old = book_at(event_type, at(9))
    with writing() as inner:
        delete_event_type(inner, event_type.belongs_to, event_type.id)
    with pytest.raises(NotAllowed, match="no longer"):
        move(old, at(14))


def test_where_the_host_confirms_the_old_booking_stays_until_then(session: Session) -> None:
    event_type = bookable(requires_confirmation=True)
    old = confirmed_booking(event_type)
    new = move(old, at(14))
    assert (old.status, new.status) == (BookingStatus.ACCEPTED, BookingStatus.PENDING)
    assert last_payload(session)["rescheduleUid"] == old.uid
    assert open_request(session, old) is new
    with writing() as inner:
        confirm(inner, new.uid, event_type.owner)
    assert (old.status, new.status) == (BookingStatus.CANCELLED, BookingStatus.ACCEPTED)
    assert told(session) == [
        ("BOOKING_REQUESTED", old.uid),
        ("BOOKING_CREATED", old.uid),
        ("BOOKING_REQUESTED", new.uid),
        ("BOOKING_RESCHEDULED", new.uid),
    ]


def test_a_rejected_move_leaves_the_old_booking_untouched(session: Session) -> None:
    event_type = bookable(requires_confirmation=True)
    old = confirmed_booking(event_type)
    new = move(old, at(14))
    with writing() as inner:
        reject(inner, new.uid, event_type.owner, reason="Not then")
    assert (old.status, new.status) == (BookingStatus.ACCEPTED, BookingStatus.REJECTED)
    assert told(session)[-1] == ("BOOKING_REJECTED", new.uid)
    assert move(old, at(15)).status == BookingStatus.PENDING


def test_a_move_by_the_host_is_accepted_at_once_and_keeps_the_booker(session: Session) -> None:
    event_type = bookable(requires_confirmation=True)
    old = confirmed_booking(event_type, locale="fr")
    new = move(old, at(14), by=event_type.owner, name="Rick", time_zone="Europe/London")
    booker = new.attendees[0]
    assert new.status == BookingStatus.ACCEPTED
    assert new.rescheduled_by == event_type.owner.email
    assert (booker.name, booker.time_zone, booker.locale) == ("Ann Lee", "Asia/Kolkata", "fr")
    assert told(session)[-1] == ("BOOKING_RESCHEDULED", new.uid)


def test_another_request_takes_the_place_of_the_one_before(session: Session) -> None:
    event_type = bookable(requires_confirmation=True)
    old = confirmed_booking(event_type)
    first = move(old, at(14))
    second = move(first, at(15))
    assert (old.status, first.status, second.status) == (
        BookingStatus.ACCEPTED,
        BookingStatus.REJECTED,
        BookingStatus.PENDING,
    )
    assert second.rescheduled_from_id == old.id
    assert told(session)[2:] == [
        ("BOOKING_REQUESTED", first.uid),
        ("BOOKING_REJECTED", first.uid),
        ("BOOKING_REQUESTED", second.uid),
    ]
    with pytest.raises(NotAllowed), writing() as inner:
        confirm(inner, first.uid, event_type.owner)


def test_a_request_to_move_ends_with_the_booking_it_would_have_moved(session: Session) -> None:
    old = confirmed_booking(bookable(requires_confirmation=True))
    request = move(old, at(14))
    with writing() as inner:
        cancel(inner, old.uid, reason="", by=None)
    assert (old.status, request.status) == (BookingStatus.CANCELLED, BookingStatus.REJECTED)
    assert told(session)[-2:] == [("BOOKING_CANCELLED", old.uid), ("BOOKING_REJECTED", request.uid)]


def test_withdrawing_a_request_to_move_leaves_the_booking(session: Session) -> None:
    old = confirmed_booking(bookable(requires_confirmation=True))
    request = move(old, at(14))
    with writing() as inner:
        cancel(inner, request.uid, reason="", by=None)
    assert (old.status, request.status) == (BookingStatus.ACCEPTED, BookingStatus.CANCELLED)


def test_a_request_that_was_never_accepted_is_replaced_at_once(session: Session) -> None:
    event_type = bookable(requires_confirmation=True)
    first = book_at(event_type, at(9))
    second = move(first, at(14))
    assert (first.status, second.status) == (BookingStatus.CANCELLED, BookingStatus.PENDING)
    assert successor(session, first) is second
    with writing() as inner:
        confirm(inner, second.uid, event_type.owner)
    assert told(session) == [
        ("BOOKING_REQUESTED", first.uid),
        ("BOOKING_REQUESTED", second.uid),
        ("BOOKING_CREATED", second.uid),
    ]
    assert last_payload(session)["rescheduleUid"] == first.uid

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.db import writing
from calhooks.scheduling.assignment.attendance import Attendance
from calhooks.scheduling.bookings.book import book, draft, write
from calhooks.scheduling.bookings.cancel import cancel
from calhooks.scheduling.bookings.no_show import set_no_show
from calhooks.scheduling.errors import InvalidInput, NotAllowed, NotFound, SlotNotOffered, SlotTaken
from calhooks.scheduling.event_types.editing import delete_event_type
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from tests import factories
from tests.scheduling.conftest import Watch
from tests.scheduling.helpers import NOW, at, book_at, bookable, last_payload, submission, told

pytestmark = pytest.mark.usefixtures("watch")


def test_a_free_slot_is_booked_and_webhooks_are_told(session: Session) -> None:
    event_type = bookable(slug="quick-chat", title="Quick chat", description="A short call", location="London")
    booking = book_at(
        event_type, at(9), metadata={"user_id": "123"}, notes="Hello", guests=("bob@example.com",), locale="fr"
    )
    assert booking.status == BookingStatus.ACCEPTED
    assert (booking.start_time, booking.end_time, booking.length) == (at(9), at(9, 30), 30)
    assert (booking.type, booking.title, booking.location) == ("quick-chat", "Quick chat", "London")
    assert [(person.name, person.email, person.time_zone, person.locale) for person in booking.attendees] == [
        ("Ann Lee", "ann@example.com", "Asia/Kolkata", "fr"),
        ("", "bob@example.com", "Asia/Kolkata", "fr"),
    ]
    assert told(session) == [("BOOKING_CREATED", booking.uid)]
    assert last_payload(session)["metadata"] == {"user_id": "123"}


def test_the_title_follows_the_event_types_pattern(session: Session) -> None:
    event_type = bookable(title="Chat", booking_name="{Event type title} between {Organiser} and {Scheduler}")
    booking = book_at(event_type, at(9), name="{Organiser}")
    assert booking.title == f"Chat between {event_type.owner.name} and {{Organiser}}"


def test_a_slot_that_overlaps_an_accepted_booking_is_taken(session: Session) -> None:
    event_type = bookable(slot_interval=15)
    first = book_at(event_type, at(9))
    for start in (at(9), at(9, 15)):
        with pytest.raises(SlotTaken):
            book_at(event_type, start, email="bob@example.com")
    second = book_at(event_type, at(9, 30), email="bob@example.com")
    assert [uid for _, uid in told(session)] == [first.uid, second.uid]


def test_bookings_of_another_event_type_of_the_host_take_the_slot_too(session: Session) -> None:
    event_type = bookable()
    other = factories.create_event_type(event_type.owner, slug="long", length=60, schedule=event_type.schedule)
    book_at(event_type, at(9, 30))
    with pytest.raises(SlotTaken):
        book_at(other, at(9))


def test_another_hosts_bookings_take_nothing(session: Session) -> None:
    book_at(bookable(), at(9))
    assert book_at(bookable(), at(9)).status == BookingStatus.ACCEPTED


def test_buffers_of_both_bookings_are_kept(session: Session) -> None:
    event_type = bookable(slot_interval=5, buffer_after=10)
    book_at(event_type, at(9))
    after = factories.create_event_type(
        event_type.owner, slug="after", buffer_before=5, slot_interval=5, schedule=event_type.schedule
    )
    with pytest.raises(SlotTaken):
        book_at(after, at(9, 40))
    assert book_at(after, at(9, 45)).status == BookingStatus.ACCEPTED


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        (at(7, day=2), "passed"),
        (NOW, "passed"),
        (at(9, 30, day=2), "too late"),
        (at(8, 30), "not offered"),
        (at(16, 45), "not offered"),
        (at(9, 10), "not offered"),
        (at(9) + timedelta(seconds=1), "not offered"),
        (at(10, day=7), "not offered"),
        (at(10).replace(year=9999, month=12, day=31), "not offered"),
    ],
)
def test_a_time_that_is_not_offered_is_refused_with_the_reason(session: Session, start, sentence: str) -> None:
    with pytest.raises(SlotNotOffered, match=sentence):
        book_at(bookable(), start)
    assert told(session) == []


def test_the_notice_is_the_event_types(session: Session) -> None:
    assert book_at(bookable(minimum_notice=60), at(9, day=2)).start_time == at(9, day=2)


def test_a_deleted_event_type_cannot_be_booked(session: Session) -> None:
    event_type = bookable()
    number = event_type.id
    with writing() as inner:
        delete_event_type(inner, event_type.belongs_to, number)
    with pytest.raises(NotAllowed, match="no longer"), writing() as inner:
        book(inner, number, submission(at(9)), metadata={}, visitor="")


def test_where_the_host_confirms_a_booking_is_asked_for_and_takes_no_slot(session: Session) -> None:
    event_type = bookable(requires_confirmation=True)
    first = book_at(event_type, at(9))
    second = book_at(event_type, at(9), email="bob@example.com")
    assert {first.status, second.status} == {BookingStatus.PENDING}
    assert told(session) == [("BOOKING_REQUESTED", first.uid), ("BOOKING_REQUESTED", second.uid)]


@pytest.mark.parametrize("requires_confirmation", [False, True])
def test_the_same_form_sent_twice_leads_to_the_one_booking(session: Session, requires_confirmation: bool) -> None:
    event_type = bookable(requires_confirmation=requires_confirmation)
    first = book_at(event_type, at(9), visitor="ann's browser")
    again = book_at(event_type, at(9), visitor="ann's browser", email="Ann@example.com")
    assert again.uid == first.uid
    assert len(told(session)) == 1


def test_somebody_elses_browser_is_not_led_to_the_booking(session: Session) -> None:
    event_type = bookable()
    book_at(event_type, at(9), visitor="ann's browser")
    with pytest.raises(SlotTaken):
        book_at(event_type, at(9), visitor="another browser")
    with pytest.raises(SlotTaken):
        book_at(event_type, at(9))


def test_a_cancelled_slot_can_be_booked_again_by_the_same_person(session: Session) -> None:
    event_type = bookable()
    first = book_at(event_type, at(9), visitor="ann's browser")
    with writing() as inner:
        cancel(inner, first.uid, reason="", by=None)
    assert book_at(event_type, at(9), visitor="ann's browser").uid != first.uid


def test_a_booker_cancels_with_a_reason(session: Session) -> None:
    booking = book_at(bookable(), at(9), metadata={"a": "1"})
    with writing() as inner:
        cancel(inner, booking.uid, reason="  I am ill.\r\nSorry ", by=None)
    assert booking.status == BookingStatus.CANCELLED
    assert (booking.cancelled_by, booking.cancellation_reason) == ("ann@example.com", "I am ill.\nSorry")
    assert told(session)[1:] == [("BOOKING_CANCELLED", booking.uid)]
    assert last_payload(session)["metadata"] == {"a": "1"}


def test_a_host_cancels_in_the_hosts_own_name(session: Session) -> None:
    event_type = bookable()
    booking = book_at(event_type, at(9))
    other_host_is_a_booker = book_at(event_type, at(10))
    other_host = factories.create_user()
    with writing() as inner:
        cancel(inner, booking.uid, reason="", by=event_type.owner)
    with writing() as inner:
        cancel(inner, other_host_is_a_booker.uid, reason="", by=other_host)
    assert booking.cancelled_by == event_type.owner.email
    assert other_host_is_a_booker.cancelled_by == "ann@example.com"


def test_a_booking_is_cancelled_once(session: Session) -> None:
    booking = book_at(bookable(), at(9))
    with writing() as inner:
        cancel(inner, booking.uid, reason="", by=None)
    with pytest.raises(NotAllowed, match="has been cancelled"), writing() as inner:
        cancel(inner, booking.uid, reason="", by=None)
    assert len(told(session)) == 2


def test_a_meeting_that_is_over_cannot_be_cancelled(session: Session, watch: Watch) -> None:
    booking = book_at(bookable(), at(9))
    watch.set(at(9, 30))
    with pytest.raises(NotAllowed, match="over"), writing() as inner:
        cancel(inner, booking.uid, reason="", by=None)
    watch.set(at(9, 29))
    with writing() as inner:
        assert cancel(inner, booking.uid, reason="", by=None).status == BookingStatus.CANCELLED


def test_a_reason_that_is_too_long_changes_nothing(session: Session) -> None:
    booking = book_at(bookable(), at(9))
    with pytest.raises(InvalidInput) as refused, writing() as inner:
        cancel(inner, booking.uid, reason="x" * 2_001, by=None)
    assert list(refused.value.errors) == ["cancellationReason"]
    session.expire_all()
    assert booking.status == BookingStatus.ACCEPTED


def test_there_is_no_booking_under_an_unknown_uid(session: Session) -> None:
    with pytest.raises(NotFound), writing() as inner:
        cancel(inner, "unknown", reason="", by=None)


def test_the_host_notes_who_did_not_come(session: Session, watch: Watch) -> None:
    event_type = bookable()
    booking = book_at(event_type, at(9), guests=("bob@example.com",))
    ann, bob = booking.attendees
    with pytest.raises(NotAllowed), writing() as inner:
        set_no_show(inner, booking.uid, event_type.owner, [bob.id])
    watch.set(at(9))
    for _ in range(2):
        with writing() as inner:
            set_no_show(inner, booking.uid, event_type.owner, [bob.id])
    assert [ann.no_show, bob.no_show] == [False, True]
    assert told(session)[1:] == [("BOOKING_NO_SHOW_UPDATED", booking.uid)]
    with writing() as inner:
        set_no_show(inner, booking.uid, event_type.owner, [])
    assert bob.no_show is False
    assert len(told(session)) == 3


def test_nobody_else_notes_who_did_not_come(session: Session, watch: Watch) -> None:
    booking = book_at(bookable(), at(9))
    watch.set(at(9))
    stranger = factories.create_user()
    with pytest.raises(NotFound), writing() as inner:
        set_no_show(inner, booking.uid, stranger, [])


def test_bookings_outlive_their_event_type(session: Session) -> None:
    event_type = bookable(title="Quick chat")
    booking = book_at(event_type, at(9))
    with writing() as inner:
        delete_event_type(inner, event_type.belongs_to, event_type.id)
    session.expire_all()
    kept = session.scalars(select(Booking)).one()
    assert (kept.uid, kept.event_type_id, kept.event_title) == (booking.uid, None, "Quick chat")
    with writing() as inner:
        cancel(inner, kept.uid, reason="", by=None)
    assert [trigger for trigger, _ in told(session)] == ["BOOKING_CREATED", "BOOKING_CANCELLED"]


def test_an_overlap_that_only_the_database_sees_is_a_taken_slot(session: Session) -> None:
    event_type = bookable()
    book_at(event_type, at(9))
    rival = draft(event_type, submission(at(9, 15)), NOW, Attendance(event_type.owner))
    rival.status = BookingStatus.ACCEPTED
    with pytest.raises(SlotTaken):
        write(session, rival, SlotTaken())

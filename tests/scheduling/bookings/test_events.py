from sqlalchemy.orm import Session

from calhooks.events import Answer, Person, Trigger
from calhooks.scheduling.bookings.events import booking_event
from tests.scheduling.conftest import Watch
from tests.scheduling.helpers import at, book_at, bookable, move


def test_an_event_is_the_booking_as_it_is(session: Session, watch: Watch) -> None:
    event_type = bookable(slug="quick-chat", title="Quick chat", description="A short call", location="London")
    host = event_type.owner
    booking = book_at(event_type, at(9), metadata={"a": "1"}, notes="Hello", guests=("bob@example.com",))
    event = booking_event(booking, Trigger.BOOKING_CREATED, at(8))
    assert (event.trigger, event.occurred_at, event.host_id) == (Trigger.BOOKING_CREATED, at(8), host.id)
    assert (event.type, event.title, event.event_title) == ("quick-chat", "Quick chat", "Quick chat")
    assert (event.description, event.location, event.additional_notes) == ("A short call", "London", "Hello")
    assert (event.start_time, event.end_time, event.length, event.status) == (at(9), at(9, 30), 30, "ACCEPTED")
    assert (event.uid, event.booking_id, event.event_type_id) == (booking.uid, booking.id, event_type.id)
    assert event.sequence_key == booking.uid
    assert event.metadata == {"a": "1"}
    assert event.organizer == Person(
        name=host.name, email=host.email, time_zone="Europe/London", locale="en", username=host.username
    )
    assert event.attendees == (
        Person(name="Ann Lee", email="ann@example.com", time_zone="Asia/Kolkata", locale="en"),
        Person(name="", email="bob@example.com", time_zone="Asia/Kolkata", locale="en"),
    )
    assert event.responses["name"] == Answer(label="Your name", value="Ann Lee")
    assert event.responses["guests"].value == ["bob@example.com"]
    assert (event.reschedule_uid, event.reschedule_id, event.reschedule_start_time) == ("", None, None)


def test_a_moved_booking_names_the_one_it_replaced_and_shares_its_sequence(session: Session, watch: Watch) -> None:
    old = book_at(bookable(), at(9))
    new = move(old, at(14), reschedule_reason="Dentist")
    event = booking_event(new, Trigger.BOOKING_RESCHEDULED, at(8))
    assert event.sequence_key == old.uid
    assert (event.reschedule_uid, event.reschedule_id) == (old.uid, old.id)
    assert (event.reschedule_start_time, event.reschedule_end_time) == (at(9), at(9, 30))
    assert (event.reschedule_reason, event.rescheduled_by) == ("Dentist", "ann@example.com")


def test_only_the_no_show_event_says_who_did_not_come(session: Session, watch: Watch) -> None:
    booking = book_at(bookable(), at(9))
    booking.attendees[0].no_show = True
    assert booking_event(booking, Trigger.MEETING_ENDED, at(10)).attendees[0].no_show is None
    assert booking_event(booking, Trigger.BOOKING_NO_SHOW_UPDATED, at(10)).attendees[0].no_show is True

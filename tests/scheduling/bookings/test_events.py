from sqlalchemy import delete
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.db import writing
from calhooks.events import Answer, Person, Trigger
from calhooks.scheduling.bookings.cancel import cancel
from calhooks.scheduling.bookings.events import booking_event, supposed_event
from calhooks.scheduling.calendars.ics import download, entry_uid, sequence_number
from calhooks.scheduling.models.event_types import EventType
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
        id=host.id, name=host.name, email=host.email, time_zone="Europe/London", locale="en", username=host.username
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


QUESTIONS = [
    {"identifier": "company", "label": "Company", "kind": "text", "required": False, "options": []},
    {"identifier": "size", "label": "Team size", "kind": "number", "required": False, "options": []},
]


def test_every_question_is_told_with_its_label_also_where_it_was_left_open(session: Session, watch: Watch) -> None:
    event_type = bookable(questions=QUESTIONS)
    booking = book_at(event_type, at(9), answers={"company": {"label": "Company", "value": "Acme"}})
    asked = booking_event(booking, Trigger.BOOKING_CREATED, at(8)).responses
    assert list(asked) == ["name", "email", "notes", "guests", "company", "size"]
    assert asked["notes"] == Answer(label="Additional notes")
    assert asked["guests"] == Answer(label="Guests")
    assert asked["company"] == Answer(label="Company", value="Acme", asked_by_host=True)
    assert asked["size"] == Answer(label="Team size", asked_by_host=True)


def test_what_a_booking_was_asked_stays_what_it_was_when_the_questions_change(session: Session, watch: Watch) -> None:
    event_type = bookable(questions=QUESTIONS[:1], allows_guests=False)
    booking = book_at(event_type, at(9))
    with writing() as writer:
        writer.get_one(EventType, event_type.id).questions = QUESTIONS[1:]
    assert list(booking_event(booking, Trigger.MEETING_ENDED, at(10)).responses) == [
        "name",
        "email",
        "notes",
        "company",
    ]


def test_the_phone_number_is_the_booker_s_where_it_was_asked_for(session: Session, watch: Watch) -> None:
    event_type = bookable(location_kind="attendee_phone")
    phone = {"attendeePhoneNumber": {"label": "Phone number", "value": "+44 20 7946 0958"}}
    booking = book_at(event_type, at(9), answers=phone, guests=("bob@example.com",))
    event = booking_event(booking, Trigger.BOOKING_CREATED, at(8))
    assert [attendee.phone_number for attendee in event.attendees] == ["+44 20 7946 0958", ""]
    assert not event.responses["attendeePhoneNumber"].asked_by_host


def test_uid_and_sequence_are_those_of_the_calendar_files(session: Session, watch: Watch) -> None:
    first = book_at(bookable(), at(9))
    events = [booking_event(first, Trigger.BOOKING_CREATED, at(8))]
    second = move(first, at(14))
    events.append(booking_event(second, Trigger.BOOKING_RESCHEDULED, at(8)))
    for booking, event in zip((first, second), events, strict=True):
        sequence = sequence_number(session, booking)
        assert (event.ical_uid, event.ical_sequence) == (entry_uid(booking), sequence)
        file = download(booking, sequence, now=clock.now(), page="", for_host=False).decode()
        assert f"UID:{event.ical_uid}\r\n" in file
        assert f"SEQUENCE:{event.ical_sequence}\r\n" in file
    with writing() as writer:
        cancelled = cancel(writer, second.uid, reason="", by=None)
        events.append(booking_event(cancelled, Trigger.BOOKING_CANCELLED, at(8)))
    assert [event.ical_sequence for event in events] == [0, 2, 3]
    assert len({event.ical_uid for event in events}) == 1


def test_whether_it_requires_confirmation_is_the_event_type_s_word(session: Session, watch: Watch) -> None:
    event_type = bookable(requires_confirmation=True)
    booking = book_at(event_type, at(9))
    assert booking_event(booking, Trigger.BOOKING_REQUESTED, at(8)).requires_confirmation
    with writing() as writer:
        writer.execute(delete(EventType).where(EventType.id == event_type.id))
    session.refresh(booking)
    assert not booking_event(booking, Trigger.MEETING_ENDED, at(10)).requires_confirmation


def test_an_event_that_has_not_happened_is_told_as_if_it_had(session: Session, watch: Watch) -> None:
    booking = book_at(bookable(), at(9))
    supposed = {trigger: supposed_event(booking, trigger, at(8)) for trigger in Trigger}
    assert {str(trigger): event.status for trigger, event in supposed.items() if event.status != "ACCEPTED"} == {
        "BOOKING_CANCELLED": "CANCELLED",
        "BOOKING_REQUESTED": "PENDING",
        "BOOKING_REJECTED": "REJECTED",
    }
    cancelled, moved = supposed[Trigger.BOOKING_CANCELLED], supposed[Trigger.BOOKING_RESCHEDULED]
    assert (cancelled.cancelled_by, cancelled.ical_sequence) == ("ann@example.com", 1)
    assert (moved.reschedule_uid, moved.reschedule_start_time) == (booking.uid, booking.start_time)
    assert supposed[Trigger.MEETING_STARTED].occurred_at == booking.start_time
    assert supposed[Trigger.MEETING_ENDED].occurred_at == booking.end_time


def test_a_rescheduled_booking_is_supposed_as_new_without_what_it_replaced(session: Session, watch: Watch) -> None:
    moved = move(book_at(bookable(), at(9)), at(14))
    created, ended = (supposed_event(moved, each, at(8)) for each in (Trigger.BOOKING_CREATED, Trigger.MEETING_ENDED))
    assert (created.reschedule_uid, created.reschedule_id, created.reschedule_start_time) == ("", None, None)
    assert (created.reschedule_reason, created.rescheduled_by) == ("", "")
    assert ended.reschedule_id is not None


def test_what_came_later_is_not_told_of_an_event_that_has_not_happened(session: Session, watch: Watch) -> None:
    booking = book_at(bookable(), at(9))
    with writing() as writer:
        cancelled = cancel(writer, booking.uid, reason="Ill", by=None)
        supposed = supposed_event(cancelled, Trigger.MEETING_ENDED, at(10))
        assert (supposed.status, supposed.cancelled_by, supposed.cancellation_reason) == ("ACCEPTED", "", "")
        assert supposed.ical_sequence == 0
        assert supposed_event(cancelled, Trigger.PING, at(10)).status == "CANCELLED"

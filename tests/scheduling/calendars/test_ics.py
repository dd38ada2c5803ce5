"""Tests of calendar files as a calendar program reads them."""

import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import Calendar, Event
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.mail.addresses import MAX_SHOWN_NAME_LENGTH, Correspondent
from calhooks.scheduling.calendars import ics
from calhooks.scheduling.calendars.ics import Method, entry_uid
from calhooks.scheduling.calendars.links import calendar_links
from calhooks.scheduling.models.bookings import Attendee, Booking, BookingStatus
from calhooks.text import shortened
from tests import factories

START = datetime(2026, 3, 5, 9, tzinfo=UTC)
NOW = datetime(2026, 3, 1, 10, 2, 11, 345678, tzinfo=UTC)
PAGE = "http://localhost/booking/x"
INDIVIDUAL = {"CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT"}
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300) | st.lists(
    st.sampled_from(
        ["\\", '"', "^", "^n", ":", ";", ",", "\r\n", "\n ", "\u2028", "\x85", "X-A:b", "é" * 40, "\\n", "="]
    )
).map("".join)


def booking(**values: object) -> Booking:
    """A booking that no database knows."""
    fields = {
        "uid": "second",
        "root_uid": "first",
        "title": "Quick chat",
        "description": "",
        "location": "",
        "additional_notes": "",
        "status": BookingStatus.ACCEPTED,
        "start_time": START,
        "end_time": START.replace(minute=30),
        "created_at": NOW,
    }
    made = Booking(**(fields | values))
    made.host = User(name="Rick", email="rick@example.com", time_zone="Europe/London", locale="en")
    made.attendees = [
        Attendee(position=0, name="Ann Lee", email="ann@example.com", time_zone="Asia/Kolkata", locale="en"),
        Attendee(position=1, name="", email="bob@example.net", time_zone="Asia/Kolkata", locale="en"),
    ]
    return made


def host_file(made: Booking, sender: str = "Acme") -> bytes:
    """Return the invitation for the host of a booking."""
    who = Correspondent("calendar@acme.example", sender)
    return ics.host_invitation(made, Method.REQUEST, 0, now=NOW, page=PAGE, sender=who)


def only_event(data: bytes) -> Event:
    calendar = Calendar.from_ical(data)
    calendar.validate()
    (event,) = calendar.events
    assert not event.errors
    return event


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (BookingStatus.ACCEPTED, "CONFIRMED"),
        (BookingStatus.PENDING, "TENTATIVE"),
        (BookingStatus.CANCELLED, "CANCELLED"),
        (BookingStatus.REJECTED, "CANCELLED"),
    ],
)
def test_a_downloaded_file_shows_the_booking_as_it_stands(status: BookingStatus, shown: str) -> None:
    data = ics.download(booking(status=status), 4, now=NOW, page=PAGE, for_host=False)
    event = only_event(data)
    assert Calendar.from_ical(data)["method"] == "PUBLISH"
    assert (event["uid"], event["sequence"], event["status"]) == (entry_uid(booking()), 4, shown)
    assert b"DTSTAMP:20260301T100211Z\r\n" in data
    assert b"DTSTART:20260305T090000Z\r\nDTEND:20260305T093000Z\r\n" in data
    assert (event["url"], event["summary"]) == (PAGE, "Quick chat with Rick")
    assert "attendee" not in event
    assert event["description"] == f"Who: Rick, Ann Lee, bob@example.net\n\nChange or cancel: {PAGE}"


def test_a_chain_is_one_entry_whose_uid_does_not_tell_the_bookings() -> None:
    assert entry_uid(booking(uid="first")) == entry_uid(booking(uid="second"))
    assert entry_uid(booking()) != entry_uid(booking(root_uid="other"))
    assert "first" not in entry_uid(booking())


def test_a_title_that_names_the_other_person_is_not_lengthened() -> None:
    assert ics.summary(booking(title="Chat with RICK"), for_host=False) == "Chat with RICK"
    assert ics.summary(booking(), for_host=True) == "Quick chat with Ann Lee"


def test_the_bookers_notes_are_for_the_host() -> None:
    noted = booking(additional_notes="Gate code 1234")
    host = ics.host_invitation(
        noted, Method.REQUEST, 0, now=NOW, page=PAGE, sender=Correspondent("calendar@acme.example", "Acme")
    )
    other = ics.attendee_invitation(noted, Method.REQUEST, 0, now=NOW, page=PAGE)
    assert "Notes: Gate code 1234" in only_event(host)["description"]
    assert b"1234" not in other


def content_lines(data: bytes) -> list[str]:
    """Return the names of the lines, as a program reads them that takes every Unicode line end for one."""
    return [re.split("[;:]", line)[0] for line in data.decode().replace("\r\n ", "").splitlines()]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=TEXT)
def test_no_text_can_break_out_of_its_line(text: str) -> None:
    hostile = booking(title=text or "x", description=text, location=f"At {text}", additional_notes=text)
    hostile.attendees[0].name = text
    hostile.host.name = text
    data = host_file(hostile, text)
    event = only_event(data)
    assert event["uid"] == entry_uid(hostile)
    assert [str(person) for person in event["attendee"]] == [
        "mailto:rick@example.com",
        "mailto:ann@example.com",
        "mailto:bob@example.net",
    ]
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    # Nothing that was typed is a line or a parameter, or changes what another person is called.
    assert content_lines(data) == content_lines(host_file(booking(location="At home")))
    name = shortened(text, MAX_SHOWN_NAME_LENGTH).replace("\\", ics.FULLWIDTH_BACKSLASH)
    assert [dict(person.params) for person in event["attendee"]] == [
        {"CN": name or "rick@example.com", **INDIVIDUAL, "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"},
        {"CN": name or "ann@example.com", **INDIVIDUAL, "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"},
        {"CN": "bob@example.net", **INDIVIDUAL, "PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"},
    ]
    assert dict(event["organizer"].params) == {"CN": name or "calendar@acme.example"}


def test_an_address_is_one_address_in_a_calendar_too() -> None:
    invited = booking()
    invited.attendees[1].email = "bob?bcc=eve%40example.com&x#@example.net"
    event = only_event(host_file(invited))
    assert str(event["attendee"][2]) == "mailto:bob%3Fbcc=eve%2540example.com%26x%23@example.net"


def test_a_sequence_rises_along_the_chain(session: Session) -> None:
    event_type = factories.create_event_type(factories.create_user())
    first = factories.create_booking(event_type, START, status=BookingStatus.CANCELLED)
    second = factories.create_booking(event_type, START, root_uid=first.uid, status=BookingStatus.REJECTED)
    third = factories.create_booking(event_type, START, root_uid=first.uid)
    numbers = [
        ics.sequence_number(session, each, method)
        for each in (first, second, third)
        for method in (Method.REQUEST, Method.CANCEL)
    ]
    assert numbers == [0, 1, 2, 3, 4, 5]


def test_a_feed_names_itself_and_says_how_often_to_look() -> None:
    data = ics.feed([booking(), booking(root_uid="other")], name="Rick, calhooks", now=NOW, base_url="http://x")
    calendar = Calendar.from_ical(data)
    assert (calendar["x-wr-calname"], calendar["method"]) == ("Rick, calhooks", "PUBLISH")
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT15M\r\n" in data
    assert [str(event["uid"]) for event in calendar.events] == [
        entry_uid(booking()),
        entry_uid(booking(root_uid="other")),
    ]
    assert calendar.events[0]["url"] == "http://x/booking/second"


def test_an_empty_feed_is_still_a_calendar() -> None:
    data = ics.feed([], name="Rick", now=NOW, base_url="http://x")
    assert Calendar.from_ical(data).events == []


def test_links_open_a_calendar_with_the_booking_filled_in() -> None:
    google, outlook, microsoft = calendar_links(booking(location="Room 5 & 6"), for_host=False, page=PAGE)
    parts = urlsplit(google.url)
    assert (parts.netloc, parts.path) == ("calendar.google.com", "/calendar/render")
    assert parse_qs(parts.query) == {
        "action": ["TEMPLATE"],
        "text": ["Quick chat with Rick"],
        "dates": ["20260305T090000Z/20260305T093000Z"],
        "details": [f"Change or cancel: {PAGE}"],
        "location": ["Room 5 & 6"],
    }
    assert urlsplit(outlook.url).netloc == "outlook.live.com"
    assert urlsplit(microsoft.url).netloc == "outlook.office.com"
    assert urlsplit(outlook.url).query == urlsplit(microsoft.url).query
    query = parse_qs(urlsplit(outlook.url).query)
    assert (query["startdt"], query["enddt"]) == (["2026-03-05T09:00:00Z"], ["2026-03-05T09:30:00Z"])
    assert (query["rru"], query["path"]) == (["addevent"], ["/calendar/action/compose"])

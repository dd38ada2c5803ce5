"""Bookings as iCalendar (RFC 5545): invitations by mail (RFC 5546), a file to download, a host's feed.

All bookings of one chain of reschedules are one entry with one UID; each newer one has a higher SEQUENCE, and so
programs move the entry that they have instead of adding another.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from icalendar import Calendar, Event, vCalAddress, vDuration, vText
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.mail.addresses import MAX_SHOWN_NAME_LENGTH, Correspondent
from calhooks.scheduling.models.bookings import Attendee, Booking, BookingChange, BookingStatus, ChangeAction
from calhooks.scheduling.models.event_types import MAX_LOCATION_LENGTH
from calhooks.text import shortened

PRODUCT = "-//calhooks//calhooks//EN"
FULLWIDTH_BACKSLASH = "\uff3c"
MAX_NAMES_IN_A_SENTENCE = 3
REFRESH = timedelta(minutes=15)
STATUS = {
    BookingStatus.ACCEPTED: "CONFIRMED",
    BookingStatus.PENDING: "TENTATIVE",
    BookingStatus.CANCELLED: "CANCELLED",
    BookingStatus.REJECTED: "CANCELLED",
}


class Method(StrEnum):
    """What a program is to do with the file: put an entry in or change it, take it out, or just show it."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"
    PUBLISH = "PUBLISH"


def entry_uid(booking: Booking) -> str:
    """Return the UID of a chain's entry. A booking's own uid lets its holder cancel it, and guests read this one."""
    return f"{hashlib.sha256(f'calendar entry {booking.root_uid}'.encode()).hexdigest()[:32]}@calhooks"


def sequence_number(session: Session, booking: Booking, method: Method = Method.REQUEST) -> int:
    """Return a SEQUENCE above those of all earlier bookings of the chain; a cancellation is above its booking's own.

    Each change of a host raises it too. A booking that is not in the session yet is the first of its chain.
    """
    # It keeps how it was scheduled when its team is deleted, and what it was raised to until then.
    is_first_and_keeps_host = booking.scheduling_type is None and booking.uid == booking.root_uid
    if is_first_and_keeps_host or booking not in session:
        return int(method is Method.CANCEL)
    chain = Booking.root_uid == booking.root_uid
    earlier = select(func.count(Booking.id)).where(chain, Booking.id < booking.id)
    changes = select(func.count(BookingChange.id)).join(Booking, Booking.id == BookingChange.booking_id)
    changes = changes.where(chain, Booking.id <= booking.id, BookingChange.action == ChangeAction.REASSIGNED)
    before = session.scalar(select(earlier.scalar_subquery() + changes.scalar_subquery()))
    return 2 * (before or 0) + (method is Method.CANCEL)


def present_sequence(session: Session, booking: Booking) -> int:
    """Return the SEQUENCE of a booking as it is: of a cancelled one, that of the cancellation."""
    cancelled = booking.status == BookingStatus.CANCELLED
    return sequence_number(session, booking, Method.CANCEL if cancelled else Method.REQUEST)


def summary(booking: Booking, *, for_host: bool, title: str = "") -> str:
    """Return what a meeting is called in one's own calendar: its title, and with whom unless the title says so.

    `title` is a former one, where that is meant.
    """
    title = title or booking.title
    other = booking.attendees[0].name if for_host else booking.host.name
    if other.casefold() in title.casefold():
        return title
    return f"{title} with {other if for_host else host_names(booking)}"


def host_names(booking: Booking) -> str:
    """Return who attends on the hosts' side in words: "Alice, Bob and 3 others"."""
    names = [shortened(host.name, MAX_SHOWN_NAME_LENGTH) for host in booking.hosts]
    if len(names) > MAX_NAMES_IN_A_SENTENCE:
        named = names[: MAX_NAMES_IN_A_SENTENCE - 1]
        names = [*named, f"{len(names) - len(named)} others"]
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def attendee_invitation(
    booking: Booking, method: Method, sequence: int, *, now: datetime, page: str, removed: Attendee | None = None
) -> bytes:
    """Return the file for the people who meet the host, who invites them.

    `page` is the booking's own address, for the booker alone. `removed` is somebody who is not invited any more.
    """
    event = _event(booking, sequence, now, for_host=False, page=page)
    event["organizer"] = _address(booking.host.email, booking.host.name)
    if removed:
        _add_attendees(event, [removed])
    else:
        _add_hosts(event, booking.hosts[1:])
        _add_attendees(event, booking.attendees)
    if method is Method.CANCEL:
        event["status"] = "CANCELLED"
    return _calendar(method, [event])


def host_invitation(
    booking: Booking, method: Method, sequence: int, *, now: datetime, page: str, sender: Correspondent
) -> bytes:
    """Return the file for the hosts, invited by calhooks.

    Outlook and Google put nothing into the calendar of the person whom a request names as its organizer.
    """
    event = _event(booking, sequence, now, for_host=True, page=page)
    event["organizer"] = _address(sender.email, sender.name)
    _add_hosts(event, booking.hosts)
    _add_attendees(event, booking.attendees)
    if method is Method.CANCEL:
        event["status"] = "CANCELLED"
    return _calendar(method, [event])


def host_cancellation(
    booking: Booking, sequence: int, host: Correspondent, *, now: datetime, sender: Correspondent, title: str
) -> bytes:
    """Return the file that takes a booking out of the calendar of a host who is no longer at it.

    It says no more than what it takes out, with the `title` that it has there: the meeting is no longer this host's
    business.
    """
    event = _event(booking, sequence, now, for_host=True, page="")
    event["summary"] = vText(shortened(summary(booking, for_host=True, title=title), 200))
    for known in ("description", "location"):
        event.pop(known, None)
    event["organizer"] = _address(sender.email, sender.name)
    event.add("attendee", _address(host.email, host.name, "DECLINED"))
    event["status"] = "CANCELLED"
    return _calendar(Method.CANCEL, [event])


def download(booking: Booking, sequence: int, *, now: datetime, page: str, for_host: bool) -> bytes:
    """Return the file that puts one booking into a calendar by hand."""
    return _calendar(Method.PUBLISH, [_published(booking, sequence, now, for_host, page)])


def feed(bookings: Iterable[Booking], *, name: str, now: datetime, base_url: str) -> bytes:
    """Return a host's bookings as a calendar to subscribe to."""
    events = [
        _published(booking, None, now, for_host=True, page=f"{base_url}/booking/{booking.uid}") for booking in bookings
    ]
    return _calendar(Method.PUBLISH, events, name=name)


def _published(booking: Booking, sequence: int | None, now: datetime, for_host: bool, page: str) -> Event:
    event = _event(booking, sequence, now, for_host=for_host, page=page)
    # RFC 5546 has an organizer in what is published, and no attendees: they stand in the description.
    event["organizer"] = _address(booking.host.email, booking.host.name)
    return event


def _event(booking: Booking, sequence: int | None, now: datetime, *, for_host: bool, page: str) -> Event:
    event = Event()
    event.add("uid", entry_uid(booking))
    event.add("dtstamp", now.replace(microsecond=0))
    if sequence is not None:
        event.add("sequence", sequence)
    event.add("dtstart", booking.start_time)
    event.add("dtend", booking.end_time)
    event.add("summary", shortened(summary(booking, for_host=for_host), 200))
    event.add("description", _description(booking, for_host, page))
    if booking.location:
        event.add("location", shortened(booking.location, MAX_LOCATION_LENGTH))
    if page:
        event.add("url", page)
    event.add("status", STATUS[booking.status])
    event.add("transp", "OPAQUE")
    event.add("created", booking.created_at.replace(microsecond=0))
    return event


def _description(booking: Booking, for_host: bool, page: str) -> str:
    hosts = [host.name for host in booking.hosts]
    people = [*hosts, *(attendee.name or attendee.email for attendee in booking.attendees)]
    parts = [
        booking.description,
        f"Who: {', '.join(people)}",
        # What the booker wrote is for the host.
        f"Notes: {booking.additional_notes}" if for_host and booking.additional_notes else "",
        f"Change or cancel: {page}" if page else "",
    ]
    text = "\n\n".join(part.strip() for part in parts if part.strip())
    # RFC 5545 allows no other control characters; some programs end a line at these two, and read the rest as its own.
    text = text.replace("\u2028", "\n").replace("\u2029", "\n")
    return "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter) != "Cc")


def _add_hosts(event: Event, hosts: Sequence[User]) -> None:
    for host in hosts:
        event.add("attendee", _address(host.email, host.name, "ACCEPTED"))


def _add_attendees(event: Event, attendees: Sequence[Attendee]) -> None:
    for attendee in attendees:
        # Whoever booked has said yes already.
        answer = "ACCEPTED" if attendee.position == 0 else "NEEDS-ACTION"
        event.add("attendee", _address(attendee.email, attendee.name, answer))


def _address(email: str, name: str, answer: str = "") -> vCalAddress:
    # RFC 6068: as they are, these could begin another field of the mail, or stand for another letter.
    address = vCalAddress(f"mailto:{re.sub('[%?&#]', lambda found: f'%{ord(found[0]):02X}', email)}")
    # RFC 5545 has no escapes in a parameter, but programs read a backslash as the beginning of one.
    address.params["CN"] = (shortened(name, MAX_SHOWN_NAME_LENGTH) or email).replace("\\", FULLWIDTH_BACKSLASH)
    if answer:
        address.params["CUTYPE"] = "INDIVIDUAL"
        address.params["ROLE"] = "REQ-PARTICIPANT"
        address.params["PARTSTAT"] = answer
        address.params["RSVP"] = "TRUE" if answer == "NEEDS-ACTION" else "FALSE"
    return address


def _calendar(method: Method, events: Sequence[Event], name: str = "") -> bytes:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", str(method))
    if name:
        calendar.add("name", name)
        calendar.add("x-wr-calname", name)
        calendar.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", vDuration(REFRESH))
    for event in events:
        calendar.add_component(event)
    return bytes(calendar.to_ical())

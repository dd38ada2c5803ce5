"""A letter about a booking: what changed in words, the facts on the reader's own clock, and what can be done."""

from dataclasses import dataclass
from datetime import datetime

from calhooks.accounts.models import User
from calhooks.mail.addresses import Correspondent
from calhooks.mail.letters import Letter, LetterFact, Link
from calhooks.scheduling.calendars.ics import host_names, summary
from calhooks.scheduling.models.bookings import Attendee, Booking, BookingStatus
from calhooks.scheduling.models.event_types import MAX_LOCATION_LENGTH
from calhooks.scheduling.notifications.words import (
    BookingNews,
    Change,
    ReaderRole,
    Words,
    change_words,
    moves,
    shown_name,
)
from calhooks.text import shortened
from calhooks.zones import offset_label, zone_info

# Who booked and what they wrote of themselves stand in the letter already.
PLAIN_ANSWERS = ("name", "email", "guests", "notes", "rescheduleReason")
# Nothing is left to be done about a meeting by readers of these.
CLOSED = (Change.CANCELLED, Change.REJECTED, Change.WITHDRAWN, Change.UNASSIGNED, Change.UNINVITED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Somebody who is told, and on whose clock. `acted` says that the reader made the change."""

    role: ReaderRole
    to: Correspondent
    time_zone: str
    acted: bool = False

    @property
    def alike(self) -> tuple[ReaderRole, str, bool]:
        """Return what readers of one and the same letter have in common."""
        return self.role, self.time_zone, self.acted


def host_reader(host: User, news: BookingNews) -> Reader:
    """Return one of the hosts of a booking."""
    acted = news.actor.is_host and news.actor.email == host.email
    to = Correspondent(host.email, host.name)
    return Reader(role=ReaderRole.HOST, to=to, time_zone=host.time_zone, acted=acted)


def attendee_reader(attendee: Attendee, news: BookingNews) -> Reader:
    """Return somebody who attends a booking."""
    role = ReaderRole.BOOKER if attendee.position == 0 else ReaderRole.GUEST
    to = Correspondent(attendee.email, attendee.name)
    acted = role is ReaderRole.BOOKER and not news.actor.is_host
    return Reader(role=role, to=to, time_zone=attendee.time_zone, acted=acted)


def write_letter(news: BookingNews, change: Change, reader: Reader, base_url: str) -> Letter:
    """Return what a reader, and all who are alike, are told about a change."""
    booking, role, time_zone = news.booking, reader.role, reader.time_zone
    words = change_words(news, change, role, by_reader=reader.acted)
    name = summary(booking, for_host=role is ReaderRole.HOST, title=news.title)
    facts = [*_facts(news, change, time_zone), *_for_some(booking, change, role, words)]
    return Letter(
        subject=f"{words.subject}: {name}, {_short_when(booking.start_time, time_zone)}",
        heading=words.heading,
        paragraphs=words.paragraphs,
        facts=tuple(fact for fact in facts if fact.value),
        links=_links(booking, change, role, base_url),
        closing=_closing(booking, change, role),
    )


def long_when(start: datetime, end: datetime, time_zone: str) -> str:
    """Return a time as people write it: "Thursday 5 March 2026, 14:30 – 15:00", and below it the zone."""
    begins, ends = start.astimezone(zone_info(time_zone)), end.astimezone(zone_info(time_zone))
    until = f"{ends:%H:%M}" if begins.date() == ends.date() else f"{ends:%A} {ends.day} {ends:%B}, {ends:%H:%M}"
    day = f"{begins:%A} {begins.day} {begins:%B} {begins.year}"
    return f"{day}, {begins:%H:%M} – {until}\n{time_zone.replace('_', ' ')} ({offset_label(time_zone, start)})"


def _short_when(start: datetime, time_zone: str) -> str:
    begins = start.astimezone(zone_info(time_zone))
    return f"{begins:%a} {begins.day} {begins:%b}, {begins:%H:%M}"


def _facts(news: BookingNews, change: Change, time_zone: str) -> list[LetterFact]:
    """Return what every reader is told of a meeting."""
    booking = news.booking
    replaced = booking.rescheduled_from if change in (Change.RESCHEDULED, Change.REQUESTED, Change.REJECTED) else None
    return [
        LetterFact(label="What", value=shortened(news.title, 200)),
        LetterFact(label="When", value=long_when(booking.start_time, booking.end_time, time_zone)),
        LetterFact(
            label="Before",
            value=long_when(replaced.start_time, replaced.end_time, time_zone) if replaced else "",
        ),
    ]


def _for_some(booking: Booking, change: Change, role: ReaderRole, words: Words) -> list[LetterFact]:
    """Return what is no longer the business of a host who is dropped, and what others are not told."""
    may_read = role is ReaderRole.HOST or (role is ReaderRole.BOOKER and words.for_booker)
    reason = LetterFact(label="Reason", value=words.reason if may_read else "")
    if change is Change.UNASSIGNED:
        return [reason]
    location = shortened(booking.location, MAX_LOCATION_LENGTH)
    is_link = location.lower().startswith(("https://", "http://"))
    return [
        LetterFact(label="Where", value=location, url=location if is_link else ""),
        LetterFact(label="Who", value="\n".join(_people(booking))),
        reason,
        *(_answers(booking) if role is ReaderRole.HOST else ()),
    ]


def _people(booking: Booking) -> list[str]:
    """List who meets; a guest is known by an address alone."""
    hosts = [f"{shown_name(host.name)} (host)" for host in booking.hosts]
    return [*hosts, *(shown_name(attendee.name) or attendee.email for attendee in booking.attendees)]


def _answers(booking: Booking) -> list[LetterFact]:
    """Return what the booker wrote, for the host alone: in other mails it would be anybody's words to anybody."""
    facts = [
        LetterFact(label="E-mail", value=booking.attendees[0].email),
        LetterFact(label="Notes", value=booking.additional_notes),
    ]
    for name, answer in booking.responses.items():
        if name not in PLAIN_ANSWERS and "value" in answer:
            facts.append(LetterFact(label=shortened(str(answer["label"]), 80), value=_answer(answer["value"])))
    return facts


def _answer(value: object) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _links(booking: Booking, change: Change, role: ReaderRole, base_url: str) -> tuple[Link, ...]:
    """Return what the reader can do. The booking's address lets its holder change it, so that guests do not get it."""
    if role is ReaderRole.GUEST:
        return ()
    page = f"{base_url}/booking/{booking.uid}"
    asked = booking.status == BookingStatus.PENDING and change in (Change.REQUESTED, Change.ASSIGNED)
    if role is ReaderRole.HOST and asked:
        return (Link(label="Confirm or decline", url=f"{base_url}/bookings/unconfirmed"),)
    if change in CLOSED:
        return _another_time(booking, base_url) if role is ReaderRole.BOOKER and change is not Change.UNINVITED else ()
    return (
        Link(label="See the booking", url=page),
        *((Link(label="Reschedule", url=f"{base_url}/reschedule/{booking.uid}"),) if booking.event_type else ()),
        Link(label="Cancel", url=f"{page}?cancel=true"),
    )


def _another_time(booking: Booking, base_url: str) -> tuple[Link, ...]:
    if moves(booking) and booking.rescheduled_from:
        return (Link(label="See the booking", url=f"{base_url}/booking/{booking.rescheduled_from.uid}"),)
    if booking.event_type is None:
        return ()
    owner = f"team/{booking.team.slug}" if booking.team else booking.host.username
    return (Link(label="Choose another time", url=f"{base_url}/{owner}/{booking.event_type.slug}"),)


def _closing(booking: Booking, change: Change, role: ReaderRole) -> str:
    if change is Change.UNASSIGNED:
        return "Sent by calhooks."
    reached = (booking.attendees[0] if role is ReaderRole.HOST else booking.host).name
    return f"Sent by calhooks for {host_names(booking)}. If you answer this mail, {shown_name(reached)} reads it."

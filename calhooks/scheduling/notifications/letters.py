"""What people are told about a booking: one letter for each change and each reader, on the reader's own clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from calhooks.events import Trigger
from calhooks.mail.addresses import MAX_SHOWN_NAME_LENGTH, Correspondent
from calhooks.mail.letters import Letter, LetterFact, Link
from calhooks.scheduling.calendars.ics import summary
from calhooks.scheduling.models.bookings import Attendee, Booking, BookingStatus
from calhooks.scheduling.models.event_types import MAX_LOCATION_LENGTH
from calhooks.text import shortened
from calhooks.zones import offset_label, zone_info

# Who booked and what they wrote of themselves stand in the letter already.
PLAIN_ANSWERS = ("name", "email", "guests", "notes", "rescheduleReason")


class Change(StrEnum):
    """What a letter is about. The first five are a webhook's triggers too."""

    REQUESTED = "booking_requested"
    CREATED = "booking_created"
    REJECTED = "booking_rejected"
    RESCHEDULED = "booking_rescheduled"
    CANCELLED = "booking_cancelled"
    WITHDRAWN = "request_withdrawn"
    UNINVITED = "guest_uninvited"
    REMINDER = "reminder"


CHANGE_WORDS: Mapping[Trigger, Change] = {
    Trigger.BOOKING_REQUESTED: Change.REQUESTED,
    Trigger.BOOKING_CREATED: Change.CREATED,
    Trigger.BOOKING_REJECTED: Change.REJECTED,
    Trigger.BOOKING_RESCHEDULED: Change.RESCHEDULED,
    Trigger.BOOKING_CANCELLED: Change.CANCELLED,
}


class Role(StrEnum):
    """Who reads a letter."""

    BOOKER = "booker"
    GUEST = "guest"
    HOST = "host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Somebody who is told, and on whose clock."""

    role: Role
    to: Correspondent
    time_zone: str


@dataclass(frozen=True, slots=True)
class _Words:
    """The part of a letter that differs: `subject` is put before the meeting's name and time."""

    subject: str
    heading: str
    paragraphs: tuple[str, ...]
    reason: str = ""


def host_reader(booking: Booking) -> Reader:
    """Return the host of a booking."""
    host = booking.host
    return Reader(role=Role.HOST, to=Correspondent(host.email, host.name), time_zone=host.time_zone)


def attendee_reader(attendee: Attendee) -> Reader:
    """Return somebody who attends a booking."""
    role = Role.BOOKER if attendee.position == 0 else Role.GUEST
    return Reader(role=role, to=Correspondent(attendee.email, attendee.name), time_zone=attendee.time_zone)


def write_letter(booking: Booking, change: Change, role: Role, time_zone: str, base_url: str) -> Letter:
    """Return what readers of one role, on one clock, are told about a change."""
    words = _WORDS[change](booking, role)
    name = summary(booking, for_host=role is Role.HOST)
    return Letter(
        subject=f"{words.subject}: {name}, {_short_when(booking.start_time, time_zone)}",
        heading=words.heading,
        paragraphs=words.paragraphs,
        facts=tuple(fact for fact in _facts(booking, change, role, time_zone, words.reason) if fact.value),
        links=_links(booking, change, role, base_url),
        closing=_closing(booking, role),
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


def _host(booking: Booking) -> str:
    return shortened(booking.host.name, MAX_SHOWN_NAME_LENGTH)


def _booker(booking: Booking) -> str:
    return shortened(booking.attendees[0].name, MAX_SHOWN_NAME_LENGTH)


def _requested(booking: Booking, role: Role) -> _Words:
    host, booker, moves = _host(booking), _booker(booking), _moves(booking)
    reason = booking.reschedule_reason
    if role is Role.HOST:
        sentence = f"{booker} would like to {'move your meeting' if moves else 'meet you'}."
        then = (
            "Your meeting stays at its old time until you confirm." if moves else "The time is held once you confirm."
        )
        return _Words("Please confirm", "A request waits for you", (sentence, then), reason)
    then = f"Your meeting stays at its old time until {host} answers." if moves else "Nothing is booked yet."
    sentence = f"{host} has been asked and will confirm or decline. You hear from us as soon as that happens."
    return _Words("Request sent", "Your request has been sent", (sentence, then), reason)


def _created(booking: Booking, role: Role) -> _Words:
    if role is Role.HOST:
        return _Words("New booking", "You have a new booking", (f"{_booker(booking)} is meeting you.",))
    if role is Role.GUEST:
        sentence = f"{_booker(booking)} has invited you to a meeting with {_host(booking)}."
        return _Words("Invitation", "You are invited", (sentence,))
    return _Words("Confirmed", "Your meeting is confirmed", (f"You are meeting {_host(booking)}.",))


def _rejected(booking: Booking, _role: Role) -> _Words:
    sentences: tuple[str, ...] = (f"{_host(booking)} cannot meet you at this time. Nothing has been booked.",)
    if _moves(booking):
        sentences = (f"{_host(booking)} cannot move the meeting to this time.", "It stays at its old time.")
    return _Words("Declined", "Your request was declined", sentences, booking.rejection_reason)


def _rescheduled(booking: Booking, role: Role) -> _Words:
    by_host = booking.rescheduled_by == booking.host.email
    mover = _host(booking) if by_host else _booker(booking)
    if (role is Role.HOST and by_host) or (role is Role.BOOKER and not by_host):
        mover = "You"
    verb = "have" if mover == "You" else "has"
    return _Words(
        "Moved", "Your meeting has a new time", (f"{mover} {verb} moved the meeting.",), booking.reschedule_reason
    )


def _cancelled(booking: Booking, role: Role) -> _Words:
    return _Words(
        "Cancelled",
        "Your meeting is cancelled",
        (f"{_canceller(booking, role)} cancelled the meeting. It does not take place.",),
        booking.cancellation_reason,
    )


def _withdrawn(booking: Booking, role: Role) -> _Words:
    sentences: tuple[str, ...] = (f"{_canceller(booking, role)} withdrawn the request.",)
    if _moves(booking):
        sentences = (*sentences, "The meeting stays at its old time.")
    return _Words("Withdrawn", "The request is withdrawn", sentences, booking.cancellation_reason)


def _uninvited(booking: Booking, _role: Role) -> _Words:
    sentence = f"The meeting with {_host(booking)} was changed, and you are not invited any more."
    return _Words("Cancelled", "You are no longer invited", (sentence,))


def _reminder(booking: Booking, _role: Role) -> _Words:
    return _Words("Reminder", "Your meeting is coming up", (f"You are meeting {_host(booking)}.",))


_WORDS = {
    Change.REQUESTED: _requested,
    Change.CREATED: _created,
    Change.REJECTED: _rejected,
    Change.RESCHEDULED: _rescheduled,
    Change.CANCELLED: _cancelled,
    Change.WITHDRAWN: _withdrawn,
    Change.UNINVITED: _uninvited,
    Change.REMINDER: _reminder,
}


def _canceller(booking: Booking, role: Role) -> str:
    by_host = booking.cancelled_by == booking.host.email
    if (role is Role.HOST and by_host) or (role is Role.BOOKER and not by_host):
        return "You have"
    return f"{_host(booking) if by_host else _booker(booking)} has"


def _moves(booking: Booking) -> bool:
    """Tell whether a request would move a meeting that is settled."""
    replaced = booking.rescheduled_from
    return replaced is not None and replaced.status == BookingStatus.ACCEPTED


def _facts(booking: Booking, change: Change, role: Role, time_zone: str, reason: str) -> tuple[LetterFact, ...]:
    replaced = booking.rescheduled_from if change in (Change.RESCHEDULED, Change.REQUESTED, Change.REJECTED) else None
    location = shortened(booking.location, MAX_LOCATION_LENGTH)
    is_link = location.lower().startswith(("https://", "http://"))
    return (
        LetterFact(label="What", value=shortened(booking.title, 200)),
        LetterFact(label="When", value=long_when(booking.start_time, booking.end_time, time_zone)),
        LetterFact(
            label="Before",
            value=long_when(replaced.start_time, replaced.end_time, time_zone) if replaced else "",
        ),
        LetterFact(label="Where", value=location, url=location if is_link else ""),
        LetterFact(label="Who", value="\n".join(_people(booking))),
        LetterFact(label="Reason", value=reason if _may_read_reason(booking, change, role) else ""),
        *(_answers(booking) if role is Role.HOST else ()),
    )


def _may_read_reason(booking: Booking, change: Change, role: Role) -> bool:
    """Tell whether a reason is shown: what a host wrote to the booker, and what anybody wrote to the host."""
    wrote = {Change.RESCHEDULED: booking.rescheduled_by, Change.CANCELLED: booking.cancelled_by}
    by_host = change is Change.REJECTED or wrote.get(change) == booking.host.email
    return role is Role.HOST or (role is Role.BOOKER and by_host)


def _people(booking: Booking) -> list[str]:
    """List who meets; a guest is known by an address alone."""
    attendees = [shortened(attendee.name, MAX_SHOWN_NAME_LENGTH) or attendee.email for attendee in booking.attendees]
    return [f"{_host(booking)} (host)", *attendees]


def _answers(booking: Booking) -> list[LetterFact]:
    """Return what the booker wrote, for the host alone: in other mails it would be anybody's words to anybody."""
    facts = [
        LetterFact(label="E-mail", value=booking.attendees[0].email),
        LetterFact(label="Notes", value=booking.additional_notes),
    ]
    for name, answer in booking.responses.items():
        if name not in PLAIN_ANSWERS:
            facts.append(LetterFact(label=shortened(str(answer["label"]), 80), value=_answer(answer["value"])))
    return facts


def _answer(value: object) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _links(booking: Booking, change: Change, role: Role, base_url: str) -> tuple[Link, ...]:
    """Return what the reader can do. The booking's address lets its holder change it, so that guests do not get it."""
    if role is Role.GUEST:
        return ()
    page = f"{base_url}/booking/{booking.uid}"
    if role is Role.HOST and change is Change.REQUESTED:
        return (Link(label="Confirm or decline", url=f"{base_url}/bookings/unconfirmed"),)
    if change in (Change.CANCELLED, Change.REJECTED, Change.WITHDRAWN, Change.UNINVITED):
        return _another_time(booking, base_url) if role is Role.BOOKER and change is not Change.UNINVITED else ()
    return (
        Link(label="See the booking", url=page),
        *((Link(label="Reschedule", url=f"{base_url}/reschedule/{booking.uid}"),) if booking.event_type else ()),
        Link(label="Cancel", url=f"{page}?cancel=true"),
    )


def _another_time(booking: Booking, base_url: str) -> tuple[Link, ...]:
    if _moves(booking) and booking.rescheduled_from:
        return (Link(label="See the booking", url=f"{base_url}/booking/{booking.rescheduled_from.uid}"),)
    if booking.event_type is None:
        return ()
    address = f"{base_url}/{booking.host.username}/{booking.event_type.slug}"
    return (Link(label="Choose another time", url=address),)


def _closing(booking: Booking, role: Role) -> str:
    reached = _booker(booking) if role is Role.HOST else _host(booking)
    return f"Sent by calhooks for {_host(booking)}. If you answer this mail, {reached} reads it."

"""What letters say of each change of a booking, to each kind of reader."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from calhooks.accounts.models import User
from calhooks.events import Trigger
from calhooks.mail.addresses import MAX_SHOWN_NAME_LENGTH
from calhooks.scheduling.calendars.ics import host_names
from calhooks.scheduling.models.bookings import Booking, BookingStatus, ChangeAction
from calhooks.text import shortened

ASKED = {ChangeAction.REQUESTED, ChangeAction.MOVE_REQUESTED}


class Change(StrEnum):
    """What a letter is about. The first five are a webhook's triggers too."""

    REQUESTED = "booking_requested"
    CREATED = "booking_created"
    REJECTED = "booking_rejected"
    RESCHEDULED = "booking_rescheduled"
    CANCELLED = "booking_cancelled"
    WITHDRAWN = "request_withdrawn"
    REASSIGNED = "booking_reassigned"
    ASSIGNED = "host_assigned"
    UNASSIGNED = "host_unassigned"
    UNINVITED = "guest_uninvited"
    REMINDER = "reminder"


CHANGE_WORDS: Mapping[Trigger, Change] = {
    Trigger.BOOKING_REQUESTED: Change.REQUESTED,
    Trigger.BOOKING_CREATED: Change.CREATED,
    Trigger.BOOKING_REJECTED: Change.REJECTED,
    Trigger.BOOKING_RESCHEDULED: Change.RESCHEDULED,
    Trigger.BOOKING_CANCELLED: Change.CANCELLED,
}


class ReaderRole(StrEnum):
    """Who reads a letter."""

    BOOKER = "booker"
    GUEST = "guest"
    HOST = "host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassigned:
    """That one host has taken over a booking from another, by whose doing and why, perhaps for no reason.

    `former_title` is the booking's title before, which may have the name of who was `replaced`.
    """

    replaced: User
    taking: User
    reason: str
    by_email: str
    former_title: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who made a change: the booker, a host, or an owner or admin of the team, who counts as one."""

    email: str
    name: str
    is_host: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingNews:
    """A change of a booking, which `actor` made. `reassigned` is set where a host has taken over from another.

    `title` is what the reader knows the booking as.
    """

    booking: Booking
    actor: Actor
    title: str
    reassigned: Reassigned | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """The part of a letter that differs: `subject` is put before the meeting's name and time.

    A `reason` that the booker may read too is `for_booker`; guests read none.
    """

    subject: str
    heading: str
    paragraphs: tuple[str, ...]
    reason: str = ""
    for_booker: bool = False


def change_words(news: BookingNews, change: Change, role: ReaderRole, *, by_reader: bool) -> Words:
    """Return what readers of one role are told; `by_reader` says that the reader made the change."""
    return _WORDS[change](news, role, by_reader)


def shown_name(name: str) -> str:
    """Return a person's name as letters show it."""
    return shortened(name, MAX_SHOWN_NAME_LENGTH)


def moves(booking: Booking) -> bool:
    """Tell whether a request would move a meeting that is settled."""
    replaced = booking.rescheduled_from
    return replaced is not None and replaced.status == BookingStatus.ACCEPTED


def was_only_asked_for(booking: Booking) -> bool:
    """Tell whether a booking is, or was to its end, a request that nobody confirmed."""
    done = {change.action for change in booking.changes}
    return bool(done & ASKED) and ChangeAction.CONFIRMED not in done


def _booker(booking: Booking) -> str:
    return shown_name(booking.attendees[0].name)


def _former_hosts(booking: Booking) -> str:
    """Return who had the meeting that a booking replaces, or would; empty where these are the same hosts."""
    replaced = booking.rescheduled_from
    if replaced is None or {host.id for host in replaced.hosts} == {host.id for host in booking.hosts}:
        return ""
    return host_names(replaced)


def _subject(news: BookingNews, by_reader: bool) -> tuple[str, str]:
    """Return who made a change, with the verb that follows: "You have"."""
    return ("You", "have") if by_reader else (shown_name(news.actor.name), "has")


def _requested(news: BookingNews, role: ReaderRole, _by_reader: bool) -> Words:
    booking = news.booking
    moving, several = moves(booking), len(booking.hosts) > 1
    reason = booking.reschedule_reason
    if role is ReaderRole.HOST:
        former = _former_hosts(booking)
        meeting = f"the meeting with {former}" if former else "your meeting"
        sentences = [f"{_booker(booking)} would like to {f'move {meeting}' if moving else 'meet you'}."]
        sentences.append(
            f"{meeting[0].upper()}{meeting[1:]} stays at its old time until you confirm."
            if moving
            else "The time is held once you confirm."
        )
        if several:
            sentences.append(f"{host_names(booking)} were asked. The first answer counts.")
        return Words("Please confirm", "A request waits for you", tuple(sentences), reason)
    hosts = host_names(booking)
    answer = "answer" if several else "answers"
    then = f"Your meeting stays at its old time until {hosts} {answer}." if moving else "Nothing is booked yet."
    have = "have" if several else "has"
    sentence = f"{hosts} {have} been asked and will confirm or decline. You hear from us as soon as that happens."
    # The reason is the booker's own.
    return Words("Request sent", "Your request has been sent", (sentence, then), reason)


def _created(news: BookingNews, role: ReaderRole, _by_reader: bool) -> Words:
    booking = news.booking
    if role is ReaderRole.HOST:
        return Words("New booking", "You have a new booking", (f"{_booker(booking)} is meeting you.",))
    if role is ReaderRole.GUEST:
        sentence = f"{_booker(booking)} has invited you to a meeting with {host_names(booking)}."
        return Words("Invitation", "You are invited", (sentence,))
    return Words("Confirmed", "Your meeting is confirmed", (f"You are meeting {host_names(booking)}.",))


def _rejected(news: BookingNews, role: ReaderRole, by_reader: bool) -> Words:
    booking = news.booking
    who, have = _subject(news, by_reader)
    if role is ReaderRole.HOST:
        sentence = f"{who} {have} declined the request of {_booker(booking)}. You need not answer it."
        return Words("Declined", "The request was declined", (sentence,), booking.rejection_reason)
    hosts = host_names(booking)
    sentences: tuple[str, ...] = (f"{hosts} cannot meet you at this time. Nothing has been booked.",)
    if moves(booking):
        sentences = (f"{hosts} cannot move the meeting to this time.", "It stays at its old time.")
    return Words("Declined", "Your request was declined", sentences, booking.rejection_reason, for_booker=True)


def _rescheduled(news: BookingNews, role: ReaderRole, by_reader: bool) -> Words:
    who, have = _subject(news, by_reader)
    sentences, reason = [f"{who} {have} moved the meeting."], news.booking.reschedule_reason
    if role is not ReaderRole.HOST and _former_hosts(news.booking):
        sentences.append(f"You are now meeting {host_names(news.booking)}.")
    return Words("Moved", "Your meeting has a new time", tuple(sentences), reason, for_booker=news.actor.is_host)


def _cancelled(news: BookingNews, _role: ReaderRole, by_reader: bool) -> Words:
    who, have = _subject(news, by_reader)
    sentence, reason = f"{who} {have} cancelled the meeting. It does not take place.", news.booking.cancellation_reason
    return Words("Cancelled", "Your meeting is cancelled", (sentence,), reason, for_booker=news.actor.is_host)


def _withdrawn(news: BookingNews, _role: ReaderRole, by_reader: bool) -> Words:
    if news.booking.status == BookingStatus.REJECTED:
        # Not withdrawn by itself: something else has become of the meeting that it was to move.
        sentence = f"You no longer need to answer the request of {_booker(news.booking)}."
        return Words("Withdrawn", "The request is withdrawn", (sentence,), news.booking.rejection_reason)
    who, have = _subject(news, by_reader)
    sentences: tuple[str, ...] = (f"{who} {have} withdrawn the request.",)
    if moves(news.booking):
        sentences = (*sentences, "The meeting stays at its old time.")
    reason = news.booking.cancellation_reason
    return Words("Withdrawn", "The request is withdrawn", sentences, reason)


def _reassigned(news: BookingNews, role: ReaderRole, _by_reader: bool) -> Words:
    assert news.reassigned
    taking, replaced = shown_name(news.reassigned.taking.name), shown_name(news.reassigned.replaced.name)
    if role is ReaderRole.HOST:
        sentence = f"{taking} hosts this meeting instead of {replaced}. The time stays the same."
        return Words("Host changed", "One of the hosts has changed", (sentence,), news.reassigned.reason)
    if news.booking.status == BookingStatus.PENDING:
        sentence = f"{taking} has been asked instead of {replaced}, and will confirm or decline."
        return Words("Host changed", "Your request goes to another host", (sentence,))
    sentence = f"You are meeting {taking} instead of {replaced}. The time stays the same."
    return Words("Host changed", "Your meeting has another host", (sentence,))


def _assigned(news: BookingNews, _role: ReaderRole, by_reader: bool) -> Words:
    assert news.reassigned
    who, have = _subject(news, by_reader)
    replaced, asked = shown_name(news.reassigned.replaced.name), news.booking.status == BookingStatus.PENDING
    what = "a request" if asked else "this meeting"
    by_replaced = news.actor.email == news.reassigned.replaced.email
    sentence = f"{who} {have} given you {what}{'' if by_replaced else f', instead of {replaced}'}."
    if by_reader:
        sentence = f"You have taken {what} over from {replaced}."
    if asked:
        return Words("Please confirm", "A request waits for you", (sentence,), news.reassigned.reason)
    return Words("New booking", "You have a new booking", (sentence,), news.reassigned.reason)


def _unassigned(news: BookingNews, _role: ReaderRole, by_reader: bool) -> Words:
    asked = was_only_asked_for(news.booking)
    what, heading = "this meeting", "You no longer host this meeting"
    sentence = "The attached file takes it out of your calendar."
    if asked:
        what, heading = "this request", "This request is no longer yours"
        sentence = "You need not answer it."
    if news.reassigned:
        who, have = _subject(news, by_reader)
        sentence = f"{who} {have} given {what} to {shown_name(news.reassigned.taking.name)}."
    reason = news.reassigned.reason if news.reassigned else ""
    return Words("No longer yours", heading, (sentence,), reason)


def _uninvited(news: BookingNews, _role: ReaderRole, _by_reader: bool) -> Words:
    sentence = f"The meeting with {host_names(news.booking)} was changed, and you are not invited any more."
    return Words("Cancelled", "You are no longer invited", (sentence,))


def _reminder(news: BookingNews, _role: ReaderRole, _by_reader: bool) -> Words:
    return Words("Reminder", "Your meeting is coming up", (f"You are meeting {host_names(news.booking)}.",))


_WORDS = {
    Change.REQUESTED: _requested,
    Change.CREATED: _created,
    Change.REJECTED: _rejected,
    Change.RESCHEDULED: _rescheduled,
    Change.CANCELLED: _cancelled,
    Change.WITHDRAWN: _withdrawn,
    Change.REASSIGNED: _reassigned,
    Change.ASSIGNED: _assigned,
    Change.UNASSIGNED: _unassigned,
    Change.UNINVITED: _uninvited,
    Change.REMINDER: _reminder,
}

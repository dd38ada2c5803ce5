"""Who is told by mail when a booking changes, in the transaction of the change.

Everybody gets the entry for their calendar with the mail: the same UID and a higher SEQUENCE at each change, so that
programs move it or take it out. A request is no entry yet. Guests hear of nothing before it is settled.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.config import current_config
from calhooks.events import Trigger
from calhooks.mail.addresses import Correspondent, sender
from calhooks.mail.outbox import MailDraft, owe_mail
from calhooks.scheduling.calendars.ics import Method, attendee_invitation, host_invitation, sequence_number
from calhooks.scheduling.models.bookings import Attendee, Booking, ChangeAction
from calhooks.scheduling.notifications.letters import (
    CHANGE_WORDS,
    Change,
    Reader,
    Role,
    attendee_reader,
    host_reader,
    write_letter,
)

ASKED = {ChangeAction.REQUESTED, ChangeAction.MOVE_REQUESTED}
METHODS = {
    Change.CREATED: Method.REQUEST,
    Change.RESCHEDULED: Method.REQUEST,
    Change.CANCELLED: Method.CANCEL,
    Change.UNINVITED: Method.CANCEL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mailing:
    """One letter about a change, and its readers, who are of one role and on one clock.

    `removed` is the attendee who is no longer invited.
    """

    change: Change
    readers: Sequence[Reader]
    removed: Attendee | None = None


def tell(session: Session, booking: Booking, trigger: Trigger) -> None:
    """Owe attendees and the host a mail about a change that has been noted. Without MAIL_URL nothing is owed."""
    for draft in mail_drafts(session, booking, trigger):
        owe_mail(session, draft)


def mail_drafts(session: Session, booking: Booking, trigger: Trigger) -> list[MailDraft]:
    """Return the mails that `tell` owes. A new booking need not be in the session; nothing is read for it."""
    if trigger not in CHANGE_WORDS or not current_config().mail_url:
        return []
    change = CHANGE_WORDS[trigger]
    if change is Change.CANCELLED and _was_only_asked_for(booking):
        change = Change.WITHDRAWN
    told = [(_for_reader(booking, change, reader), reader) for reader in _readers(booking, change)]
    # Guests read one and the same letter.
    mailings = [
        _Mailing(change=kind, readers=[reader for _, reader in alike])
        for (kind, *_), alike in groupby(told, key=lambda each: (each[0], each[1].role, each[1].time_zone))
    ]
    if change is Change.RESCHEDULED:
        mailings += [
            _Mailing(change=Change.UNINVITED, readers=[attendee_reader(attendee)], removed=attendee)
            for attendee in _left_out(booking)
        ]
    return [draft for mailing in mailings for draft in _drafts(session, booking, mailing)]


def remind(session: Session, booking: Booking) -> None:
    """Owe the attendees a reminder."""
    readers = [attendee_reader(attendee) for attendee in booking.attendees]
    for _, alike in groupby(readers, key=lambda reader: (reader.role, reader.time_zone)):
        for draft in _drafts(session, booking, _Mailing(change=Change.REMINDER, readers=list(alike))):
            owe_mail(session, draft)


def _readers(booking: Booking, change: Change) -> list[Reader]:
    booker, *guests = [attendee_reader(attendee) for attendee in booking.attendees]
    if change is Change.REJECTED:
        # The host has just said so.
        return [booker]
    if change in (Change.REQUESTED, Change.WITHDRAWN):
        return [booker, host_reader(booking)]
    return [booker, *guests, host_reader(booking)]


def _for_reader(booking: Booking, change: Change, reader: Reader) -> Change:
    """Return what a change is to one reader: to somebody invited with a new time, simply an invitation."""
    replaced = booking.rescheduled_from
    if change is not Change.RESCHEDULED or reader.role is Role.HOST or replaced is None:
        return change
    known = {attendee.email.casefold() for attendee in replaced.attendees}
    return change if reader.to.email.casefold() in known else Change.CREATED


def _left_out(booking: Booking) -> list[Attendee]:
    """Return who was invited to the replaced booking and is not to this one."""
    if booking.rescheduled_from is None:
        return []
    invited = {attendee.email.casefold() for attendee in booking.attendees}
    replaced = booking.rescheduled_from.attendees
    return [attendee for attendee in replaced if attendee.email.casefold() not in invited]


def _drafts(session: Session, booking: Booking, mailing: _Mailing) -> list[MailDraft]:
    change, role = mailing.change, mailing.readers[0].role
    method = METHODS.get(change)
    draft = MailDraft(
        owner_id=booking.host_id,
        kind=change,
        to=[reader.to for reader in mailing.readers],
        letter=write_letter(booking, change, role, mailing.readers[0].time_zone, current_config().base_url),
        about=booking.uid,
        sequence_key=booking.root_uid,
        reply_to=(attendee_reader(booking.attendees[0]) if role is Role.HOST else host_reader(booking)).to,
        calendar=_calendar(session, booking, method, role, mailing.removed) if method else None,
        calendar_method=method or "",
        expires_at=_last_use(booking, change),
        to_guests=role is Role.GUEST,
    )
    # A host who books the own page gets the entry once, as the host.
    without = [person for person in draft.to if role is not Role.HOST and _is_host(person, booking)]
    readers = (([person for person in draft.to if person not in without], draft.calendar), (without, None))
    return [replace(draft, to=people, calendar=calendar) for people, calendar in readers if people]


def _calendar(session: Session, booking: Booking, method: Method, role: Role, removed: Attendee | None) -> bytes:
    sequence, now, config = sequence_number(session, booking, method), clock.now(), current_config()
    page = f"{config.base_url}/booking/{booking.uid}"
    if role is Role.HOST:
        return host_invitation(booking, method, sequence, now=now, page=page, sender=sender(config))
    own_page = page if role is Role.BOOKER and removed is None else ""
    return attendee_invitation(booking, method, sequence, now=now, page=own_page, removed=removed)


def _last_use(booking: Booking, change: Change) -> datetime:
    """Return until when mail about a change is of use, in UTC: the meeting's start for what precedes it, else its end.

    Of a meeting that was moved, the later end counts: whoever does not know of the new time expects the former one.
    """
    if change in (Change.REQUESTED, Change.REMINDER):
        return booking.start_time
    replaced = booking.rescheduled_from
    return max(booking.end_time, replaced.end_time) if replaced else booking.end_time


def _is_host(person: Correspondent, booking: Booking) -> bool:
    return person.email.casefold() == booking.host.email.casefold()


def _was_only_asked_for(booking: Booking) -> bool:
    done = {change.action for change in booking.changes}
    return bool(done & ASKED) and ChangeAction.CONFIRMED not in done

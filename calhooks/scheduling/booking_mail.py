"""Who is told by mail when a booking changes, in the transaction of the change.

Everybody gets the entry for their calendar with the mail: the same UID and a higher SEQUENCE at each change, so that
programs move it or take it out. A request is no entry yet. Guests hear of nothing before it is settled.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.config import current_config
from calhooks.events import Trigger
from calhooks.mail.addresses import sender
from calhooks.mail.log import kinds_about
from calhooks.mail.outbox import owe_mail
from calhooks.scheduling.booking_letters import (
    CHANGES,
    Change,
    Reader,
    Role,
    attendee_reader,
    host_reader,
    write_letter,
)
from calhooks.scheduling.calendar_file import Method, attendee_invitation, host_invitation, sequence_number
from calhooks.scheduling.models import Attendee, Booking, BookingStatus

SETTLED = {str(Change.CREATED), str(Change.RESCHEDULED)}
METHODS = {
    Change.CREATED: Method.REQUEST,
    Change.RESCHEDULED: Method.REQUEST,
    Change.CANCELLED: Method.CANCEL,
    Change.UNINVITED: Method.CANCEL,
}


def tell(session: Session, booking: Booking, trigger: Trigger) -> None:
    """Owe everybody concerned a mail about what has just happened. Without MAIL_URL nobody is told."""
    if trigger not in CHANGES:
        return
    booking.remind_at = _remind_at(booking, clock.now())
    if not current_config().mail_url:
        return
    change = CHANGES[trigger]
    if change is Change.CANCELLED and _was_only_asked_for(session, booking):
        change = Change.WITHDRAWN
    for reader in _readers(booking, change):
        _owe(session, booking, _for_reader(booking, change, reader), reader)
    if change is Change.RESCHEDULED:
        for attendee in _left_out(booking):
            _owe(session, booking, Change.UNINVITED, attendee_reader(attendee), removed=attendee)


def remind(session: Session, booking: Booking) -> None:
    """Owe the people who attend a reminder; it is not sent any more once the meeting has begun."""
    for attendee in booking.attendees:
        _owe(session, booking, Change.REMINDER, attendee_reader(attendee), expires_at=booking.start_time)


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
    return [old for old in booking.rescheduled_from.attendees if old.email.casefold() not in invited]


def _owe(
    session: Session,
    booking: Booking,
    change: Change,
    reader: Reader,
    *,
    removed: Attendee | None = None,
    expires_at: datetime | None = None,
) -> None:
    method = METHODS.get(change)
    reply_to = attendee_reader(booking.attendees[0]) if reader.role is Role.HOST else host_reader(booking)
    owe_mail(
        session,
        owner_id=booking.host_id,
        kind=change,
        to=reader.to,
        letter=write_letter(booking, change, reader, current_config().base_url),
        about=booking.uid,
        sequence_key=booking.root_uid,
        reply_to=reply_to.to,
        calendar=_calendar(session, booking, method, reader, removed) if method else None,
        calendar_method=method or "",
        expires_at=expires_at,
    )


def _calendar(
    session: Session, booking: Booking, method: Method, reader: Reader, removed: Attendee | None
) -> bytes | None:
    sequence, now, config = sequence_number(session, booking, method), clock.now(), current_config()
    page = f"{config.base_url}/booking/{booking.uid}"
    if reader.role is Role.HOST:
        return host_invitation(booking, method, sequence, now=now, page=page, sender=sender(config))
    if reader.to.email.casefold() == booking.host.email.casefold():
        # A host who tries the own page out gets the entry once, as the host.
        return None
    own_page = page if reader.role is Role.BOOKER and removed is None else ""
    return attendee_invitation(booking, method, sequence, now=now, page=own_page, removed=removed)


def _was_only_asked_for(session: Session, booking: Booking) -> bool:
    kinds = kinds_about(session, booking.uid)
    return str(Change.REQUESTED) in kinds and not kinds & SETTLED


def _remind_at(booking: Booking, now: datetime) -> datetime | None:
    """Return when attendees are to be reminded; not of a meeting that they have only just booked."""
    hours = booking.event_type.reminder_hours if booking.event_type else None
    if not hours or booking.status != BookingStatus.ACCEPTED:
        return None
    moment = booking.start_time - timedelta(hours=hours)
    return moment if moment > now else None

"""Who is told by mail when a booking changes, in the transaction of the change.

Everybody gets the entry for their calendar with the mail: the same UID and a higher SEQUENCE at each change, so that
programs move it or take it out. A request is no entry yet. Guests hear of nothing before it is settled. Hosts are told
as long as they belong to the team; of those who have left, calendars are cleared once the meeting is no longer theirs.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.accounts.teams.memberships import who_belong
from calhooks.config import current_config
from calhooks.events import Trigger
from calhooks.mail.addresses import Correspondent, sender
from calhooks.mail.outbox import MailDraft, owe_mail
from calhooks.scheduling.calendars.ics import (
    Method,
    attendee_invitation,
    host_cancellation,
    host_invitation,
    sequence_number,
)
from calhooks.scheduling.models.bookings import Attendee, Booking, BookingStatus
from calhooks.scheduling.notifications.letters import Reader, attendee_reader, host_reader, write_letter
from calhooks.scheduling.notifications.words import (
    CHANGE_WORDS,
    Actor,
    BookingNews,
    Change,
    ReaderRole,
    Reassigned,
    was_only_asked_for,
)

METHODS = {
    Change.CREATED: Method.REQUEST,
    Change.RESCHEDULED: Method.REQUEST,
    Change.REASSIGNED: Method.REQUEST,
    Change.ASSIGNED: Method.REQUEST,
    Change.CANCELLED: Method.CANCEL,
    Change.UNASSIGNED: Method.CANCEL,
    Change.UNINVITED: Method.CANCEL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailedChange:
    """What besides the booking says whom to write: hosts whom the change `dropped`, or who took over from whom."""

    dropped: Sequence[User] = ()
    reassigned: Reassigned | None = None


# Nobody was dropped.
SAME_HOSTS = MailedChange()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mailing:
    """One letter about a change, and its readers, who are alike.

    `removed` is the attendee who is no longer invited.
    """

    news: BookingNews
    change: Change
    readers: Sequence[Reader] = field(repr=False)
    removed: Attendee | None = None


def tell(session: Session, booking: Booking, trigger: Trigger, changed: MailedChange = SAME_HOSTS) -> None:
    """Owe attendees and hosts a mail about a change that has been noted. Without MAIL_URL nothing is owed."""
    for draft in mail_drafts(session, booking, trigger, changed):
        owe_mail(session, draft)


def mail_drafts(
    session: Session, booking: Booking, trigger: Trigger, changed: MailedChange = SAME_HOSTS
) -> list[MailDraft]:
    """Return the mails that `tell` owes. A new personal booking need not be in the session; nothing is read for it."""
    if trigger not in CHANGE_WORDS or not current_config().mail_url:
        return []
    change = Change.REASSIGNED if changed.reassigned else CHANGE_WORDS[trigger]
    if change is Change.CANCELLED and was_only_asked_for(booking):
        change = Change.WITHDRAWN
    actor = _actor(session, booking, change, changed)
    news = BookingNews(booking=booking, actor=actor, title=booking.title, reassigned=changed.reassigned)
    members = _members(session, booking, changed.dropped)
    told = [(_for_reader(news, change, reader), reader) for reader in _readers(news, change, members)]
    # Readers who are alike read one and the same letter.
    mailings = [
        _Mailing(news=news, change=kind, readers=[reader for _, reader in same])
        for (kind, *_), same in groupby(told, key=lambda each: (each[0], *each[1].alike))
    ]
    mailings += _no_longer_theirs(news, change, changed, members)
    return [draft for mailing in mailings for draft in _drafts(session, booking, mailing, members)]


def remind(session: Session, booking: Booking) -> None:
    """Owe the attendees a reminder."""
    news = _news_of(booking)
    _owe_alike(session, news, Change.REMINDER, [attendee_reader(attendee, news) for attendee in booking.attendees])


def tell_withdrawn(session: Session, request: Booking, told: Collection[User]) -> None:
    """Owe the hosts who were asked a mail that a request waits no more, but for those who are `told` why anyway."""
    news, members = _news_of(request), _members(session, request, ())
    hosts = [host for host in request.hosts if host not in told and host.id in members]
    readers = sorted((host_reader(host, news) for host in hosts), key=lambda reader: reader.alike)
    _owe_alike(session, news, Change.WITHDRAWN, readers)


def _news_of(booking: Booking) -> BookingNews:
    return BookingNews(booking=booking, actor=_booker(booking), title=booking.title)


def _owe_alike(session: Session, news: BookingNews, change: Change, readers: Sequence[Reader]) -> None:
    """Owe each reader a mail about a change, written once for those next to each other who are alike."""
    if not current_config().mail_url:
        return
    members = _members(session, news.booking, ())
    for _, same in groupby(readers, key=lambda reader: reader.alike):
        for draft in _drafts(session, news.booking, _Mailing(news=news, change=change, readers=list(same)), members):
            owe_mail(session, draft)


def _members(session: Session, booking: Booking, dropped: Sequence[User]) -> set[int]:
    """Return which hosts, also those who are `dropped`, are told: of a team's booking those who still belong to it."""
    hosts = [host.id for host in (*booking.hosts, *dropped)]
    return set(hosts) if booking.team_id is None else who_belong(session, booking.team_id, hosts)


def _readers(news: BookingNews, change: Change, members: set[int]) -> list[Reader]:
    booking = news.booking
    booker, *guests = [attendee_reader(attendee, news) for attendee in booking.attendees]
    hosts = [host_reader(host, news) for host in booking.hosts if host.id in members]
    hosts.sort(key=lambda reader: reader.alike)
    if change is Change.REJECTED:
        # Whoever said so knows it.
        return [booker, *(reader for reader in hosts if not reader.acted)]
    if change in (Change.REQUESTED, Change.WITHDRAWN) or booking.status == BookingStatus.PENDING:
        return [booker, *hosts]
    return [booker, *guests, *hosts]


def _for_reader(news: BookingNews, change: Change, reader: Reader) -> Change:
    """Return what a change is to one reader: to somebody invited with a new time, simply an invitation."""
    replaced, reassigned = news.booking.rescheduled_from, news.reassigned
    if reassigned is not None:
        takes = reader.role is ReaderRole.HOST and reader.to.email == reassigned.taking.email
        return Change.ASSIGNED if takes else change
    if change is not Change.RESCHEDULED or replaced is None:
        return change
    people = replaced.hosts if reader.role is ReaderRole.HOST else replaced.attendees
    known = {person.email.casefold() for person in people}
    return change if reader.to.email.casefold() in known else Change.CREATED


def _no_longer_theirs(news: BookingNews, change: Change, changed: MailedChange, members: set[int]) -> list[_Mailing]:
    """Return the letters to guests and hosts who are not at the meeting any more."""
    booking, replaced = news.booking, news.booking.rescheduled_from
    mailings = []
    if change is Change.RESCHEDULED and replaced:
        mailings = [
            _Mailing(news=news, change=Change.UNINVITED, readers=[attendee_reader(attendee, news)], removed=attendee)
            for attendee in _left_out(booking, replaced)
        ]
    # What they had stands in their calendar at its old time.
    had, gone = news, list(changed.dropped)
    if changed.reassigned:
        had = replace(news, title=changed.reassigned.former_title)
    elif change is Change.CANCELLED:
        gone = [host for host in booking.hosts if host.id not in members]
    elif replaced:
        had = replace(news, booking=replaced, title=replaced.title)
    for host in gone:
        if host.id not in members and (_is_asked(booking) or was_only_asked_for(had.booking)):
            continue
        # Who has left the team has a calendar to clear, and is not told what its members do.
        what = had if host.id in members else replace(had, reassigned=None)
        mailings.append(_Mailing(news=what, change=Change.UNASSIGNED, readers=[host_reader(host, news)]))
    return mailings


def _left_out(booking: Booking, replaced: Booking) -> list[Attendee]:
    """Return who was invited to the replaced booking and is not to this one."""
    invited = {attendee.email.casefold() for attendee in booking.attendees}
    return [attendee for attendee in replaced.attendees if attendee.email.casefold() not in invited]


def _actor(session: Session, booking: Booking, change: Change, changed: MailedChange) -> Actor:
    """Return who made a change, by the address that was noted with it."""
    email = {
        Change.RESCHEDULED: booking.rescheduled_by,
        Change.CANCELLED: booking.cancelled_by,
        Change.WITHDRAWN: booking.cancelled_by,
        Change.REJECTED: booking.changes[-1].by_email if booking.changes else "",
        Change.REASSIGNED: changed.reassigned.by_email if changed.reassigned else "",
    }.get(change, "")
    for host in (*booking.hosts, *changed.dropped):
        if host.email == email:
            return Actor(email, host.name, is_host=True)
    if booking.team_id is None or email in ("", booking.attendees[0].email):
        return _booker(booking)
    name = session.scalar(select(User.name).where(User.email == email))
    return Actor(email, name or email, is_host=True)


def _booker(booking: Booking) -> Actor:
    booker = booking.attendees[0]
    return Actor(booker.email, booker.name, is_host=False)


def _drafts(session: Session, booking: Booking, mailing: _Mailing, members: set[int]) -> list[MailDraft]:
    change, first, news = mailing.change, mailing.readers[0], mailing.news
    method, by_host = METHODS.get(change), first.role is ReaderRole.HOST
    is_entry = not (_is_asked(booking) or was_only_asked_for(news.booking))
    draft = MailDraft(
        owner_id=booking.host_id,
        kind=change,
        to=[reader.to for reader in mailing.readers],
        letter=write_letter(news, change, first, current_config().base_url),
        about=booking.uid,
        sequence_key=booking.root_uid,
        reply_to=_answered_by(booking, mailing, members),
        calendar=_calendar(session, booking, method, mailing) if method and is_entry else None,
        calendar_method=method if method and is_entry else "",
        expires_at=_last_use(booking, change),
        to_guests=first.role is ReaderRole.GUEST,
        to_hosts=by_host,
    )
    # A host who books the own page gets the entry once, as the host.
    without = [person for person in draft.to if not by_host and _is_host(person, booking)]
    readers = (([person for person in draft.to if person not in without], draft.calendar), (without, None))
    return [replace(draft, to=people, calendar=calendar) for people, calendar in readers if people]


def _answered_by(booking: Booking, mailing: _Mailing, members: set[int]) -> Correspondent | None:
    """Return who reads an answer: the booker, or the first host who has not left. Nobody reads a former host's."""
    if mailing.change is Change.UNASSIGNED:
        return None
    if mailing.readers[0].role is ReaderRole.HOST:
        return attendee_reader(booking.attendees[0], mailing.news).to
    host = next((host for host in booking.hosts if host.id in members), None)
    return host_reader(host, mailing.news).to if host else None


def _calendar(session: Session, booking: Booking, method: Method, mailing: _Mailing) -> bytes:
    sequence, now, config = sequence_number(session, booking, method), clock.now(), current_config()
    page, role = f"{config.base_url}/booking/{booking.uid}", mailing.readers[0].role
    if mailing.change is Change.UNASSIGNED:
        person = mailing.readers[0].to
        news, author = mailing.news, sender(config)
        return host_cancellation(news.booking, sequence, person, now=now, sender=author, title=news.title)
    if role is ReaderRole.HOST:
        return host_invitation(booking, method, sequence, now=now, page=page, sender=sender(config))
    own_page = page if role is ReaderRole.BOOKER and mailing.removed is None else ""
    return attendee_invitation(booking, method, sequence, now=now, page=own_page, removed=mailing.removed)


def _is_asked(booking: Booking) -> bool:
    """Tell whether a booking is in nobody's calendar yet."""
    return booking.status == BookingStatus.PENDING


def _last_use(booking: Booking, change: Change) -> datetime:
    """Return until when mail about a change is of use, in UTC: the meeting's start for what precedes it, else its end.

    Of a meeting that was moved, the later end counts: whoever does not know of the new time expects the former one.
    """
    if change in (Change.REQUESTED, Change.REMINDER):
        return booking.start_time
    replaced = booking.rescheduled_from
    return max(booking.end_time, replaced.end_time) if replaced else booking.end_time


def _is_host(person: Correspondent, booking: Booking) -> bool:
    return person.email.casefold() in {host.email.casefold() for host in booking.hosts}

"""Moving a booking: a new one takes its place, at once or when the host confirms it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.events import Trigger
from calhooks.scheduling.availability.openings import require_offered
from calhooks.scheduling.bookings.book import draft, find_submission, submission_key
from calhooks.scheduling.bookings.cancel import requests_to_move, withdraw_requests
from calhooks.scheduling.bookings.events import announce
from calhooks.scheduling.bookings.metadata import merge_metadata
from calhooks.scheduling.bookings.rules import NOT_BOOKABLE, OPEN, acting_email, is_host, note, require_changeable
from calhooks.scheduling.bookings.submission import Submission
from calhooks.scheduling.errors import NotAllowed, SlotTaken
from calhooks.scheduling.event_types.places import chosen_before
from calhooks.scheduling.event_types.questions import own_answers
from calhooks.scheduling.locking import flush_or_refuse, locked_booking
from calhooks.scheduling.models.bookings import Booking, BookingStatus, ChangeAction


def reschedule(
    session: Session,
    uid: str,
    submission: Submission,
    *,
    metadata: Mapping[str, str],
    visitor: str,
    by: User | None,
) -> Booking:
    """Move a booking to another slot; `by` is who is signed in, if anybody. The host's word needs no confirmation.

    Where one is needed, the old booking stays until it is given. The link's metadata is laid over the old booking's.
    Raises NotFound, SlotTaken, SlotNotOffered, NotAllowed or MetadataError.
    """
    old = locked_booking(session, uid)
    key = submission_key(visitor, old.event_type_id or 0, submission, replaces=uid)
    if (sent_before := find_submission(session, key)) is not None:
        return sent_before
    now = clock.now()
    require_changeable(old, now)
    replaced = booking_to_replace(old)
    require_changeable(replaced, now)
    event_type = replaced.event_type
    if event_type is None:
        raise NotAllowed(NOT_BOOKABLE)
    require_offered(session, event_type, submission.start, submission.length or event_type.length, now, moving=replaced)

    by_host = is_host(old, by)
    booking = draft(event_type, _as_booker(submission, old) if by_host else submission, now)
    booking.root_uid = replaced.root_uid
    booking.rescheduled_from = replaced
    booking.reschedule_reason = submission.reschedule_reason
    booking.rescheduled_by = acting_email(old, by)
    booking.metadata_ = merge_metadata(old.metadata_, metadata)
    booking.submission_key = key
    withdraw_requests(session, requests_to_move(session, replaced), now, "Another time was chosen.")
    if event_type.requires_confirmation and not by_host:
        note(booking, ChangeAction.MOVE_REQUESTED, now, booking.rescheduled_by, booking.reschedule_reason)
        _request(session, booking, now)
    else:
        note(booking, ChangeAction.MOVED, now, booking.rescheduled_by, booking.reschedule_reason)
        take_place(session, booking, now, SlotTaken())
    return booking


def take_place(session: Session, booking: Booking, now: datetime, refusal: SlotTaken) -> None:
    """Accept a booking, in place of the one that it replaces if there is one. Raises `refusal`.

    Webhooks hear that something was moved only when it had been accepted, and else that there is a new booking.
    """
    replaced = booking.rescheduled_from
    moved = replaced is not None and replaced.status == BookingStatus.ACCEPTED
    if replaced is not None:
        _give_way(replaced)
        # Written first: for the database, the two must not overlap at any moment.
        session.flush()
    booking.status = BookingStatus.ACCEPTED
    session.add(booking)
    flush_or_refuse(session, refusal)
    announce(session, booking, Trigger.BOOKING_RESCHEDULED if moved else Trigger.BOOKING_CREATED, now)


def successor(session: Session, booking: Booking) -> Booking | None:
    """Return the booking that took the place of one that was moved."""
    if booking.status != BookingStatus.CANCELLED or booking.cancelled_by:
        return None
    query = select(Booking).where(Booking.rescheduled_from_id == booking.id).order_by(Booking.id.desc()).limit(1)
    return session.scalar(query)


def open_request(session: Session, booking: Booking) -> Booking | None:
    """Return what was asked for in place of an accepted booking and waits for the host."""
    query = select(Booking).where(Booking.rescheduled_from_id == booking.id, Booking.status == BookingStatus.PENDING)
    return session.scalar(query.order_by(Booking.id.desc()).limit(1))


def booking_to_replace(old: Booking) -> Booking:
    """Return what is really moved: behind a request to move an accepted booking that one, else the booking itself."""
    behind = old.rescheduled_from
    if old.status == BookingStatus.PENDING and behind is not None and behind.status == BookingStatus.ACCEPTED:
        return behind
    return old


def _request(session: Session, booking: Booking, now: datetime) -> None:
    replaced = booking.rescheduled_from
    if replaced is not None and replaced.status == BookingStatus.PENDING:
        # One request in place of another: nothing was accepted that could stay.
        _give_way(replaced)
    booking.status = BookingStatus.PENDING
    session.add(booking)
    announce(session, booking, Trigger.BOOKING_REQUESTED, now)


def _give_way(replaced: Booking) -> None:
    """Close a booking that was moved; one that somebody cancelled has their address in `cancelled_by`."""
    if replaced.status in OPEN:
        replaced.status = BookingStatus.CANCELLED


def _as_booker(submission: Submission, old: Booking) -> Submission:
    """Return the form that a host filled in, with the booker's own name, zone, language, place and answers."""
    booker = old.attendees[0]
    return replace(
        submission,
        name=booker.name,
        email=booker.email,
        time_zone=booker.time_zone,
        locale=booker.locale,
        answers=own_answers(old.responses),
        place=chosen_before(old),
    )

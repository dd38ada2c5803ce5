"""Moving a booking: another one takes its place, at once or when the host confirms it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.events import Trigger
from calhooks.scheduling.assignment.attendance import Attendance, attend, give_back
from calhooks.scheduling.availability.hosts import Host
from calhooks.scheduling.availability.openings import require_offered
from calhooks.scheduling.bookings.book import draft, write
from calhooks.scheduling.bookings.cancel import requests_to_move, withdraw_requests
from calhooks.scheduling.bookings.events import announce_booking, dropped_hosts
from calhooks.scheduling.bookings.lookups import find_submitted
from calhooks.scheduling.bookings.metadata import merge_metadata
from calhooks.scheduling.bookings.rules import (
    NOT_BOOKABLE,
    OPEN_STATUSES,
    acting_email,
    is_host,
    note,
    require_changeable,
    require_may_change,
)
from calhooks.scheduling.bookings.submission import Submission, submission_key
from calhooks.scheduling.errors import NotAllowed, SlotTaken
from calhooks.scheduling.event_types.places import chosen_before
from calhooks.scheduling.event_types.questions import host_answers
from calhooks.scheduling.locking import locked_booking
from calhooks.scheduling.models.bookings import Booking, BookingStatus, ChangeAction
from calhooks.scheduling.models.event_types import EventType
from calhooks.scheduling.notifications.reminders import set_reminder


def reschedule(
    session: Session,
    uid: str,
    submission: Submission,
    *,
    metadata: Mapping[str, str],
    visitor: str,
    by: User | None,
) -> Booking:
    """Move a booking to another slot; `by` is who is signed in, None for a visitor. Return the booking made for it.

    Where the host confirms, the replaced booking stays until then; the host's own word needs no confirmation. The
    link's metadata is laid over the booking's. Raises NotFound, HostedByOthers, SlotTaken, SlotNotOffered,
    NotAllowed or MetadataError.
    """
    booking = locked_booking(session, uid)
    require_may_change(session, booking, by)
    key = submission_key(visitor, booking.event_type_id or 0, submission, replaced=uid)
    if (sent_before := find_submitted(session, key)) is not None:
        return sent_before
    now, by_host = clock.now(), is_host(session, booking, by)
    require_changeable(booking, now)
    replaced = meeting_to_replace(booking)
    require_changeable(replaced, now)
    event_type = replaced.event_type
    if event_type is None:
        raise NotAllowed(NOT_BOOKABLE)
    length = submission.length or event_type.length
    free = require_offered(session, event_type, submission.start, length, now, replaced)
    requested = event_type.requires_confirmation and not by_host
    # A request leaves an accepted booking with its hosts until it is confirmed.
    stays = requested and replaced.status == BookingStatus.ACCEPTED
    attendance = _attend_again(session, event_type, replaced, free, now, stays=stays)

    moved = draft(event_type, _as_booker(submission, booking) if by_host else submission, now, attendance)
    moved.root_uid = replaced.root_uid
    moved.rescheduled_from = replaced
    moved.reschedule_reason = submission.reschedule_reason
    moved.rescheduled_by = acting_email(session, booking, by)
    moved.metadata_ = merge_metadata(booking.metadata_, metadata)
    moved.submission_key = key
    dropped = [] if stays else dropped_hosts(replaced, moved)
    moot = requests_to_move(session, replaced, moved)
    withdraw_requests(session, moot, now, "Another time was chosen.", told=[*moved.hosts, *dropped])
    action = ChangeAction.MOVE_REQUESTED if requested else ChangeAction.MOVED
    note(moved, action, now, moved.rescheduled_by, moved.reschedule_reason)
    if requested:
        trigger = _request_in_place_of(session, replaced, moved, now)
    else:
        trigger = accept_in_place_of(session, replaced, moved, now, SlotTaken())
    announce_booking(session, moved, trigger, now, dropped=dropped)
    return moved


def accept_in_place_of(
    session: Session, replaced: Booking | None, booking: Booking, now: datetime, refusal: SlotTaken
) -> Trigger:
    """Accept a booking in place of `replaced`, None for a new one, and return the trigger to announce.

    A booking counts as rescheduled only where `replaced` had been accepted, otherwise as created. Raises `refusal`.
    """
    rescheduled = replaced is not None and replaced.status == BookingStatus.ACCEPTED
    if replaced is not None:
        _give_way(replaced, now)
        # Written first: for the database, the two must not overlap at any moment.
        session.flush()
    booking.status = BookingStatus.ACCEPTED
    set_reminder(booking, now)
    write(session, booking, refusal)
    return Trigger.BOOKING_RESCHEDULED if rescheduled else Trigger.BOOKING_CREATED


def _request_in_place_of(session: Session, replaced: Booking, booking: Booking, now: datetime) -> Trigger:
    """Leave a booking to the host's answer; an accepted `replaced` stays until then. Return the trigger to announce."""
    if replaced.status == BookingStatus.PENDING:
        # One request in place of another: nothing was accepted that could stay.
        _give_way(replaced, now)
    booking.status = BookingStatus.PENDING
    write(session, booking, SlotTaken())
    return Trigger.BOOKING_REQUESTED


def _attend_again(
    session: Session, event_type: EventType, replaced: Booking, free: Sequence[Host], now: datetime, *, stays: bool
) -> Attendance:
    """Return who attends at the new time: whose turn it was where they are free, unless it is to be chosen anew.

    Then the turn that was taken for the old time is given back, unless the old meeting `stays` for now.
    """
    keeps = event_type.keeps_host and any(host.user.id == replaced.host_id and not host.attends_always for host in free)
    if keeps:
        return replace(attend(event_type, free, now, kept=replaced.host), assignment=replaced.assignment)
    if not stays:
        give_back(session, replaced, now)
    return attend(event_type, free, now)


def meeting_to_replace(booking: Booking) -> Booking:
    """Return what a new time replaces: for a request to move an accepted booking that booking, else the booking."""
    replaced = booking.rescheduled_from
    if booking.status == BookingStatus.PENDING and replaced is not None and replaced.status == BookingStatus.ACCEPTED:
        return replaced
    return booking


def _give_way(replaced: Booking, now: datetime) -> None:
    """Close a booking that was moved. Its `cancelled_by` stays empty, which tells it from one that was cancelled."""
    if replaced.status in OPEN_STATUSES:
        replaced.status = BookingStatus.CANCELLED
        set_reminder(replaced, now)


def _as_booker(submission: Submission, booking: Booking) -> Submission:
    """Return the form that a host filled in, with the booker's own name, zone, language, place and answers."""
    booker = booking.attendees[0]
    return replace(
        submission,
        name=booker.name,
        email=booker.email,
        time_zone=booker.time_zone,
        locale=booker.locale,
        answers=host_answers(booking.responses),
        place=chosen_before(booking),
    )

"""Announcing a change of a booking: the event for its webhooks, and the mails."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session, object_session

from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner
from calhooks.accounts.teams import models
from calhooks.accounts.teams.memberships import who_belong
from calhooks.events import Answer, BookedTeam, BookingEvent, Person, Trigger
from calhooks.scheduling.availability.hosts import host_ids_of
from calhooks.scheduling.bookings.rules import OPEN_STATUSES
from calhooks.scheduling.calendars.ics import entry_uid, present_sequence
from calhooks.scheduling.event_types.questions import ATTENDEE_PHONE, is_hosts_own
from calhooks.scheduling.models.bookings import Attendee, Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType
from calhooks.scheduling.notifications.mail import MailedChange, tell
from calhooks.scheduling.notifications.words import Reassigned
from calhooks.webhooks.dispatch import dispatch

_STATUS_AFTER = {
    Trigger.BOOKING_REQUESTED: BookingStatus.PENDING,
    Trigger.BOOKING_REJECTED: BookingStatus.REJECTED,
    Trigger.BOOKING_CANCELLED: BookingStatus.CANCELLED,
}
_ABOUT_REQUESTS = (Trigger.BOOKING_REQUESTED, Trigger.BOOKING_REJECTED)
_NO_RESCHEDULE: Mapping[str, Any] = {
    "reschedule_uid": "",
    "reschedule_id": None,
    "reschedule_start_time": None,
    "reschedule_end_time": None,
    "reschedule_reason": "",
    "rescheduled_by": "",
}


def announce_booking(
    session: Session,
    booking: Booking,
    trigger: Trigger,
    occurred_at: datetime,
    *,
    by_mail: bool = True,
    dropped: Sequence[User] = (),
) -> int:
    """Owe webhooks an event about a booking, and attendees and hosts their mails, in the caller's transaction.

    `occurred_at` is UTC. The hosts whom this change `dropped` no longer attend; they and their webhooks are told of it
    too. The database writes the booking first. Raises IntegrityError where it refuses. Returns the units of work that
    the webhooks' templates took, of at most MAX_EVENT_UNITS.
    """
    session.flush()
    told = told_ids(session, booking, dropped)
    spent = dispatch(session, booking_event(booking, trigger, occurred_at, told_ids=told))
    if by_mail:
        tell(session, booking, trigger, MailedChange(dropped=dropped))
    return spent


def announce_reassigned(session: Session, booking: Booking, occurred_at: datetime, changed: Reassigned) -> None:
    """Owe webhooks and people the news that a booking has another host, as `announce_booking` does.

    To webhooks it is a reschedule of the booking by itself, at the same time; a request is asked for once more.
    """
    session.flush()
    dropped, asked = [changed.replaced], booking.status == BookingStatus.PENDING
    trigger = Trigger.BOOKING_REQUESTED if asked else Trigger.BOOKING_RESCHEDULED
    event = booking_event(booking, trigger, occurred_at, told_ids=told_ids(session, booking, dropped))
    if not asked:
        event = replace(
            event,
            reschedule_uid=booking.uid,
            reschedule_id=booking.id,
            reschedule_start_time=booking.start_time,
            reschedule_end_time=booking.end_time,
            reschedule_reason=changed.reason,
            rescheduled_by=changed.by_email,
        )
    event = replace(
        event,
        reassigned_from=_host(changed.replaced),
        reassign_reason=changed.reason,
        reassigned_by=changed.by_email,
    )
    dispatch(session, event)
    tell(session, booking, trigger, MailedChange(dropped=dropped, reassigned=changed))


def told_ids(session: Session, booking: Booking, dropped: Sequence[User] = ()) -> tuple[int, ...]:
    """Return the accounts whose webhooks a booking tells: of a team's its hosts and `dropped`, if still members."""
    if booking.team_id is None:
        return (booking.host_id,)
    hosts = [host.id for host in (*booking.hosts, *dropped)]
    return tuple(sorted(who_belong(session, booking.team_id, hosts)))


def dropped_hosts(replaced: Booking | None, booking: Booking) -> list[User]:
    """Return the hosts of an open booking who do not attend the one that is about to take its place."""
    if replaced is None or replaced.status not in OPEN_STATUSES:
        return []
    return [host for host in replaced.hosts if host not in booking.hosts]


def told_owners(session: Session, booking: Booking, dropped: Sequence[User] = ()) -> list[Owner]:
    """Return whose webhooks are told about a booking, with those of the hosts whom a change `dropped`."""
    team = [] if booking.team_id is None else [Owner(team_id=booking.team_id)]
    return [*team, *(Owner(user_id=number) for number in told_ids(session, booking, dropped))]


def owners_of_hosts(session: Session, event_type: EventType) -> list[Owner]:
    """Return whose webhooks may be told about what is booked of an event type."""
    hosts = [Owner(user_id=number) for number in host_ids_of(session, event_type)]
    return [event_type.belongs_to, *hosts] if event_type.team_id is not None else hosts


def booking_event(
    booking: Booking, trigger: Trigger, occurred_at: datetime, *, told_ids: tuple[int, ...] = ()
) -> BookingEvent:
    """Return a booking as it is at this moment; see BookingEvent for `told_ids`."""
    host, replaced, session = booking.host, booking.rescheduled_from, object_session(booking)
    return BookingEvent(
        trigger=trigger,
        occurred_at=occurred_at,
        host_id=booking.host_id,
        sequence_key=booking.root_uid,
        event_type_id=booking.event_type_id,
        type=booking.type,
        title=booking.title,
        description=booking.description,
        event_title=booking.event_title,
        length=booking.length,
        status=str(booking.status),
        start_time=booking.start_time,
        end_time=booking.end_time,
        uid=booking.uid,
        booking_id=booking.id,
        location=booking.location,
        additional_notes=booking.additional_notes,
        organizer=_host(host),
        attendees=tuple(_person(attendee, trigger, booking) for attendee in booking.attendees),
        responses={name: _answer(name, given) for name, given in booking.responses.items()},
        metadata=dict(booking.metadata_),
        ical_uid=entry_uid(booking),
        # A booking that is not in a session yet is the first of its chain.
        ical_sequence=present_sequence(session, booking) if session else 0,
        requires_confirmation=booking.event_type is not None and booking.event_type.requires_confirmation,
        reschedule_uid=replaced.uid if replaced else "",
        reschedule_id=replaced.id if replaced else None,
        reschedule_start_time=replaced.start_time if replaced else None,
        reschedule_end_time=replaced.end_time if replaced else None,
        reschedule_reason=booking.reschedule_reason,
        rescheduled_by=booking.rescheduled_by,
        cancellation_reason=booking.cancellation_reason,
        cancelled_by=booking.cancelled_by,
        rejection_reason=booking.rejection_reason,
        team=_team(booking, booking.team) if booking.team else None,
        scheduling_type=(booking.scheduling_type or "") if booking.team else "",
        told_ids=told_ids,
    )


def supposed_event(booking: Booking, trigger: Trigger, now: datetime) -> BookingEvent:
    """Return an event that has not happened to a booking, as if it did at `now`, in UTC, or at its scheduled time.

    Where the booking replaced no other, a reschedule is of the booking by itself, as when it goes to another host. A
    PING has the booking as it is.
    """
    if trigger is Trigger.PING:
        return booking_event(booking, trigger, now)
    booker = booking.attendees[0].email
    scheduled = {Trigger.MEETING_STARTED: booking.start_time, Trigger.MEETING_ENDED: booking.end_time}
    event = booking_event(booking, trigger, scheduled.get(trigger, now))
    cancelled, rejected = trigger is Trigger.BOOKING_CANCELLED, trigger is Trigger.BOOKING_REJECTED
    event = replace(
        event,
        status=str(_STATUS_AFTER.get(trigger, BookingStatus.ACCEPTED)),
        requires_confirmation=event.requires_confirmation or trigger in _ABOUT_REQUESTS,
        ical_sequence=event.ical_sequence + cancelled - (booking.status == BookingStatus.CANCELLED),
        cancelled_by=event.cancelled_by or booker if cancelled else "",
        cancellation_reason=event.cancellation_reason if cancelled else "",
        rejection_reason=event.rejection_reason if rejected else "",
    )
    if trigger is Trigger.BOOKING_CREATED:
        # One that replaced another is announced as a reschedule only.
        return replace(event, **_NO_RESCHEDULE)
    if trigger is not Trigger.BOOKING_RESCHEDULED or event.reschedule_uid:
        return event
    return replace(
        event,
        reschedule_uid=booking.uid,
        reschedule_id=booking.id,
        reschedule_start_time=booking.start_time,
        reschedule_end_time=booking.end_time,
        rescheduled_by=booker,
    )


def _answer(name: str, given: Mapping[str, Any]) -> Answer:
    return Answer(label=given["label"], value=given.get("value"), asked_by_host=is_hosts_own(name))


def _team(booking: Booking, team: models.Team) -> BookedTeam:
    return BookedTeam(id=team.id, name=team.name, slug=team.slug, hosts=tuple(map(_host, booking.hosts)))


def _host(host: User) -> Person:
    return Person(
        name=host.name,
        email=host.email,
        time_zone=host.time_zone,
        locale=host.locale,
        id=host.id,
        username=host.username,
    )


def _person(attendee: Attendee, trigger: Trigger, booking: Booking) -> Person:
    phone = booking.responses.get(ATTENDEE_PHONE, {}).get("value", "") if attendee.position == 0 else ""
    return Person(
        name=attendee.name,
        email=attendee.email,
        time_zone=attendee.time_zone,
        locale=attendee.locale,
        phone_number=str(phone),
        no_show=attendee.no_show if trigger is Trigger.BOOKING_NO_SHOW_UPDATED else None,
    )

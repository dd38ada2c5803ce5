"""Announcing a change of a booking: the event for its webhooks, and the mails."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner
from calhooks.accounts.teams import models
from calhooks.accounts.teams.memberships import who_belong
from calhooks.events import Answer, BookedTeam, BookingEvent, Person, Trigger
from calhooks.scheduling.availability.hosts import host_ids_of
from calhooks.scheduling.bookings.rules import OPEN_STATUSES
from calhooks.scheduling.models.bookings import Attendee, Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType
from calhooks.scheduling.notifications.mail import MailedChange, tell
from calhooks.scheduling.notifications.words import Reassigned
from calhooks.webhooks.dispatch import dispatch


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
    host, replaced = booking.host, booking.rescheduled_from
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
        attendees=tuple(_person(attendee, trigger) for attendee in booking.attendees),
        responses={
            name: Answer(label=given["label"], value=given["value"]) for name, given in booking.responses.items()
        },
        metadata=dict(booking.metadata_),
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
        scheduling_type=booking.scheduling_type or "",
        told_ids=told_ids,
    )


def _team(booking: Booking, team: models.Team) -> BookedTeam:
    return BookedTeam(id=team.id, name=team.name, slug=team.slug, hosts=tuple(map(_host, booking.hosts)))


def _host(host: User) -> Person:
    return Person(
        name=host.name, email=host.email, time_zone=host.time_zone, locale=host.locale, username=host.username
    )


def _person(attendee: Attendee, trigger: Trigger) -> Person:
    return Person(
        name=attendee.name,
        email=attendee.email,
        time_zone=attendee.time_zone,
        locale=attendee.locale,
        no_show=attendee.no_show if trigger is Trigger.BOOKING_NO_SHOW_UPDATED else None,
    )

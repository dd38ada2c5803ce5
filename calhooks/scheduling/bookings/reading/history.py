"""A booking's whole story: who did what to it and when, and every webhook and mail that followed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager, defer, joinedload, selectinload

from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner
from calhooks.delivery.models.deliveries import Delivery, Event
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.status.delivery_status import DeliveryStatus, delivery_status
from calhooks.delivery.status.events import events_of
from calhooks.mail.log import mails_about
from calhooks.mail.models import Mail
from calhooks.scheduling.assignment.attendance import choices_of
from calhooks.scheduling.bookings.lookups import find_booking_of
from calhooks.scheduling.bookings.reading.filtered import filtered_out
from calhooks.scheduling.bookings.reading.people import names_by_email
from calhooks.scheduling.models.bookings import Booking, BookingChange, BookingHost, bookings_of
from calhooks.webhooks.models import Webhook


@dataclass(frozen=True, slots=True)
class Telling:
    """One delivery of an event; `webhook_id` is None when its webhook has been deleted."""

    delivery: Delivery
    status: DeliveryStatus
    webhook_id: int | None


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing of a story, of one of three kinds: a change, an event with its deliveries, or a mail.

    At a change by which a round robin chose a host, `assignment` is how (`Booking.assignment`) and `chosen` the name.
    An event was not sent to the webhooks that `filtered` it out.
    """

    at: datetime
    change: BookingChange | None = None
    assignment: Mapping[str, Any] | None = None
    chosen: str = ""
    event: Event | None = None
    tellings: Sequence[Telling] = ()
    filtered: Sequence[Webhook] = ()
    mail: Mail | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """A booking with all that it was moved from and to, oldest first, and what happened to them, in order.

    `names` are those of the people behind it, by their email addresses.
    """

    booking: Booking
    chain: Sequence[Booking]
    names: Mapping[str, str]
    moments: list[Moment] = field(default_factory=list)


def story(session: Session, owner: Owner, uid: str) -> Story:
    """Return the story of one of a person's or a team's own bookings. Raises NotFound, also for someone else's."""
    booking = find_booking_of(session, owner, uid)
    query = select(Booking).where(Booking.root_uid == booking.root_uid)
    if booking.team_id is None:
        # The hosts of a team that was deleted have kept their own ones of it.
        query = query.where(bookings_of(owner))
    chain = session.scalars(query.options(*_TOLD).order_by(Booking.id)).all()
    moments = _changes(session, chain)
    moments += _events(session, owner, [each.uid for each in chain])
    mails = mails_about(session, {each.uid: each.mail_owner_id for each in chain})
    moments += [Moment(mail.created_at, mail=mail) for mail in mails]
    moments.sort(key=_order)
    return Story(booking, chain, names_by_email(session, chain), moments)


_TOLD = (
    selectinload(Booking.changes),
    joinedload(Booking.host),
    selectinload(Booking.co_hosts).joinedload(BookingHost.host),
)


def _changes(session: Session, chain: Sequence[Booking]) -> list[Moment]:
    choices = _choices(chain)
    hosts = {record["host"] for record in choices.values()}
    users = session.execute(select(User.id, User.name).where(User.id.in_(hosts))) if hosts else ()
    names = {row.id: row.name for row in users}
    moments = []
    for change in [change for each in chain for change in each.changes]:
        record = choices.get((change.booking_id, change.at))
        chosen = names.get(record["host"], "") if record else ""
        moments.append(Moment(change.at, change=change, assignment=record if chosen else None, chosen=chosen))
    return moments


def _choices(chain: Sequence[Booking]) -> dict[tuple[int, datetime], dict[str, Any]]:
    """Return how hosts were chosen, by the ids of the bookings and the moments at which it was done.

    A booking that was moved and kept its host has a copy of the records of the one before, which are left out.
    """
    found: dict[tuple[int, datetime], dict[str, Any]] = {}
    for each in chain:
        for record in choices_of(each.assignment):
            if record not in found.values():
                found[each.id, datetime.fromisoformat(record["at"])] = record
    return found


def _order(moment: Moment) -> tuple[datetime, int, int]:
    """What somebody did comes before what followed from it at the same moment."""
    if moment.change:
        return moment.at, 0, moment.change.id
    return (moment.at, 1, moment.event.id) if moment.event else (moment.at, 2, 0)


def _events(session: Session, owner: Owner, uids: Sequence[str]) -> list[Moment]:
    query = select(Event).where(Event.subject.in_(uids), events_of(owner)).order_by(Event.id)
    events = session.scalars(query.options(defer(Event.payload))).all()
    owed = select(Delivery, Webhook.id).where(Delivery.event_id.in_([event.id for event in events]))
    owed = owed.outerjoin(Webhook, Webhook.endpoint_id == Delivery.endpoint_id).order_by(Delivery.id)
    owed = owed.options(contains_eager(Delivery.endpoint), defer(Delivery.body))
    # Others who attend have webhooks of their own, which are nobody else's business.
    owed = owed.join(Endpoint, Endpoint.id == Delivery.endpoint_id).where(owner.of(Endpoint))
    tellings: dict[int, list[Telling]] = {}
    for delivery, webhook_id in session.execute(owed):
        telling = Telling(delivery, delivery_status(delivery), webhook_id)
        tellings.setdefault(delivery.event_id, []).append(telling)
    told = {number: {each.delivery.endpoint_id for each in found} for number, found in tellings.items()}
    filtered = filtered_out(session, owner, events, told)
    # Meetings are told at their scheduled time, which may be before or after what really happened around them.
    return [
        Moment(event.occurred_at, event=event, tellings=tellings.get(event.id, []), filtered=filtered.get(event.id, []))
        for event in events
    ]

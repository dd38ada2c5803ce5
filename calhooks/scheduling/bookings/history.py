"""A booking's whole story: who did what to it and when, and every webhook and mail that followed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, defer, joinedload

from calhooks.accounts.models import User
from calhooks.delivery.models.deliveries import Delivery, Event
from calhooks.delivery.status.delivery_status import DeliveryStatus, delivery_status
from calhooks.mail.log import mails_about
from calhooks.mail.models import Mail
from calhooks.scheduling.bookings.lookups import find_hosts_booking
from calhooks.scheduling.models.bookings import Booking, BookingChange
from calhooks.webhooks.models import Webhook


@dataclass(frozen=True, slots=True)
class Telling:
    """One delivery of an event; `webhook_id` is None when its webhook has been deleted."""

    delivery: Delivery
    status: DeliveryStatus
    webhook_id: int | None


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing of a story, of one of three kinds: a change, an event with its deliveries, or a mail."""

    at: datetime
    change: BookingChange | None = None
    event: Event | None = None
    tellings: Sequence[Telling] = ()
    mail: Mail | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """A booking with all that it was moved from and to, oldest first, and what happened to them, in order."""

    booking: Booking
    chain: Sequence[Booking]
    moments: list[Moment] = field(default_factory=list)


def story(session: Session, host: User, uid: str) -> Story:
    """Return the story of one of a host's own bookings. Raises NotFound, also for someone else's."""
    booking = find_hosts_booking(session, host, uid)
    query = select(Booking).where(Booking.root_uid == booking.root_uid, Booking.host_id == host.id)
    chain = session.scalars(query.order_by(Booking.id)).all()
    moments = [Moment(change.at, change=change) for each in chain for change in each.changes]
    moments += _events(session, host, [each.uid for each in chain])
    moments += [
        Moment(mail.created_at, mail=mail) for each in chain for mail in mails_about(session, host.id, each.uid)
    ]
    return Story(booking, chain, sorted(moments, key=_order))


def _order(moment: Moment) -> tuple[datetime, int, int]:
    """What somebody did comes before what followed from it at the same moment."""
    if moment.change:
        return moment.at, 0, moment.change.id
    return (moment.at, 1, moment.event.id) if moment.event else (moment.at, 2, 0)


def _events(session: Session, host: User, uids: Sequence[str]) -> list[Moment]:
    query = select(Event).where(Event.subject.in_(uids), Event.owner_id == host.id).order_by(Event.id)
    events = session.scalars(query.options(defer(Event.payload))).all()
    owed = select(Delivery, Webhook.id).where(Delivery.event_id.in_([event.id for event in events]))
    owed = owed.outerjoin(Webhook, Webhook.endpoint_id == Delivery.endpoint_id).order_by(Delivery.id)
    owed = owed.options(joinedload(Delivery.endpoint), defer(Delivery.body))
    tellings: dict[int, list[Telling]] = {}
    for delivery, webhook_id in session.execute(owed):
        telling = Telling(delivery, delivery_status(delivery), webhook_id)
        tellings.setdefault(delivery.event_id, []).append(telling)
    # Meetings are told at their scheduled time, which may be before or after what really happened around them.
    return [Moment(event.occurred_at, event=event, tellings=tellings.get(event.id, [])) for event in events]

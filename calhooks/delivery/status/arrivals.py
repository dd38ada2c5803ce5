"""Where the events of one booking, and of those it was rescheduled from and to, have arrived."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, defer, joinedload

from calhooks.delivery.models.deliveries import Delivery, Event

MAX_ARRIVALS = 1000


def arrivals(session: Session, endpoint_ids: Sequence[int], uids: Sequence[str]) -> Mapping[int, Sequence[Delivery]]:
    """Return, by their endpoints, the deliveries of the events of bookings with these uids, oldest first."""
    events = list(session.scalars(select(Event.id).where(Event.subject.in_(uids)).limit(MAX_ARRIVALS)))
    query = (
        select(Delivery)
        .where(Delivery.event_id.in_(events))
        .options(joinedload(Delivery.event).defer(Event.payload), joinedload(Delivery.endpoint), defer(Delivery.body))
        .order_by(Delivery.id)
        .limit(MAX_ARRIVALS)
    )
    found: dict[int, list[Delivery]] = {}
    for delivery in session.scalars(query) if events else ():
        if delivery.endpoint_id in endpoint_ids:
            found.setdefault(delivery.endpoint_id, []).append(delivery)
    return found

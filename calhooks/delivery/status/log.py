"""The log: what was owed to an endpoint and how every attempt went."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, defer, joinedload, selectinload

from calhooks.delivery.models.deliveries import Delivery, DeliveryState, Event

PAGE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Deliveries with their events, newest first; `older` is what to ask for next, None at the end."""

    deliveries: Sequence[Delivery]
    older: int | None


def page(
    session: Session,
    endpoint_id: int,
    *,
    before: int | None = None,
    since: int | None = None,
    states: Sequence[DeliveryState] = (),
    size: int = PAGE,
) -> Page:
    """Return an endpoint's deliveries, those with ids below `before` or from `since` on when they are given.

    Their bodies are not loaded. Without `states` they may be in any.
    """
    wanted = [Delivery.endpoint_id == endpoint_id]
    if before is not None:
        wanted.append(Delivery.id < before)
    if since is not None:
        wanted.append(Delivery.id >= since)
    if states:
        wanted.append(Delivery.state.in_(states))
    if states and DeliveryState.DELIVERED not in states:
        # Most are delivered. The others are found by their state and put in order, not looked for through the log.
        wanted = [Delivery.id.in_(select(Delivery.id).where(*wanted).order_by(-Delivery.id).limit(size + 1))]
    query = (
        select(Delivery)
        .where(*wanted)
        .options(joinedload(Delivery.event).defer(Event.payload), defer(Delivery.body))
        .order_by(Delivery.id.desc())
        .limit(size + 1)
    )
    found = session.scalars(query).all()
    return Page(found[:size], found[size - 1].id if len(found) > size else None)


def find_delivery(session: Session, endpoint_id: int, delivery_id: int) -> Delivery | None:
    """Return one delivery of an endpoint with its event and every attempt, None when it has none of that id."""
    query = (
        select(Delivery)
        .where(Delivery.endpoint_id == endpoint_id, Delivery.id == delivery_id)
        .options(joinedload(Delivery.event), selectinload(Delivery.attempts))
    )
    return session.scalar(query)

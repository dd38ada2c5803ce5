"""Sending again what is over, and sooner what waits: in the order of its booking, unless the caller says otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, bindparam, or_, select, update
from sqlalchemy.orm import Session, defer, joinedload

from calhooks import clock
from calhooks.db import UTCDateTime
from calhooks.delivery.models.deliveries import Delivery, DeliveryState, Event
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.outbox import OPEN_STATES, hold_endpoints, make_due
from calhooks.delivery.status.endpoint_status import asked_to_wait_until
from calhooks.delivery.tables import IS_OPEN

# How far apart deliveries start that are sent sooner together: a server that has just come back is not flooded.
SOON_APART = timedelta(milliseconds=100)


class ObstacleKind(StrEnum):
    """Why a delivery does not just go out when its owner wants that.

    An `EARLIER` one of its sequence has to go first; a `NEWER` one has been delivered or is being sent, and this one
    would arrive after it; the receiver has `ASKED_TO_WAIT`.
    """

    EARLIER = "earlier"
    NEWER = "newer"
    ASKED_TO_WAIT = "asked_to_wait"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """An obstacle: the other delivery, or until when the receiver asked to wait."""

    kind: ObstacleKind
    delivery_id: int | None = None
    until: datetime | None = None


def obstacle_to(session: Session, delivery: Delivery) -> Obstacle | None:
    """Return what a person has to know or decide before a delivery is sent now; None where nothing is in the way.

    Looks through the endpoint's later deliveries, so use it outside of a transaction that writes.
    """
    if (earlier := earlier_one(session, delivery)) is not None:
        return Obstacle(ObstacleKind.EARLIER, delivery_id=earlier)
    if delivery.state == DeliveryState.DUE:
        until = _asked_to_wait_until(delivery) if delivery.lease_token is None else None
        return Obstacle(ObstacleKind.ASKED_TO_WAIT, until=until) if until else None
    newer = session.scalar(
        select(Delivery.id)
        .where(
            Delivery.endpoint_id == delivery.endpoint_id,
            Delivery.id > delivery.id,
            Delivery.sequence_key == delivery.sequence_key,
            or_(Delivery.state == DeliveryState.DELIVERED, Delivery.lease_token.is_not(None)),
        )
        .order_by(Delivery.id.desc())
        .limit(1)
    )
    return Obstacle(ObstacleKind.NEWER, delivery_id=newer) if newer is not None else None


def earlier_one(session: Session, delivery: Delivery) -> int | None:
    """Return the id of the delivery of its sequence that has to go out before this one; None for none.

    That is the first that is open and in order: of one that is blocked, and of one that is over and would be resent.
    """
    if delivery.state == DeliveryState.DUE:
        return None
    query = select(Delivery.id).where(
        Delivery.endpoint_id == delivery.endpoint_id,
        Delivery.sequence_key == delivery.sequence_key,
        IS_OPEN,
        Delivery.ordered,
        Delivery.id != delivery.id,
    )
    if delivery.state == DeliveryState.BLOCKED:
        query = query.where(Delivery.state == DeliveryState.DUE)
    else:
        query = query.where(Delivery.id < delivery.id)
    return session.scalar(query.order_by(Delivery.id).limit(1))


def earlier_ones(session: Session, deliveries: Sequence[Delivery]) -> dict[int, Delivery]:
    """Return what each of the deliveries that are blocked waits for, by its id, in one query."""
    blocked = [delivery for delivery in deliveries if delivery.state == DeliveryState.BLOCKED]
    if not blocked:
        return {}
    query = (
        select(Delivery)
        .where(
            Delivery.endpoint_id.in_({delivery.endpoint_id for delivery in blocked}),
            Delivery.sequence_key.in_({delivery.sequence_key for delivery in blocked}),
            IS_OPEN,
            Delivery.ordered,
            Delivery.state == DeliveryState.DUE,
        )
        .options(joinedload(Delivery.event).defer(Event.payload), defer(Delivery.body))
        .order_by(Delivery.id.desc())
    )
    # The first of each sequence.
    heads = {(delivery.endpoint_id, delivery.sequence_key): delivery for delivery in session.scalars(query)}
    keys = {delivery.id: (delivery.endpoint_id, delivery.sequence_key) for delivery in blocked}
    return {number: heads[key] for number, key in keys.items() if key in heads}


def send_now(session: Session, delivery: Delivery) -> None:
    """Send a delivery that waits for its next attempt now, beside its schedule, whatever its receiver has asked.

    One that is being sent, is blocked or is over is left as it is.
    """
    now = clock.now()
    _refresh(session, delivery)
    if delivery.state != DeliveryState.DUE or delivery.lease_token is not None:
        return
    delivery.due_at = min(delivery.due_at or now, now)
    delivery.not_before = None
    if asked_to_wait_until(delivery.endpoint) is not None:
        delivery.endpoint.held_until = None
    session.flush()
    make_due(session, [delivery.endpoint_id], now)


def send_soon(session: Session, endpoint: Endpoint, delivery_ids: Sequence[int]) -> bool:
    """Send deliveries that wait for their next attempt one after the other from now on, beside their schedule.

    None is sent later than it would have been. Those that are being sent, are blocked or over, or that the receiver
    asked to wait with, are left as they are. Tell whether any goes out or is being sent.
    """
    now = clock.now()
    hold_endpoints(session, [endpoint.id])
    turns = [
        {"delivery": delivery_id, "turn": now + place * SOON_APART} for place, delivery_id in enumerate(delivery_ids)
    ]
    if turns:
        session.connection().execute(_SOONER, turns)
        make_due(session, [endpoint.id], now)
    session.refresh(endpoint, ["held_until"])
    goes: ColumnElement[bool] = Delivery.lease_token.is_not(None)
    if asked_to_wait_until(endpoint) is None:
        goes = or_(goes, Delivery.not_before.is_(None), Delivery.not_before <= now)
    due = select(Delivery.id).where(Delivery.id.in_(delivery_ids), Delivery.state == DeliveryState.DUE, goes)
    return session.scalar(due.limit(1)) is not None


def send_again(session: Session, delivery: Delivery, *, run_id: int | None = None, ordered: bool = True) -> None:
    """Send a delivery that is over once more: the same row, id and bytes, with a new retry schedule.

    In order it goes before what is open of its sequence and came later, which then waits for it; only what came earlier
    or is being sent at this moment goes first. Out of order it neither waits for its sequence nor holds it up. One that
    is not over is left as it is. `run_id` is the run that sends it.
    """
    now = clock.now()
    _refresh(session, delivery)
    if delivery.state in OPEN_STATES:
        return
    waits = ordered and _has_to_wait(session, delivery)
    delivery.state = DeliveryState.BLOCKED if waits else DeliveryState.DUE
    delivery.due_at = delivery.scheduled_at = None if waits else now
    delivery.ordered, delivery.run_id, delivery.resent_at = ordered, run_id, now
    delivery.tries = delivery.refusals = 0
    delivery.not_before = delivery.refused_since = delivery.finished_at = None
    session.flush()
    if not waits:
        make_due(session, [delivery.endpoint_id], now)


def _asked_to_wait_until(delivery: Delivery) -> datetime | None:
    """Return until when the receiver asked to be left alone, with this delivery or with all."""
    own = delivery.not_before if delivery.not_before is not None and delivery.not_before > clock.now() else None
    return max((at for at in (own, asked_to_wait_until(delivery.endpoint)) if at is not None), default=None)


def _refresh(session: Session, delivery: Delivery) -> None:
    hold_endpoints(session, [delivery.endpoint_id])
    session.refresh(delivery, with_for_update={"key_share": True, "of": Delivery})
    session.refresh(delivery.endpoint, ["held_until"])


def _has_to_wait(session: Session, delivery: Delivery) -> bool:
    """Tell whether a delivery that is sent again has to wait for others of its sequence; else have these wait."""
    others = (
        Delivery.endpoint_id == delivery.endpoint_id,
        Delivery.sequence_key == delivery.sequence_key,
        IS_OPEN,
        Delivery.ordered,
    )
    goes_first = or_(Delivery.id < delivery.id, Delivery.lease_token.is_not(None))
    if session.scalar(select(Delivery.id).where(*others, goes_first).limit(1)) is not None:
        return True
    session.execute(
        update(Delivery)
        .where(*others, Delivery.state == DeliveryState.DUE)
        .values(state=DeliveryState.BLOCKED, due_at=None)
        .execution_options(synchronize_session="fetch")
    )
    return False


_TURN = bindparam("turn", type_=UTCDateTime(timezone=True))
_SOONER = (
    update(Delivery)
    .where(
        Delivery.id == bindparam("delivery"),
        Delivery.state == DeliveryState.DUE,
        Delivery.lease_token.is_(None),
        Delivery.due_at > _TURN,
        or_(Delivery.not_before.is_(None), Delivery.not_before <= _TURN),
    )
    .values(due_at=_TURN)
)

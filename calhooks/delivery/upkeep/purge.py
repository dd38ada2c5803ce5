"""Forget what is older than the retention, in steps so small that no delivery waits for them."""

from datetime import datetime, timedelta

from sqlalchemy import and_, delete, exists, or_, select
from sqlalchemy.orm import Session

from calhooks.delivery.counting.statistics import DeliveryStatistic, hour_of
from calhooks.delivery.models.deliveries import Attempt, Delivery, Event
from calhooks.delivery.models.endpoints import Endpoint, KeyPair, Notice, SigningKey
from calhooks.delivery.models.runs import ResendRun, RunState
from calhooks.delivery.outbox import OPEN_STATES

PURGED_AT_ONCE = 50
# Deliveries and attempts of one step: attempts carry up to 64 KiB each.
ROWS = 500


def purge_step(session: Session, now: datetime, retention_days: int) -> int:
    """Delete a few old events, or a part of what hangs on them, and return how many; 0 when nothing is left.

    What is still owed stays, however old, unless its endpoint has been off for all that time. An endpoint that was
    deleted goes with its last delivery. Expired secrets and key pairs are deleted whatever the retention.
    """
    for key in (SigningKey, KeyPair):
        session.execute(delete(key).where(key.expires_at < now).execution_options(synchronize_session=False))
    if retention_days <= 0:
        return 0
    limit = now - timedelta(days=retention_days)
    old = _old_events(session, limit)
    if not old:
        _purge_rest(session, limit)
        return 0
    hanging = (
        (Attempt, select(Attempt.id).join(Attempt.delivery).where(Delivery.event_id.in_(old))),
        (Delivery, select(Delivery.id).where(Delivery.event_id.in_(old))),
    )
    for model, query in hanging:
        found = list(session.scalars(query.limit(ROWS)))
        _delete(session, model, found)
        if len(found) == ROWS:
            return ROWS
    _delete(session, Event, old)
    return len(old)


def _old_events(session: Session, limit: datetime) -> list[int]:
    long_off = and_(~Endpoint.active, Endpoint.inactive_since < limit)
    owed = (
        exists()
        .where(Delivery.event_id == Event.id, Delivery.state.in_(OPEN_STATES), Endpoint.id == Delivery.endpoint_id)
        .where(or_(Endpoint.inactive_since.is_(None), ~long_off))
    )
    query = select(Event.id).where(Event.occurred_at < limit, ~owed).order_by(Event.occurred_at).limit(PURGED_AT_ONCE)
    return list(session.scalars(query))


def _purge_rest(session: Session, limit: datetime) -> None:
    remembered = exists().where(Delivery.endpoint_id == Endpoint.id)
    for model, condition in (
        (Notice, Notice.created_at < limit),
        (ResendRun, and_(ResendRun.created_at < limit, ResendRun.state != RunState.RUNNING)),
        (Endpoint, and_(Endpoint.deleted_at < limit, ~remembered)),
        (DeliveryStatistic, DeliveryStatistic.hour < hour_of(limit)),
    ):
        session.execute(delete(model).where(condition).execution_options(synchronize_session=False))


def _delete(session: Session, model: type[Attempt | Delivery | Event], ids: list[int]) -> None:
    if ids:
        session.execute(delete(model).where(model.id.in_(ids)).execution_options(synchronize_session=False))

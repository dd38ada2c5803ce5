"""How much is owed and how late it is, for whoever watches the machine."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.models.endpoints import Endpoint


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: `due` deliveries whose time may have come, `blocked` ones behind them, and the oldest's lateness."""

    due: int
    blocked: int
    oldest_due_seconds: float


def measure(session: Session, now: datetime) -> Backlog:
    """Count what waits for endpoints that are there and on."""
    rows = session.execute(
        select(Delivery.state, func.count())
        .join(Endpoint, Endpoint.id == Delivery.endpoint_id)
        .where(
            Delivery.state.in_([DeliveryState.DUE, DeliveryState.BLOCKED]),
            Endpoint.active,
            Endpoint.deleted_at.is_(None),
        )
        .group_by(Delivery.state)
    )
    waiting = dict(rows.all())
    return Backlog(
        due=waiting.get(DeliveryState.DUE, 0),
        blocked=waiting.get(DeliveryState.BLOCKED, 0),
        oldest_due_seconds=oldest_due_seconds(session, now),
    )


def oldest_due_seconds(session: Session, now: datetime) -> float:
    """Return for how long the oldest due delivery has been waiting beyond its time; 0 when nothing is late."""
    oldest = session.scalar(
        select(func.min(Endpoint.next_due_at)).where(Endpoint.active, Endpoint.deleted_at.is_(None))
    )
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0

"""How much is owed and how late it is, for whoever watches the machine."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.models.endpoints import Endpoint


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: `due` deliveries whose time may have come, `blocked` ones behind them, and the oldest's lateness.

    `paused` deliveries wait for the end of a pause and count for none of these.
    """

    due: int
    blocked: int
    paused: int
    oldest_due_seconds: float


def measure(session: Session, now: datetime) -> Backlog:
    """Count what waits for endpoints that are there and on."""
    is_paused = Endpoint.paused_until.is_not(None)
    waits = and_(Delivery.endpoint_id == Endpoint.id, Delivery.state.in_([DeliveryState.DUE, DeliveryState.BLOCKED]))
    # From the endpoints on, by an outer join: SQLite would read through every delivery there is.
    rows = session.execute(
        select(is_paused, Delivery.state, func.count(Delivery.id))
        .select_from(Endpoint)
        .outerjoin(Delivery, waits)
        .where(Endpoint.active, Endpoint.deleted_at.is_(None))
        .group_by(is_paused, Delivery.state)
    )
    waiting = {(bool(paused), state): count for paused, state, count in rows}
    return Backlog(
        due=waiting.get((False, DeliveryState.DUE), 0),
        blocked=waiting.get((False, DeliveryState.BLOCKED), 0),
        paused=sum(count for (paused, _), count in waiting.items() if paused),
        oldest_due_seconds=oldest_due_seconds(session, now),
    )


def oldest_due_seconds(session: Session, now: datetime) -> float:
    """Return for how long the oldest due delivery has been waiting beyond its time; 0 when nothing is late."""
    oldest = session.scalar(
        select(func.min(Endpoint.next_due_at)).where(
            Endpoint.active, Endpoint.deleted_at.is_(None), Endpoint.paused_until.is_(None)
        )
    )
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0

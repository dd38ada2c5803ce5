"""Who is alive: the workers and schedulers that were seen lately."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from calhooks.delivery.models.processes import Heartbeat

# A process that was not seen for this long counts as stopped; machines' clocks may be apart by a part of it.
ALIVE = timedelta(seconds=15)


def alive(session: Session, now: datetime) -> dict[str, int]:
    """Count the processes of each kind that were seen lately and not found dead."""
    rows = session.execute(
        select(Heartbeat.kind, func.count())
        .where(Heartbeat.seen_at.between(now - ALIVE, now + ALIVE), Heartbeat.gone_at.is_(None))
        .group_by(Heartbeat.kind)
    )
    return dict(rows.all())

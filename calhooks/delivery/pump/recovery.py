"""After an outage: what failed meanwhile goes out again beside its schedule, a little at a time."""

import math
from datetime import datetime

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.engine import Connection

from calhooks.db import UTCDateTime
from calhooks.delivery.endpoint_state import EndpointState
from calhooks.delivery.models.deliveries import DeliveryState
from calhooks.delivery.tables import deliveries

# What is brought forward at once is what the pace lets go in so many seconds: new deliveries wait no longer than that.
LEAD_SECONDS = 1.0
MAX_LEAD = 200
MAX_LOOKED_AT = 1000


def bring_forward(connection: Connection, state: EndpointState, now: datetime) -> None:
    """Make the oldest that failed before the recovery due now, each once, as far as the pace lets them go soon."""
    if state.recovering_since is None:
        return
    lead = min(math.ceil((state.pace.rate or MAX_LEAD) * LEAD_SECONDS), MAX_LEAD)
    query = {"endpoint": state.id, "now": now, "count": lead}
    room = lead - len(connection.execute(_DUE_NOW, query).all())
    if room <= 0:
        return
    found = connection.scalars(
        _OLDEST_WAITING, query | {"recovering_since": state.recovering_since, "count": room}
    ).all()
    if found:
        connection.execute(_FORWARD, [{"delivery": each, "now": now} for each in found])
    else:
        state.recovering_since = None
        state.pace.recovered()


_IS_DUE = (deliveries.c.endpoint_id == bindparam("endpoint"), deliveries.c.state == DeliveryState.DUE)
_DUE_NOW = (
    select(deliveries.c.id)
    .where(*_IS_DUE, deliveries.c.due_at <= bindparam("now", type_=UTCDateTime))
    .limit(bindparam("count"))
)
_WAITING = (
    select(deliveries.c.id)
    .where(
        *_IS_DUE,
        deliveries.c.due_at > bindparam("now", type_=UTCDateTime),
        deliveries.c.lease_token.is_(None),
        deliveries.c.last_attempt_at < bindparam("recovering_since", type_=UTCDateTime),
        or_(deliveries.c.not_before.is_(None), deliveries.c.not_before <= bindparam("now", type_=UTCDateTime)),
    )
    .order_by(deliveries.c.due_at)
    .limit(MAX_LOOKED_AT)
    .subquery()
)
_OLDEST_WAITING = select(_WAITING.c.id).order_by(_WAITING.c.id).limit(bindparam("count"))
_FORWARD = update(deliveries).where(deliveries.c.id == bindparam("delivery")).values(due_at=bindparam("now"))

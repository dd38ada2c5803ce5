"""Take what is due, for as long as a lease: endpoint by endpoint, in turn, over the index (endpoint, state, due_at).

The statements are made once, of plain columns: they run for every handful of deliveries.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from sqlalchemy import ColumnElement, and_, bindparam, case, func, literal_column, select, update
from sqlalchemy.engine import Connection

from calhooks.db import UTCDateTime
from calhooks.delivery.models.deliveries import INTERRUPTED, DeliveryState
from calhooks.delivery.pace import PACE_COLUMNS, Pace
from calhooks.delivery.pump.attempt_log import write_attempts
from calhooks.delivery.pump.endpoint_secrets import read_secrets
from calhooks.delivery.sending.sender import OutgoingRequest
from calhooks.delivery.tables import deliveries, endpoints, events, execute_each
from calhooks.encryption.columns import sealed

DELIVERY_LEASE = timedelta(seconds=30)
# Written as the partial index has it, or SQLite would not use the index.
ACTIVE: ColumnElement[bool] = literal_column("endpoints.active")


class Room(Protocol):
    """What a pump is sending, and how many more sends there is room for."""

    def slots(self) -> int:
        """Return how many there are in all."""

    def for_endpoint(self, endpoint_id: int, *, failing: bool) -> int:
        """Return how many there are for one endpoint."""

    def full(self) -> Collection[int]:
        """Return endpoints for which there is none."""

    def deliveries(self) -> Collection[int]:
        """Return the ids of the deliveries that are being sent."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One delivery that this pump, and nobody else, may attempt until its lease ends; `asked` finds out the pace."""

    delivery_id: int
    endpoint_id: int
    token: str
    number: int
    failing: bool
    request: OutgoingRequest
    asked: bool = False


class Claimed(NamedTuple):
    """What was claimed, whether more may be due, and whether all that is due is held by another pump this instant.

    `gate` is when the first of the endpoints that have to wait for their pace may be sent to again.
    """

    claims: list[Claim]
    more: bool = False
    held: bool = False
    gate: datetime | None = None


def any_delivery_due(connection: Connection, *, now: datetime, full: Collection[int] = ()) -> bool:
    """Tell, without locking anything, whether a claim would find something at an endpoint that is not `full`."""
    return connection.execute(_ANY_READY, {"now": now, "full": list(full)}).first() is not None


def claim_deliveries(
    connection: Connection, *, now: datetime, token: str, room: Room, send_before: float = 0.0
) -> Claimed:
    """Lease what is due, as far as there is room; endpoints have their turns. No request begins after `send_before`.

    Should the lease of a delivery that is still being sent have run out (a clock that jumped, a process that was
    stopped for a while), it is renewed and nothing is sent twice.
    """
    slots, full = room.slots(), list(room.full())
    found = connection.execute(_READY, {"now": now, "slots": slots, "full": full}).all()
    if not found:
        return Claimed([], held=any_delivery_due(connection, now=now, full=full))
    ready = {endpoint.id: endpoint for endpoint in found}
    paces = {endpoint.id: Pace(*endpoint[-len(PACE_COLUMNS) :]) for endpoint in found}
    slowed = [endpoint_id for endpoint_id, pace in paces.items() if not pace.is_open]
    share, more = -(-slots // len(ready)), len(ready) == slots
    rows: list[Any] = []
    for endpoint in ready.values():
        mine = room.for_endpoint(endpoint.id, failing=endpoint.consecutive_failures > 0)
        paced = paces[endpoint.id].room(now)
        mine = mine if paced is None else min(mine, paced)
        limit = min(mine, share, slots - len(rows))
        if limit > 0:
            due = connection.execute(_DUE, {"endpoint": endpoint.id, "now": now, "limit": limit}).all()
            more = more or limit == len(due) < mine
            rows += due
    under_way = room.deliveries()
    renewed = [row for row in rows if row.id in under_way]
    rows = [row for row in rows if row.id not in under_way]
    execute_each(connection, _RENEW, [{"delivery": row.id, "lease_end": now + DELIVERY_LEASE} for row in renewed])
    if rows:
        lease = {"deliveries": [row.id for row in rows], "token": token, "lease_end": now + DELIVERY_LEASE}
        connection.execute(_LEASE, lease)
    write_attempts(
        connection, [interrupted_attempt(row, ready[row.endpoint_id].url) for row in rows if row.lease_token]
    )
    secrets = read_secrets(connection, [ready[each] for each in {row.endpoint_id for row in rows}], now)
    asking = {endpoint_id for endpoint_id, pace in paces.items() if pace.asking}
    gate = _settle(connection, paces, slowed, Counter(row.endpoint_id for row in rows), now)
    for each in secrets.values():
        each["send_before"] = send_before
    claims = [
        _claim(row, ready[row.endpoint_id], token, secrets[row.endpoint_id], asked=row.endpoint_id in asking)
        for row in rows
    ]
    return Claimed(claims, more=more and bool(claims), gate=gate)


_IS_READY = and_(
    ACTIVE,
    endpoints.c.deleted_at.is_(None),
    # Not compared with the time: `resume_endpoint` clears it, and so begins to send at the endpoint’s pace.
    endpoints.c.paused_until.is_(None),
    endpoints.c.next_due_at <= bindparam("now", type_=UTCDateTime),
    endpoints.c.id.not_in(bindparam("full", expanding=True)),
)
_ANY_READY = select(endpoints.c.id).where(_IS_READY).limit(1)
_READY = (
    select(
        endpoints.c.id,
        endpoints.c.url,
        sealed(endpoints.c.secret_headers).label("secret_headers"),
        endpoints.c.consecutive_failures,
        *(endpoints.c[name] for name in PACE_COLUMNS),
    )
    .where(_IS_READY)
    .order_by(endpoints.c.last_claim_at.asc().nulls_first(), endpoints.c.next_due_at)
    .limit(bindparam("slots"))
    .with_for_update(key_share=True, skip_locked=True)
)

# The endpoint is joined so that the same statement that finds a delivery knows its webhook to exist and to be on.
_DUE = (
    select(
        deliveries.c.id,
        deliveries.c.endpoint_id,
        func.coalesce(deliveries.c.body, events.c.payload).label("body"),
        deliveries.c.content_type,
        deliveries.c.headers,
        deliveries.c.attempt_count,
        deliveries.c.lease_token,
        deliveries.c.due_at,
        events.c.message_id,
    )
    .join(events, events.c.id == deliveries.c.event_id)
    .join(endpoints, endpoints.c.id == deliveries.c.endpoint_id)
    .where(
        deliveries.c.endpoint_id == bindparam("endpoint"),
        deliveries.c.state == DeliveryState.DUE,
        deliveries.c.due_at <= bindparam("now", type_=UTCDateTime),
        ACTIVE,
        endpoints.c.deleted_at.is_(None),
        endpoints.c.paused_until.is_(None),
    )
    .order_by(deliveries.c.due_at)
    .limit(bindparam("limit"))
    .with_for_update(of=deliveries, skip_locked=True)
)

_LEASE = (
    update(deliveries)
    .where(deliveries.c.id.in_(bindparam("deliveries", expanding=True)))
    .values(
        lease_token=bindparam("token"),
        due_at=bindparam("lease_end"),
        attempt_count=deliveries.c.attempt_count + 1,
    )
)
# Not what was given back because this process looked dead.
_RENEW = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery"), deliveries.c.lease_token.is_not(None))
    .values(due_at=bindparam("lease_end"))
)

# When the claim must look at an endpoint next: at its earliest due time, the ends of leases included.
EARLIEST_DUE = (
    select(func.min(deliveries.c.due_at))
    .where(deliveries.c.endpoint_id == bindparam("endpoint"), deliveries.c.state == DeliveryState.DUE)
    .scalar_subquery()
)
_CLAIMED = (
    update(endpoints)
    .where(endpoints.c.id == bindparam("endpoint"))
    .values(next_due_at=EARLIEST_DUE, last_claim_at=bindparam("now"))
)
# Where the pace lets nothing go sooner, not before its gate.
_gate = bindparam("gate", type_=UTCDateTime)
EARLIEST_BEHIND_GATE = case((_gate > EARLIEST_DUE, _gate), else_=EARLIEST_DUE)
# What a claim changes of a pace; the owner's own limit is none of it.
CLAIMED_PACE = tuple(name for name in PACE_COLUMNS if name != "rate_limit")
_PACED = _CLAIMED.values(
    {"next_due_at": EARLIEST_BEHIND_GATE} | {name: bindparam(f"new_{name}") for name in CLAIMED_PACE}
)


def _settle(
    connection: Connection,
    paces: Mapping[int, Pace],
    slowed: Collection[int],
    claimed: Mapping[int, int],
    now: datetime,
) -> datetime | None:
    """Note when the claim must look at endpoints again, and return the first gate of those that have a pace.

    Of those that were `slowed` down, it is also written that they no longer are.
    """
    for endpoint_id, pace in paces.items():
        pace.take(claimed.get(endpoint_id, 0), now)
    free = [endpoint_id for endpoint_id, pace in paces.items() if pace.is_open and endpoint_id not in slowed]
    execute_each(connection, _CLAIMED, [{"endpoint": endpoint_id, "now": now} for endpoint_id in free])
    paced = {endpoint_id: pace for endpoint_id, pace in paces.items() if endpoint_id not in free}
    values = [
        {"endpoint": endpoint_id, "now": now, "gate": pace.gate(now)}
        | {f"new_{name}": getattr(pace, name) for name in CLAIMED_PACE}
        for endpoint_id, pace in paced.items()
    ]
    execute_each(connection, _PACED, values)
    return min(filter(None, (pace.gate(now) for pace in paced.values())), default=None)


def interrupted_attempt(row: Any, url: str) -> dict[str, Any]:
    """Return the attempt whose pump was gone before it could say how it ended."""
    return {
        "delivery_id": row.id,
        "number": row.attempt_count,
        "started_at": row.due_at - DELIVERY_LEASE,
        "duration_ms": 0,
        "url": url,
        "request_headers": [],
        "status": None,
        "response_headers": [],
        "response_body": b"",
        "response_truncated": False,
        "error": INTERRUPTED,
        "error_detail": "calhooks was stopped during this attempt; whether it arrived is not known.",
    }


def _claim(row: Any, endpoint: Any, token: str, more: Mapping[str, Any], *, asked: bool) -> Claim:
    number = row.attempt_count + 1
    request = OutgoingRequest(
        url=endpoint.url,
        body=row.body,
        content_type=row.content_type,
        message_id=row.message_id,
        attempt=number,
        headers=row.headers,
        **more,
    )
    failing = endpoint.consecutive_failures > 0
    return Claim(row.id, row.endpoint_id, token, number, failing, request, asked=asked)

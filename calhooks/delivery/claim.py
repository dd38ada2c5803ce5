"""Take what is due, for as long as a lease: endpoint by endpoint, in turn, over the index (endpoint, state, due_at)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, bindparam, func, insert, literal_column, or_, select, update
from sqlalchemy.orm import Session

from calhooks.delivery.models import Attempt, Delivery, DeliveryState, Endpoint, Event, SigningKey
from calhooks.delivery.sender import OutgoingRequest

LEASE = timedelta(seconds=30)
# Written as the partial index has it, or SQLite would not use the index.
ACTIVE: ColumnElement[bool] = literal_column("endpoints.active")
INTERRUPTED = "interrupted"


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
    """One delivery that this pump, and nobody else, may attempt until its lease ends."""

    delivery_id: int
    endpoint_id: int
    token: str
    number: int
    failing: bool
    request: OutgoingRequest


def claim(session: Session, *, now: datetime, token: str, room: Room) -> tuple[list[Claim], bool]:
    """Lease what is due, as far as there is room, and tell whether there may be more; endpoints have their turns.

    Should the lease of a delivery that is still being sent have run out (a clock that jumped, a process that was
    stopped for a while), it is renewed and nothing is sent twice.
    """
    slots = room.slots()
    endpoints = {endpoint.id: endpoint for endpoint in _ready(session, now, slots, room.full())}
    if not endpoints:
        return [], False
    share, more = -(-slots // len(endpoints)), len(endpoints) == slots
    rows: list[Any] = []
    for endpoint in endpoints.values():
        mine = room.for_endpoint(endpoint.id, failing=endpoint.consecutive_failures > 0)
        limit = min(mine, share, slots - len(rows))
        if limit > 0:
            found = session.execute(_DUE, {"endpoint": endpoint.id, "now": now, "limit": limit}).all()
            more = more or limit == len(found) < mine
            rows += found
    under_way = room.deliveries()
    _renew(session, [row.id for row in rows if row.id in under_way], now)
    rows = [row for row in rows if row.id not in under_way]
    _lease(session, [row.id for row in rows], token, now)
    _note_interrupted(session, [row for row in rows if row.lease_token], endpoints)
    secrets = _secrets(session, {row.endpoint_id for row in rows}, now)
    settle(session, endpoints, {Endpoint.last_claim_at.key: now})
    claims = [_claim(row, endpoints[row.endpoint_id], token, secrets.get(row.endpoint_id, ())) for row in rows]
    return claims, more and bool(claims)


def release(session: Session, claims: Sequence[Claim], now: datetime) -> None:
    """Give back what was claimed and not finished: it is due at once, for whoever comes."""
    for held in claims:
        session.execute(
            update(Delivery)
            .where(Delivery.id == held.delivery_id, Delivery.lease_token == held.token)
            .values(lease_token=None, due_at=now)
        )
    settle(session, {held.endpoint_id for held in claims})


def settle(session: Session, endpoint_ids: Collection[int], values: Mapping[str, Any] | None = None) -> None:
    """Set when the claim must look at these endpoints next: at their earliest due time, leases included."""
    if endpoint_ids:
        earliest = (
            select(func.min(Delivery.due_at))
            .where(Delivery.endpoint_id == Endpoint.id, Delivery.state == DeliveryState.DUE)
            .scalar_subquery()
        )
        session.execute(
            update(Endpoint)
            .where(Endpoint.id.in_(sorted(endpoint_ids)))
            .values({Endpoint.next_due_at: earliest} | dict(values or {}))
            .execution_options(synchronize_session=False)
        )


# The endpoint is joined so that the same statement that finds a delivery knows its webhook to exist and to be on.
_DUE = (
    select(
        Delivery.id,
        Delivery.endpoint_id,
        Delivery.body,
        Delivery.content_type,
        Delivery.attempt_count,
        Delivery.lease_token,
        Delivery.due_at,
        Event.message_id,
    )
    .join(Event, Event.id == Delivery.event_id)
    .join(Endpoint, Endpoint.id == Delivery.endpoint_id)
    .where(
        Delivery.endpoint_id == bindparam("endpoint"),
        Delivery.state == DeliveryState.DUE,
        Delivery.due_at <= bindparam("now", type_=Delivery.due_at.type),
        ACTIVE,
        Endpoint.deleted_at.is_(None),
    )
    .order_by(Delivery.due_at)
    .limit(bindparam("limit"))
    .with_for_update(of=Delivery, skip_locked=True)
)


def _ready(session: Session, now: datetime, slots: int, full: Collection[int]) -> Sequence[Any]:
    query = (
        select(Endpoint.id, Endpoint.url, Endpoint.consecutive_failures)
        .where(ACTIVE, Endpoint.deleted_at.is_(None), Endpoint.next_due_at <= now, Endpoint.id.not_in(full))
        .order_by(Endpoint.last_claim_at.asc().nulls_first(), Endpoint.next_due_at)
        .limit(slots)
        .with_for_update(key_share=True, skip_locked=True)
    )
    return session.execute(query).all()


def _lease(session: Session, delivery_ids: Sequence[int], token: str, now: datetime) -> None:
    if delivery_ids:
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_(delivery_ids))
            .values(lease_token=token, due_at=now + LEASE, attempt_count=Delivery.attempt_count + 1)
            .execution_options(synchronize_session=False)
        )


def _renew(session: Session, delivery_ids: Sequence[int], now: datetime) -> None:
    if delivery_ids:
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_(delivery_ids))
            .values(due_at=now + LEASE)
            .execution_options(synchronize_session=False)
        )


def _note_interrupted(session: Session, rows: Sequence[Any], endpoints: Mapping[int, Any]) -> None:
    """Log the attempts whose pump was gone before it could say how they ended."""
    if rows:
        session.execute(
            insert(Attempt),
            [
                {
                    "delivery_id": row.id,
                    "number": row.attempt_count,
                    "started_at": row.due_at - LEASE,
                    "duration_ms": 0,
                    "url": endpoints[row.endpoint_id].url,
                    "request_headers": [],
                    "response_headers": [],
                    "response_body": b"",
                    "error": INTERRUPTED,
                    "error_detail": "calhooks was stopped during this attempt; whether it arrived is not known.",
                }
                for row in rows
            ],
        )


def _secrets(session: Session, endpoint_ids: Collection[int], now: datetime) -> dict[int, list[str]]:
    """Return the secrets that sign now, newest first."""
    secrets: dict[int, list[str]] = {}
    if endpoint_ids:
        query = (
            select(SigningKey.endpoint_id, SigningKey.secret)
            .where(
                SigningKey.endpoint_id.in_(endpoint_ids),
                or_(SigningKey.expires_at.is_(None), SigningKey.expires_at > now),
            )
            .order_by(SigningKey.id.desc())
        )
        for endpoint_id, secret in session.execute(query):
            secrets.setdefault(endpoint_id, []).append(secret)
    return secrets


def _claim(row: Any, endpoint: Any, token: str, secrets: Sequence[str]) -> Claim:
    number = row.attempt_count + 1
    request = OutgoingRequest(
        url=endpoint.url,
        body=row.body,
        content_type=row.content_type,
        message_id=row.message_id,
        attempt=number,
        secrets=secrets,
    )
    return Claim(row.id, row.endpoint_id, token, number, endpoint.consecutive_failures > 0, request)

"""The life of an endpoint: made, given keys, switched off and on, deleted."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.owners import Owner
from calhooks.db import after_commit
from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.models.endpoints import Endpoint, InactiveReason, SigningKey
from calhooks.delivery.outbox import OPEN_STATES, drop_waiting, hold_endpoints, make_due
from calhooks.delivery.pace import FIRST_RATE
from calhooks.delivery.queue.wake import wake

# For how long a replaced secret also signs, and how many of them.
ROTATION_OVERLAP = timedelta(hours=24)
MAX_OLD_SECRETS = 3


def create_endpoint(session: Session, *, owner: Owner, url: str, secret: str, active: bool) -> Endpoint:
    """Make an endpoint; an empty `secret` means that nothing is signed."""
    endpoint = Endpoint(**owner.columns, url=url, created_at=clock.now(), active=True)
    session.add(endpoint)
    if secret:
        set_secret(endpoint, secret)
    if not active:
        switch_endpoint_off(endpoint, InactiveReason.OWNER)
    session.flush()
    return endpoint


def set_secret(endpoint: Endpoint, secret: str, overlap: timedelta = ROTATION_OVERLAP) -> None:
    """Sign with `secret` from now on, and with the one it replaces for as long as `overlap`; with nothing if empty.

    A secret that cannot be decrypted does not sign beside the new one: with it, nothing could be sent.
    """
    now = clock.now()
    if not secret:
        endpoint.keys = []
        return
    if not overlap:
        end_old_secrets(endpoint)
    readable = [key for key in endpoint.keys if key.is_readable]
    if readable and readable[0].secret == secret and readable == endpoint.keys:
        return
    old = [key for key in readable if overlap and (key.expires_at is None or key.expires_at > now)]
    for key in old:
        key.expires_at = key.expires_at or now + overlap
    endpoint.keys = [SigningKey(secret=secret, created_at=now), *old[:MAX_OLD_SECRETS]]


def end_old_secrets(endpoint: Endpoint) -> None:
    """Have the newest secret alone sign, for example when an old one has leaked."""
    endpoint.keys = endpoint.keys[:1]


def old_secret_until(endpoint: Endpoint) -> datetime | None:
    """Return until when a replaced secret also signs, None if none does."""
    return max(
        (key.expires_at for key in endpoint.keys if key.expires_at and key.expires_at > clock.now()), default=None
    )


def switch_endpoint_off(endpoint: Endpoint, reason: InactiveReason) -> None:
    """Hold back what waits for an endpoint and what will be owed to it, at once."""
    if endpoint.active:
        endpoint.active = False
        endpoint.inactive_reason = reason
        endpoint.inactive_since = clock.now()
        endpoint.paused_at = endpoint.paused_until = None


def switch_endpoint_on(session: Session, endpoint: Endpoint) -> None:
    """Let what waits for an endpoint go out, and forget how it failed and refused before."""
    if not endpoint.active:
        endpoint.active = True
        endpoint.inactive_reason = endpoint.inactive_since = None
        endpoint.paused_at = endpoint.paused_until = None
        forget_trouble(session, endpoint)
        after_commit(session, wake)


def forget_trouble(session: Session, endpoint: Endpoint) -> None:
    """Forget how an endpoint failed and refused before a time for which nothing was sent: it proves nothing now."""
    _forget(session, endpoint, _TROUBLE)
    # How long a delivery has been refused does not count that time.
    _change_waiting(session, endpoint, Delivery.refused_since.is_not(None), refused_since=None)


def change_url(session: Session, endpoint: Endpoint, url: str) -> None:
    """Send to another address from now on, also what waits: what the old one said and took does not hold for it."""
    if url == endpoint.url:
        return
    endpoint.url = url
    _forget(session, endpoint, _TROUBLE | _PACE)
    now = clock.now()
    is_refused = (Delivery.refused_since.is_not(None), Delivery.lease_token.is_(None))
    _change_waiting(session, endpoint, *is_refused, due_at=now, refused_since=None)
    _change_waiting(session, endpoint, not_before=None)
    if endpoint.active:
        send_waiting(session, endpoint)


def change_rate_limit(session: Session, endpoint: Endpoint, rate_limit: float | None) -> None:
    """Send at most so many requests a second from now on, without waiting for a turn under the old limit."""
    if rate_limit != endpoint.rate_limit:
        endpoint.rate_limit = rate_limit
        _forget(session, endpoint, {"next_slot_at": None})
        make_due(session, [endpoint.id], clock.now())


def delete_endpoint(session: Session, endpoint: Endpoint) -> None:
    """Send nothing more to an endpoint, not even what waits. Its log stays until it is purged, its secrets do not."""
    drop_waiting(session, endpoint)
    endpoint.keys = []
    endpoint.key_pairs = []
    endpoint.secret_headers = []
    endpoint.deleted_at = clock.now()
    switch_endpoint_off(endpoint, InactiveReason.OWNER)
    session.flush()


def waiting_count(session: Session, endpoint: Endpoint) -> int:
    """Return how many deliveries wait for an endpoint."""
    query = select(func.count()).where(Delivery.endpoint_id == endpoint.id, Delivery.state.in_(OPEN_STATES))
    return session.scalar(query) or 0


def waiting_counts(session: Session, endpoint_ids: Collection[int]) -> dict[int, int]:
    """Return how many deliveries wait for each of some endpoints for which any does."""
    if not endpoint_ids:
        return {}
    waiting = Delivery.state.in_(OPEN_STATES)
    query = select(Delivery.endpoint_id, func.count()).where(Delivery.endpoint_id.in_(endpoint_ids), waiting)
    return dict(session.execute(query.group_by(Delivery.endpoint_id)).all())


def send_waiting(session: Session, endpoint: Endpoint) -> None:
    """Have what waits for an endpoint go out: a few at first, the oldest retries with them, more while it goes well.

    What a receiver has asked to be left alone with for a while (`Retry-After`) waits until then.
    """
    now = clock.now()
    if not waiting_count(session, endpoint):
        return
    endpoint.recovering_since = endpoint.paced_at = now
    endpoint.pace = min(endpoint.pace or FIRST_RATE, FIRST_RATE)
    waits = (Delivery.endpoint_id == endpoint.id, Delivery.state == DeliveryState.DUE, Delivery.lease_token.is_(None))
    asked_for = or_(Delivery.not_before.is_(None), Delivery.not_before <= now)
    oldest = session.scalar(select(Delivery.id).where(*waits, asked_for).order_by(Delivery.id).limit(1))
    if oldest is not None:
        session.execute(update(Delivery).where(Delivery.id == oldest, Delivery.due_at > now).values(due_at=now))
        make_due(session, [endpoint.id], now)


# What an endpoint is held back for, and what is known of how much its receiver takes.
_TROUBLE: dict[str, Any] = {
    **dict.fromkeys(("failing_since", "recovering_since", "held_until", "refusing_since")),
    "asking": False,
    "consecutive_failures": 0,
}
_PACE: dict[str, Any] = {
    **dict.fromkeys(("pace", "pace_ceiling", "paced_at", "next_slot_at", "taken_since")),
    "taken_count": 0,
}


def _forget(session: Session, endpoint: Endpoint, columns: dict[str, Any]) -> None:
    """Reset columns that pumps write too, whatever they were when the endpoint was read."""
    hold_endpoints(session, [endpoint.id])
    session.execute(update(Endpoint).where(Endpoint.id == endpoint.id).values(columns))


def _change_waiting(
    session: Session, endpoint: Endpoint, *conditions: ColumnElement[bool], **values: datetime | None
) -> None:
    """Change columns of the deliveries that wait for an endpoint."""
    waiting = update(Delivery).where(Delivery.endpoint_id == endpoint.id, Delivery.state == DeliveryState.DUE)
    session.execute(waiting.where(*conditions).values(values).execution_options(synchronize_session="fetch"))

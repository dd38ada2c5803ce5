"""The life of an endpoint: made, given keys, switched off and on, deleted."""

from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.db import after_commit
from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.models.endpoints import Endpoint, InactiveReason, SigningKey
from calhooks.delivery.outbox import OPEN_STATES, drop_waiting, make_due
from calhooks.delivery.pace import FIRST_RATE
from calhooks.delivery.queue.wake import wake

# For how long a secret that was replaced signs too, and how many of them.
ROTATION_OVERLAP = timedelta(hours=24)
MAX_OLD_SECRETS = 3


def create_endpoint(session: Session, *, owner_id: int, url: str, secret: str, active: bool) -> Endpoint:
    """Make an endpoint; an empty `secret` means that nothing is signed."""
    endpoint = Endpoint(owner_id=owner_id, url=url, created_at=clock.now(), active=True)
    session.add(endpoint)
    if secret:
        set_secret(endpoint, secret)
    if not active:
        switch_endpoint_off(endpoint, InactiveReason.OWNER)
    session.flush()
    return endpoint


def set_secret(endpoint: Endpoint, secret: str, overlap: timedelta = ROTATION_OVERLAP) -> None:
    """Sign with `secret` from now on, and with the one it replaces for as long as `overlap`; with nothing if empty."""
    now = clock.now()
    if not secret:
        endpoint.keys = []
        return
    if not overlap:
        end_old_secrets(endpoint)
    if endpoint.keys and endpoint.keys[0].secret == secret:
        return
    old = [key for key in endpoint.keys if overlap and (key.expires_at is None or key.expires_at > now)]
    for key in old:
        key.expires_at = key.expires_at or now + overlap
    endpoint.keys = [SigningKey(secret=secret, created_at=now), *old[:MAX_OLD_SECRETS]]


def end_old_secrets(endpoint: Endpoint) -> None:
    """Have the newest secret alone sign, for example when an old one has leaked."""
    endpoint.keys = endpoint.keys[:1]


def old_secret_until(endpoint: Endpoint) -> datetime | None:
    """Return until when a secret that was replaced signs too; None when none does."""
    return max(
        (key.expires_at for key in endpoint.keys if key.expires_at and key.expires_at > clock.now()), default=None
    )


def switch_endpoint_off(endpoint: Endpoint, reason: InactiveReason) -> None:
    """Hold back what waits for an endpoint and what will be owed to it, at once."""
    if endpoint.active:
        endpoint.active = False
        endpoint.inactive_reason = reason
        endpoint.inactive_since = clock.now()


def switch_endpoint_on(session: Session, endpoint: Endpoint) -> None:
    """Let what waits for an endpoint go out, and forget how it failed before."""
    if not endpoint.active:
        endpoint.active = True
        endpoint.inactive_reason = endpoint.inactive_since = None
        endpoint.failing_since = endpoint.recovering_since = endpoint.held_until = None
        endpoint.asking = False
        endpoint.consecutive_failures = 0
        after_commit(session, wake)


def delete_endpoint(session: Session, endpoint: Endpoint) -> None:
    """Send nothing more to an endpoint, not even what waits. Its log stays until it is purged, its secrets do not."""
    drop_waiting(session, endpoint)
    endpoint.keys = []
    endpoint.secret_headers = []
    endpoint.deleted_at = clock.now()
    switch_endpoint_off(endpoint, InactiveReason.OWNER)
    session.flush()


def waiting_count(session: Session, endpoint: Endpoint) -> int:
    """Return how many deliveries wait for an endpoint."""
    query = select(func.count()).where(Delivery.endpoint_id == endpoint.id, Delivery.state.in_(OPEN_STATES))
    return session.scalar(query) or 0


def send_waiting(session: Session, endpoint: Endpoint) -> None:
    """Have what waits for an endpoint go out: a few at first, the oldest retries with them, more while it goes well.

    What a receiver has asked to be left alone with for a while (`Retry-After`) waits until then.
    """
    now = clock.now()
    endpoint.recovering_since = endpoint.paced_at = now
    endpoint.pace = min(endpoint.pace or FIRST_RATE, FIRST_RATE)
    waits = (Delivery.endpoint_id == endpoint.id, Delivery.state == DeliveryState.DUE, Delivery.lease_token.is_(None))
    asked_for = or_(Delivery.not_before.is_(None), Delivery.not_before <= now)
    oldest = session.scalar(select(Delivery.id).where(*waits, asked_for).order_by(Delivery.id).limit(1))
    if oldest is not None:
        session.execute(update(Delivery).where(Delivery.id == oldest, Delivery.due_at > now).values(due_at=now))
        make_due(session, [endpoint.id], now)

"""A pause: for at most three days nothing is sent to an endpoint, and all that happens is kept for it.

Deliveries are written as always and wait; the claim passes over endpoints with a `paused_until`. An attempt that is
under way ends normally. The end of a pause, by hand or by the scheduler, sends what waits as after switching on.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.delivery.endpoints import forget_trouble, send_waiting
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.outbox import hold_endpoints

MAX_PAUSE = timedelta(days=3)
ENDED_AT_ONCE = 20


def pause_endpoint(session: Session, endpoint: Endpoint, length: timedelta) -> bool:
    """Send nothing for `length` from now on and keep what happens; tell whether the endpoint is on, else do nothing.

    One that is paused already then has the new end, three days after its pause began at the latest. Raises ValueError
    for more than three days.
    """
    if not timedelta() < length <= MAX_PAUSE:
        raise ValueError(f"a pause of {length}")
    _hold(session, endpoint)
    if not endpoint.active or endpoint.deleted_at is not None:
        return False
    now = clock.now()
    endpoint.paused_until = min(now + length, longest_until(endpoint, now))
    endpoint.paused_at = endpoint.paused_at or now
    session.flush()
    return True


def longest_until(endpoint: Endpoint, now: datetime) -> datetime:
    """Return until when an endpoint can be paused: three days from now, or from the beginning of the pause it is in."""
    return (endpoint.paused_at or now) + MAX_PAUSE


def resume_endpoint(session: Session, endpoint: Endpoint) -> bool:
    """End a pause: what waits goes out in order, a few at first. Tell whether there was one."""
    _hold(session, endpoint)
    if endpoint.paused_until is None:
        return False
    endpoint.paused_at = endpoint.paused_until = None
    # One that was switched off by an attempt that was under way keeps what waits until it is switched on.
    if endpoint.active:
        # Neither failures nor refusals lasted on while nothing was sent, or a pause could give something up.
        forget_trouble(session, endpoint)
        send_waiting(session, endpoint)
    session.flush()
    return True


def any_pause_over(session: Session, now: datetime) -> bool:
    """Tell, without locking anything, whether the time of a pause has come."""
    return session.scalar(select(Endpoint.id).where(Endpoint.paused_until <= now).limit(1)) is not None


def end_pauses(session: Session, now: datetime) -> int:
    """End the pauses of a few endpoints whose time has come, and return how many there were."""
    over = select(Endpoint).where(Endpoint.paused_until <= now).order_by(Endpoint.id).limit(ENDED_AT_ONCE)
    found = session.scalars(over.with_for_update(key_share=True, skip_locked=True)).all()
    return sum(resume_endpoint(session, endpoint) for endpoint in found)


def _hold(session: Session, endpoint: Endpoint) -> None:
    """Lock an endpoint and read it anew: others pause, resume, switch and record at the same time."""
    hold_endpoints(session, [endpoint.id])
    session.refresh(endpoint)

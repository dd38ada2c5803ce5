"""The right to do something alone, among processes that share a database."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from calhooks.delivery.models.processes import Lease

SCHEDULER_LEASE = timedelta(seconds=10)
RENEWED_BELOW = timedelta(seconds=7)


def hold_lease(session: Session, name: str, holder: str, now: datetime) -> tuple[bool, timedelta]:
    """Take or renew a lease for ten seconds; tell whether it is held, and by how much the clock has gone back since.

    A lease never ends more than its length from now: one that does was taken before the clock was set back.
    """
    lease = session.scalar(select(Lease).where(Lease.name == name).with_for_update())
    if lease is None:
        session.add(Lease(name=name, holder=holder, ends_at=now + SCHEDULER_LEASE))
        return True, timedelta()
    gone_back = max(lease.ends_at - SCHEDULER_LEASE - now, timedelta())
    if lease.holder != holder and not gone_back and lease.ends_at > now:
        return False, gone_back
    if lease.holder != holder or gone_back or lease.ends_at < now + RENEWED_BELOW:
        lease.holder, lease.ends_at = holder, now + SCHEDULER_LEASE
    return True, gone_back


def let_go(session: Session, name: str, holder: str, now: datetime) -> None:
    """Leave a lease to whoever comes next."""
    session.execute(update(Lease).where(Lease.name == name, Lease.holder == holder).values(ends_at=now))

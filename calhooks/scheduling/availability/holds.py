"""Times that somebody has chosen and is filling in the form for: left out of other people's lists for five minutes.

A courtesy, never the guarantee: nothing but an accepted booking takes a time.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from calhooks.db import Base, UTCDateTime
from calhooks.scheduling.availability.hindrances import Meeting, meeting_at
from calhooks.scheduling.availability.hosts import Host, host_ids_of
from calhooks.scheduling.availability.openings import require_offered
from calhooks.scheduling.availability.slots import Span
from calhooks.scheduling.locking import lock_hosts_of
from calhooks.scheduling.models.event_types import EventType

HELD_FOR = timedelta(minutes=5)


class SlotHold(Base):
    """A time that a visitor has chosen, by a hash of who that is: one for each visitor."""

    __tablename__ = "slot_holds"
    __table_args__ = (Index("ix_slot_holds_host_id_expires_at", "host_id", "expires_at"),)

    visitor_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    host_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    start_time: Mapped[datetime] = mapped_column(UTCDateTime)
    end_time: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)


def hold(session: Session, event_type: EventType, visitor: str, start: datetime, length: int, now: datetime) -> None:
    """Hold a time for a visitor, in place of the one that the visitor held before. Raises NotAllowed."""
    lock_hosts_of(session, event_type.id)
    free = require_offered(session, event_type, start, length, now)
    others = held_by_others(session, event_type, visitor, now) if event_type.team_id is not None else {}
    held = {
        "host_id": _held_host(free, meeting_at(start, length, event_type), others).user.id,
        "start_time": start,
        "end_time": start + timedelta(minutes=length),
        "expires_at": now + HELD_FOR,
    }
    # The visitor's former one may be another host's, or be deleted by another transaction at this moment.
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    new = insert(SlotHold).values(visitor_key=_key(visitor), **held)
    session.execute(new.on_conflict_do_update(index_elements=[SlotHold.visitor_key], set_=held))
    _delete_expired(session, now)


def _held_host(free: Sequence[Host], meeting: Meeting, held: Mapping[int, Sequence[Span]]) -> Host:
    """Return which of the free hosts a visitor holds: in a round robin one whom nobody else holds.

    So a time is left out when as many visitors hold it as there are hosts.
    """
    in_turns = [host for host in free if not host.attends_always]
    unheld = (host for host in in_turns if not any(map(meeting.comes_near, held.get(host.user.id, ()))))
    return next(unheld, (in_turns or free)[0])


def _delete_expired(session: Session, now: datetime) -> None:
    # Locked rows belong to visitors who book or hold at this moment. Their transactions may wait for this one.
    expired = select(SlotHold.visitor_key).where(SlotHold.expires_at <= now).with_for_update(skip_locked=True)
    gone = delete(SlotHold).where(SlotHold.visitor_key.in_(expired))
    session.execute(gone, execution_options={"synchronize_session": False})


def release(session: Session, visitor: str) -> None:
    """Let go of what a visitor holds. Call it after the host has been locked, as `hold` locks the host first."""
    session.execute(delete(SlotHold).where(SlotHold.visitor_key == _key(visitor)))


def held_by_others(session: Session, event_type: EventType, visitor: str, now: datetime) -> dict[int, Sequence[Span]]:
    """Return when each host of an event type is held for other visitors, in seconds since 1970."""
    query = select(SlotHold.host_id, SlotHold.start_time, SlotHold.end_time).where(
        SlotHold.host_id.in_(host_ids_of(session, event_type)),
        SlotHold.expires_at > now,
        SlotHold.visitor_key != _key(visitor),
    )
    held: dict[int, list[Span]] = {}
    for host, start, end in session.execute(query):
        held.setdefault(host, []).append((int(start.timestamp()), int(end.timestamp())))
    return dict(held)


def _key(visitor: str) -> str:
    return hashlib.sha256(visitor.encode()).hexdigest()

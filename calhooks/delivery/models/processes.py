"""Who is at work: the processes that were seen lately, and what one of them does alone."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from calhooks.db import Base, UTCDateTime


class Heartbeat(Base):
    """A worker or scheduler that was alive at `seen_at`."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Lease(Base):
    """The right to do something alone (the scheduler's work), until `ends_at`."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(120))
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)

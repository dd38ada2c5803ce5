"""Who is at work: the processes that were seen lately, and what one of them does alone."""

from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from calhooks.db import Base, UTCDateTime

# Hexadecimal characters of a process, at the beginning of each of its lease tokens.
TOKEN_LENGTH = 12


class Heartbeat(Base):
    """A worker or scheduler that was alive at `seen_at`, or found dead at `gone_at`.

    `token` begins its lease tokens. `pid` and `pid_started` mean something on `machine` alone, and nothing if that is
    "". A process of before version 0016 has none of them.
    """

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime)
    token: Mapped[str] = mapped_column(String(TOKEN_LENGTH), default="")
    machine: Mapped[str] = mapped_column(String(120), default="")
    pid: Mapped[int] = mapped_column(default=0)
    pid_started: Mapped[int | None] = mapped_column(BigInteger)
    gone_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Lease(Base):
    """The right to do something alone (the scheduler's work), until `ends_at`."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(120))
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)

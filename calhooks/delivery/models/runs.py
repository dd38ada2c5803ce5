"""Runs: many deliveries to one endpoint, sent again or for the first time."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from calhooks.db import Base, UTCDateTime
from calhooks.delivery.models.endpoints import Endpoint


class RunKind(StrEnum):
    """What a run sends: deliveries that failed or were chosen, once more, or past events that an endpoint missed."""

    FAILED = "failed"
    CHOSEN = "chosen"
    REPLAY = "replay"


class RunState(StrEnum):
    """Where a run stands: at work, through, or ended by its owner."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


class ResendRun(Base):
    """Many deliveries to one endpoint, let go at a pace that its receiver can take.

    What comes after `position`, as far as `up_to`, is to be looked at: ids of deliveries, or of events for a replay.
    `released` were let go; at most `pace` of them may wait for their first answer at once. Of these, `delivered` and
    `failed` have ended: counted as it happens, since deliveries are purged, and resent by other runs. With a `reason`,
    only deliveries that were given up for it are sent again (`delivery/status/given_up.py`). `chosen` are the ids of
    deliveries that a person chose.
    """

    __tablename__ = "resend_runs"
    __table_args__ = (
        Index(
            "ix_resend_runs_running",
            "id",
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoints.id", ondelete="CASCADE"), index=True)
    kind: Mapped[RunKind] = mapped_column(String(16))
    since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    position: Mapped[int] = mapped_column(BigInteger)
    up_to: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int] = mapped_column()
    released: Mapped[int] = mapped_column(default=0)
    delivered: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str | None] = mapped_column(String(40))
    chosen: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    pace: Mapped[int] = mapped_column()
    state: Mapped[RunState] = mapped_column(String(16), default=RunState.RUNNING)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    endpoint: Mapped[Endpoint] = relationship()

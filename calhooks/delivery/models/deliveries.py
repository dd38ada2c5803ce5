"""What is owed: events, deliveries and every attempt."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from calhooks.db import Base, UTCDateTime
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.egress.urls import MAX_URL_LENGTH

MAX_SUMMARY_LENGTH = 500
# The `error` of an attempt that was cut off on this side: whether it arrived is not known.
INTERRUPTED = "interrupted"

# SQLite numbers rows by itself only in a column declared INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")


class DeliveryState(StrEnum):
    """Where a delivery stands: `blocked` waits for an earlier one, `due` goes out at `due_at`, the others are final."""

    BLOCKED = "blocked"
    DUE = "due"
    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"


class Event(Base):
    """Something that happened, with its snapshot: `payload` is the default body as sent, UTF-8 JSON.

    It is about a booking that the account `owner_id` organizes, perhaps for the team `team_id`; then `event_hosts` has
    the accounts that are told. `subject` is the booking's uid, `summary` one line for people, `sequence_key` what must
    go out in order.
    """

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    message_id: Mapped[str] = mapped_column(String(40), unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    trigger: Mapped[str] = mapped_column(String(40))
    occurred_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    sequence_key: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64), index=True)
    summary: Mapped[str] = mapped_column(String(MAX_SUMMARY_LENGTH))
    payload: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        Index("ix_events_owner_id_id", "owner_id", "id"),
        Index(
            "ix_events_team_id_id",
            *("team_id", "id"),
            sqlite_where=text("team_id IS NOT NULL"),
            postgresql_where=text("team_id IS NOT NULL"),
        ),
    )


class EventHost(Base):
    """An account that is told of a team's event: its person was a member who attends, and is a member still."""

    __tablename__ = "event_hosts"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), primary_key=True, index=True)


class Delivery(Base):
    """One event owed to one endpoint. `body` is what is sent, None for its payload; an `error` says why nothing is.

    While a pump holds the lease, `due_at` is when that ends and `lease_token` begins with its process's token
    (`Heartbeat.token`). `attempt_count` counts for ever; `tries` is the place in the retry schedule and starts
    again on Resend. `scheduled_at` is when the schedule has its next attempt: one that goes out sooner is beside it and
    costs none of it. The receiver has refused it `refusals` times, since `refused_since`, with "not now" (429).
    `ordered` is false when it was resent after later ones of its sequence: then it neither waits for the sequence nor
    holds it up. `not_before` is when the last Retry-After ends. `headers` go with the body. At `resent_at` it was last
    sent again after it was over, by the run `run_id` or, without one, by hand; a replay sets `run_id` alone.
    """

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), index=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoints.id", ondelete="CASCADE"))
    sequence_key: Mapped[str] = mapped_column(String(64))
    state: Mapped[DeliveryState] = mapped_column(String(16))
    ordered: Mapped[bool] = mapped_column(default=True)
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_token: Mapped[str | None] = mapped_column(String(32))
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    content_type: Mapped[str] = mapped_column(String(100))
    headers: Mapped[list[list[str]]] = mapped_column(JSON, default=list)
    error: Mapped[str | None] = mapped_column(Text)
    attempt_count: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    scheduled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    refusals: Mapped[int] = mapped_column(default=0)
    refused_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    not_before: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_attempt_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_status: Mapped[int | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    run_id: Mapped[int | None] = mapped_column()
    resent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    event: Mapped[Event] = relationship()
    endpoint: Mapped[Endpoint] = relationship()
    attempts: Mapped[list["Attempt"]] = relationship(
        back_populates="delivery", order_by="Attempt.number", passive_deletes=True
    )

    @property
    def sent_body(self) -> bytes | None:
        """Return what every attempt sends, None where there is an `error`."""
        return self.event.payload if self.body is None and self.error is None else self.body

    __table_args__ = (
        Index("ix_deliveries_claim", "endpoint_id", "state", "due_at"),
        Index("ix_deliveries_log", "endpoint_id", "id"),
        Index(
            "ix_deliveries_open_sequence",
            *("endpoint_id", "sequence_key", "id"),
            sqlite_where=text("state IN ('blocked', 'due')"),
            postgresql_where=text("state IN ('blocked', 'due')"),
        ),
        Index(
            "ix_deliveries_not_delivered",
            *("endpoint_id", "state", "id"),
            sqlite_where=text("state IN ('failed', 'dropped')"),
            postgresql_where=text("state IN ('failed', 'dropped')"),
        ),
        Index(
            "ix_deliveries_run",
            *("run_id", "state"),
            sqlite_where=text("run_id IS NOT NULL"),
            postgresql_where=text("run_id IS NOT NULL"),
        ),
    )


class Attempt(Base):
    """One request as it went out and what came back. `error` is a stable word, `error_detail` a sentence."""

    __tablename__ = "attempts"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column()
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    duration_ms: Mapped[int] = mapped_column()
    url: Mapped[str] = mapped_column(String(MAX_URL_LENGTH))
    request_headers: Mapped[list[list[str]]] = mapped_column(JSON)
    status: Mapped[int | None] = mapped_column()
    response_headers: Mapped[list[list[str]]] = mapped_column(JSON)
    response_body: Mapped[bytes] = mapped_column(LargeBinary)
    response_truncated: Mapped[bool] = mapped_column(default=False)
    error: Mapped[str | None] = mapped_column(String(40))
    error_detail: Mapped[str | None] = mapped_column(Text)

    delivery: Mapped[Delivery] = relationship(back_populates="attempts")

    __table_args__ = (Index("ix_attempts_delivery_id_number", "delivery_id", "number"),)

    @property
    def succeeded(self) -> bool:
        """Tell whether the receiver took it."""
        return not self.error

"""What is owed to whom: endpoints and their keys, events, deliveries and every attempt."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from calhooks.db import Base, UTCDateTime
from calhooks.egress.urls import MAX_URL_LENGTH
from calhooks.encryption.columns import Encrypted, EncryptedJSON

MAX_SUMMARY_LENGTH = 500
# Loaded where it is used alone: a booking does not fail for a value that cannot be decrypted.
SECRET_HEADERS = EncryptedJSON("endpoints.secret_headers")

# SQLite numbers rows by itself only in a column declared INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")


class DeliveryState(StrEnum):
    """Where a delivery stands: `blocked` waits for an earlier one, `due` goes out at `due_at`, the others are final."""

    BLOCKED = "blocked"
    DUE = "due"
    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"


class InactiveReason(StrEnum):
    """Why an endpoint is off: its owner, an answer of 410, days of nothing but failures, or a secret that was lost."""

    OWNER = "owner"
    GONE = "gone"
    FAILING = "failing"
    SECRET_LOST = "secret_lost"  # noqa: S105 - a name


class Endpoint(Base):
    """A URL that receives deliveries, and how it is doing.

    `next_due_at` is the earliest `due_at` among its due deliveries or None, so that the claim need not look at
    endpoints that have nothing to do; `last_claim_at` has them served in turn. While `recovering_since` is set, what
    failed before it is brought forward. `secret_headers` are names and values that are never shown, sent as they stand
    at each attempt. Since `told_at` its owner knows that it fails. A deleted one stays without secrets, for its log.
    """

    __tablename__ = "endpoints"
    __table_args__ = (
        Index(
            "ix_endpoints_ready",
            "next_due_at",
            sqlite_where=text("active AND deleted_at IS NULL AND next_due_at IS NOT NULL"),
            postgresql_where=text("active AND deleted_at IS NULL AND next_due_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    url: Mapped[str] = mapped_column(String(MAX_URL_LENGTH))
    active: Mapped[bool] = mapped_column(default=True)
    inactive_reason: Mapped[InactiveReason | None] = mapped_column(String(16))
    inactive_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    next_due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_claim_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    recovering_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failing_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    consecutive_failures: Mapped[int] = mapped_column(default=0)
    last_attempt_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_success_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    secret_headers: Mapped[list[list[str]]] = mapped_column(SECRET_HEADERS, default=list, deferred=True)
    told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    keys: Mapped[list["SigningKey"]] = relationship(
        back_populates="endpoint", order_by="SigningKey.id.desc()", cascade="all, delete-orphan", passive_deletes=True
    )


class NoticeKind(StrEnum):
    """What an owner is told: it fails for long, was switched off (by a 410, failures, a lost key), works again."""

    FAILING = "failing"
    GONE = "gone"
    SWITCHED_OFF = "switched_off"
    SECRET_LOST = "secret_lost"  # noqa: S105 - a name
    RECOVERED = "recovered"


class Notice(Base):
    """Something about an endpoint that stands on its owner's screen until it was seen; one at a time for each."""

    __tablename__ = "notices"
    __table_args__ = (Index("ix_notices_owner_id_seen_at", "owner_id", "seen_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoints.id", ondelete="CASCADE"), index=True)
    kind: Mapped[NoticeKind] = mapped_column(String(16))
    detail: Mapped[str] = mapped_column(Text)
    failing_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class SigningKey(Base):
    """A secret as it was entered. The newest signs `X-Cal-Signature-256`; one with an `expires_at` was rotated out."""

    __tablename__ = "signing_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoints.id", ondelete="CASCADE"), index=True)
    secret: Mapped[str] = mapped_column(Encrypted("signing_keys.secret"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    endpoint: Mapped[Endpoint] = relationship(back_populates="keys")


class Event(Base):
    """Something that happened, with its snapshot: `payload` is the default body as sent, UTF-8 JSON.

    `subject` is the uid of the booking it is about, `summary` one line for people, `sequence_key` what must go out
    in order.
    """

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    message_id: Mapped[str] = mapped_column(String(40), unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    trigger: Mapped[str] = mapped_column(String(40))
    occurred_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    sequence_key: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64), index=True)
    summary: Mapped[str] = mapped_column(String(MAX_SUMMARY_LENGTH))
    payload: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (Index("ix_events_owner_id_id", "owner_id", "id"),)


class Delivery(Base):
    """One event owed to one endpoint. `body` is what is sent, None for its payload; an `error` says why nothing is.

    While a pump holds the lease, `lease_token` is set and `due_at` is when the lease ends, so that a dead pump's row
    falls due again by itself. `attempt_count` counts for ever; `tries` is the place in the retry schedule and starts
    again on Resend. `ordered` is false once it was resent: then it neither waits for its sequence nor holds it up.
    `not_before` is when the last Retry-After ends. `headers` go with the body. `run_id` is the run that last let it go.
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
    not_before: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_attempt_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_status: Mapped[int | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    run_id: Mapped[int | None] = mapped_column()

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
            "ix_deliveries_run",
            *("run_id", "state"),
            sqlite_where=text("run_id IS NOT NULL"),
            postgresql_where=text("run_id IS NOT NULL"),
        ),
    )


class RunKind(StrEnum):
    """What a run sends: deliveries that failed, once more, or past events to an endpoint that was not told of them."""

    FAILED = "failed"
    REPLAY = "replay"


class RunState(StrEnum):
    """Where a run stands: at work, through, or ended by its owner."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


class ResendRun(Base):
    """Many deliveries to one endpoint, let go at a pace that its receiver can take.

    What comes after `position`, as far as `up_to`, is to be looked at: ids of deliveries, or of events for a replay.
    `released` were let go; at most `pace` of them may wait for their first answer at once.
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
    pace: Mapped[int] = mapped_column()
    state: Mapped[RunState] = mapped_column(String(16), default=RunState.RUNNING)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    endpoint: Mapped[Endpoint] = relationship()


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

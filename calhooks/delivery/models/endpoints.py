"""Who is owed: endpoints with their keys, how they are doing, and what their owners are told."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from calhooks.accounts.owners import ONE_OWNER, Owned
from calhooks.db import Base, UTCDateTime
from calhooks.egress.urls import MAX_URL_LENGTH
from calhooks.encryption.columns import Encrypted, EncryptedJSON, Unreadable

# Like the keys below, loaded only where it is used: nothing else fails for a value that cannot be decrypted.
SECRET_HEADERS = EncryptedJSON("endpoints.secret_headers")
MAX_WEBHOOK_NAME_LENGTH = 100


class InactiveReason(StrEnum):
    """Why an endpoint is off: its owner, an answer of 410, days of nothing but failures, or a secret that was lost."""

    OWNER = "owner"
    GONE = "gone"
    FAILING = "failing"
    SECRET_LOST = "secret_lost"  # noqa: S105 - a name


class Endpoint(Owned, Base):
    """A URL that receives deliveries, and how it is doing. It is an account's or a team's.

    `next_due_at` is the earliest `due_at` among its due deliveries or None, so that the claim need not look at
    endpoints that have nothing to do; `last_claim_at` has them served in turn. While `recovering_since` is set, what
    failed before it is brought forward. `secret_headers` are names and values that are never shown, sent as they stand
    at each attempt. Since `told_at` its owner knows that it fails. A deleted one stays without secrets, for its log.
    `name` is its owner's, empty for none. From `paused_at` on and while `paused_until` is set, nothing is sent and all
    that happens is kept.

    `rate_limit` is the most requests a second that its owner allows; `pace` those that its receiver was found to take,
    None while it has refused none (see `delivery/pace.py`, whose the columns down to `refusing_since` are). Since
    `given_up_at` deliveries were given up that its owner has not been told of; `given_up_told_at` is the last telling.
    """

    __tablename__ = "endpoints"
    __table_args__ = (
        CheckConstraint(ONE_OWNER, name="owner"),
        Index("ix_endpoints_owner_id", "owner_id"),
        Index("ix_endpoints_team_id", "team_id"),
        Index(
            "ix_endpoints_ready",
            "next_due_at",
            sqlite_where=text("active AND deleted_at IS NULL AND next_due_at IS NOT NULL"),
            postgresql_where=text("active AND deleted_at IS NULL AND next_due_at IS NOT NULL"),
        ),
        Index(
            "ix_endpoints_paused",
            "paused_until",
            sqlite_where=text("paused_until IS NOT NULL"),
            postgresql_where=text("paused_until IS NOT NULL"),
        ),
        Index(
            "ix_endpoints_given_up",
            "given_up_at",
            sqlite_where=text("given_up_at IS NOT NULL"),
            postgresql_where=text("given_up_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(MAX_WEBHOOK_NAME_LENGTH), default="")
    url: Mapped[str] = mapped_column(String(MAX_URL_LENGTH))
    active: Mapped[bool] = mapped_column(default=True)
    inactive_reason: Mapped[InactiveReason | None] = mapped_column(String(16))
    inactive_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    paused_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    paused_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    next_due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_claim_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    recovering_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failing_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    consecutive_failures: Mapped[int] = mapped_column(default=0)
    last_attempt_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_success_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    secret_headers: Mapped[list[list[str]]] = mapped_column(SECRET_HEADERS, default=list, deferred=True)
    told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    rate_limit: Mapped[float | None] = mapped_column()
    pace: Mapped[float | None] = mapped_column()
    pace_ceiling: Mapped[float | None] = mapped_column()
    paced_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    next_slot_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    held_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    asking: Mapped[bool] = mapped_column(default=False)
    taken_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    taken_count: Mapped[int] = mapped_column(default=0)
    refusing_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    given_up_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    given_up_told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    keys: Mapped[list["SigningKey"]] = relationship(
        back_populates="endpoint", order_by="SigningKey.id.desc()", cascade="all, delete-orphan", passive_deletes=True
    )
    key_pairs: Mapped[list["KeyPair"]] = relationship(
        back_populates="endpoint", order_by="KeyPair.id.desc()", cascade="all, delete-orphan", passive_deletes=True
    )

    @property
    def label(self) -> str:
        """Return what people call it: its name, or else its URL."""
        return self.name or self.url


class NoticeKind(StrEnum):
    """What an owner is told: it fails for long, was switched off (by a 410, failures, a lost key), works again.

    `GIVEN_UP` is about deliveries, the others are about the endpoint.
    """

    FAILING = "failing"
    GONE = "gone"
    SWITCHED_OFF = "switched_off"
    SECRET_LOST = "secret_lost"  # noqa: S105 - a name
    RECOVERED = "recovered"
    GIVEN_UP = "given_up"


class Notice(Owned, Base):
    """Something about an endpoint that its owner's screen shows until it was dismissed.

    An endpoint has one about its deliveries and one about itself at a time. `given_up_count` deliveries have been given
    up since `given_up_since`.
    """

    __tablename__ = "notices"
    __table_args__ = (
        CheckConstraint(ONE_OWNER, name="owner"),
        Index("ix_notices_owner_id_seen_at", "owner_id", "seen_at"),
        Index("ix_notices_team_id_seen_at", "team_id", "seen_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoints.id", ondelete="CASCADE"), index=True)
    kind: Mapped[NoticeKind] = mapped_column(String(16))
    detail: Mapped[str] = mapped_column(Text)
    failing_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    given_up_count: Mapped[int] = mapped_column(default=0)
    given_up_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class SigningKey(Base):
    """A secret as it was entered. The newest signs `X-Cal-Signature-256`; one with an `expires_at` was rotated out."""

    __tablename__ = "signing_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoints.id", ondelete="CASCADE"), index=True)
    secret: Mapped[str] = mapped_column(Encrypted("signing_keys.secret"), deferred=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    endpoint: Mapped[Endpoint] = relationship(back_populates="keys")

    @property
    def is_readable(self) -> bool:
        """Tell whether its secret can be decrypted."""
        try:
            return bool(self.secret)
        except Unreadable:
            return False


class KeyPair(Base):
    """An Ed25519 key pair, whose public key is shown. One with an `expires_at` was replaced."""

    __tablename__ = "key_pairs"

    id: Mapped[int] = mapped_column(primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoints.id", ondelete="CASCADE"), index=True)
    private_key: Mapped[str] = mapped_column(Encrypted("key_pairs.private_key"), deferred=True)
    public_key: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    endpoint: Mapped[Endpoint] = relationship(back_populates="key_pairs")

    @property
    def is_readable(self) -> bool:
        """Tell whether its private key can be decrypted."""
        try:
            return bool(self.private_key)
        except Unreadable:
            return False

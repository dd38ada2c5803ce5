"""Mail that is owed to somebody, and the addresses that each host has written to."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from calhooks.db import Base, UTCDateTime
from calhooks.encryption.columns import Encrypted
from calhooks.text import MAX_NAME_LENGTH


class MailState(StrEnum):
    """Where a mail stands: `queued` goes out at `due_at`; the others are final. `dropped` was never tried."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


class MailKind(StrEnum):
    """What a mail is about, where it is about no booking."""

    PASSWORD_RESET = "password_reset"  # noqa: S105 - a name


class Mail(Base):
    """One mail to one person, as it will be read, with what became of it.

    `about` is the uid of the booking it tells of, empty when it is about none. Mails to one recipient with the same
    `sequence_key` go out in order. After `expires_at` it is not worth sending. While a pump holds the lease,
    `lease_token` is set and `due_at` is when the lease ends, so that a dead pump's mail falls due again by itself.
    `error` is a sentence about the last failure, or about what the mail waits for; `doubts` counts the tries that may
    have delivered it. A mail with a secret link in it keeps no text once it is settled.
    """

    __tablename__ = "mails"
    __table_args__ = (
        Index(
            "ix_mails_due",
            "due_at",
            "id",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        Index(
            "ix_mails_open_sequence",
            "recipient",
            "sequence_key",
            "id",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        Index("ix_mails_owner_id_created_at", "owner_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(String(400), unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    about: Mapped[str] = mapped_column(String(64), default="", index=True)
    sequence_key: Mapped[str] = mapped_column(String(64), default="")
    kind: Mapped[str] = mapped_column(String(40))
    recipient: Mapped[str] = mapped_column(String(320))
    recipient_name: Mapped[str] = mapped_column(String(MAX_NAME_LENGTH), default="")
    reply_to: Mapped[str] = mapped_column(String(320), default="")
    reply_to_name: Mapped[str] = mapped_column(String(MAX_NAME_LENGTH), default="")
    subject: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Encrypted("mails.text"))
    html: Mapped[str] = mapped_column(Encrypted("mails.html"))
    calendar: Mapped[bytes | None] = mapped_column(LargeBinary)
    calendar_method: Mapped[str] = mapped_column(String(16), default="")
    state: Mapped[MailState] = mapped_column(String(16))
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_token: Mapped[str | None] = mapped_column(String(32))
    tries: Mapped[int] = mapped_column(default=0)
    doubts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class KnownAddress(Base):
    """An address that a host writes to, in lower case, since when. New ones are limited for each day.

    `first_used_at` is to come while mail to the address waits for room. `as_guest` says against which of the two limits
    it counts: the one for guests or the one for bookers.
    """

    __tablename__ = "mail_addresses"
    __table_args__ = (
        UniqueConstraint("owner_id", "address"),
        Index("ix_mail_addresses_owner_id_as_guest_first_used_at", "owner_id", "as_guest", "first_used_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    address: Mapped[str] = mapped_column(String(320))
    first_used_at: Mapped[datetime] = mapped_column(UTCDateTime)
    as_guest: Mapped[bool] = mapped_column(default=False)

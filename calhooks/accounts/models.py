"""People who have an account, their sessions, and the one-time links that let them choose a password."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from calhooks.accounts import usernames
from calhooks.accounts.clients import MAX_CLIENT_LENGTH
from calhooks.db import Base, UTCDateTime
from calhooks.locales import DEFAULT_LOCALE, MAX_LOCALE_LENGTH
from calhooks.text import MAX_NAME_LENGTH

if TYPE_CHECKING:

    class UserMixin:
        """Stands for flask_login's, which has no types: with it, mypy would let an account pass for anything."""
else:
    from flask_login import UserMixin

# Of an IPv6 address or network.
MAX_NETWORK_LENGTH = 43


class User(UserMixin, Base):
    """A host. `username` and `email` are in lower case; `password_hash` is empty until the person has chosen one.

    The database's triggers add to `calendar_version` whenever something changes that decides whether and how the host
    can be booked: bookings, event types, schedules, time off, webhooks, the account itself.
    """

    __tablename__ = "users"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - read by SQLAlchemy only

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(usernames.MAX_USERNAME_LENGTH), unique=True)
    name: Mapped[str] = mapped_column(String(MAX_NAME_LENGTH))
    email: Mapped[str] = mapped_column(String(320), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255), default="")
    time_zone: Mapped[str] = mapped_column(String(64))
    locale: Mapped[str] = mapped_column(String(MAX_LOCALE_LENGTH), default=DEFAULT_LOCALE)
    is_admin: Mapped[bool] = mapped_column(default=False)
    calendar_version: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class LoginSession(Base):
    """A browser in which an account is signed in until `expires_at`, or until it was ended at `ended_at`.

    Only the SHA-256 of its token is kept.
    """

    __tablename__ = "sessions"
    # The page names a session by its id, so no id is used twice.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - read by SQLAlchemy only

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    client: Mapped[str] = mapped_column(String(MAX_CLIENT_LENGTH))
    network: Mapped[str] = mapped_column(String(MAX_NETWORK_LENGTH))

    user: Mapped[User] = relationship()


class AccountLink(Base):
    """A one-time link to choose a password. Only the SHA-256 of its token is kept."""

    __tablename__ = "account_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    user: Mapped[User] = relationship()

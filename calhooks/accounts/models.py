"""People who have an account, and the one-time links that let them choose a password."""

from datetime import datetime

from flask_login import UserMixin
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from calhooks.accounts import usernames
from calhooks.db import Base, UTCDateTime
from calhooks.locales import DEFAULT_LOCALE, MAX_LOCALE_LENGTH
from calhooks.text import MAX_NAME_LENGTH


class User(UserMixin, Base):  # type: ignore[misc]  # flask_login has no types
    """A host. `username` and `email` are in lower case; `password_hash` is empty until the person has chosen one.

    `session_version` goes up when the password changes, which signs out every other session.
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
    session_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    def get_id(self) -> str:
        """Return what the session cookie holds: it stops being valid when `session_version` goes up."""
        return f"{self.id}.{self.session_version}"


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

"""The private address of a host's calendar."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from calhooks.accounts.models import User
from calhooks.db import Base, UTCDateTime
from calhooks.encryption.columns import Encrypted


class CalendarFeed(Base):
    """A host's private calendar address. Who knows its `token` can read what the host's calendar says.

    The feed of a token is found by `token_hash`, its SHA-256: a token has 256 random bits, so none can be guessed.
    """

    __tablename__ = "calendar_feeds"

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    token: Mapped[str] = mapped_column(Encrypted("calendar_feeds.token"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    owner: Mapped[User] = relationship()

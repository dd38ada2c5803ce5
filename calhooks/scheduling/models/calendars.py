"""The private address of a host's calendar."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from calhooks.accounts.models import User
from calhooks.db import Base, UTCDateTime


class CalendarFeed(Base):
    """A host's private calendar address. Who knows its `token` can read what the host's calendar says."""

    __tablename__ = "calendar_feeds"

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    owner: Mapped[User] = relationship()

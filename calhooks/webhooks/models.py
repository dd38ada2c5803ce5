"""A webhook: which events an endpoint is told about, and in what shape."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from calhooks.db import Base, UTCDateTime
from calhooks.delivery.models import Endpoint


class PayloadFormat(StrEnum):
    """The whole default body, or a template of the owner's."""

    DEFAULT = "default"
    CUSTOM = "custom"


class Webhook(Base):
    """A subscription. Its URL, keys, switch and health are its endpoint's. `triggers` keeps the contract's order."""

    __tablename__ = "webhooks"
    # Never give a deleted webhook's number, which links and histories hold, to another.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - read by SQLAlchemy only

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoints.id", ondelete="CASCADE"), unique=True)
    triggers: Mapped[list[str]] = mapped_column(JSON)
    payload_format: Mapped[PayloadFormat] = mapped_column(String(16), default=PayloadFormat.DEFAULT)
    payload_template: Mapped[str] = mapped_column(Text, default="")
    content_type: Mapped[str] = mapped_column(String(100), default="application/json")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    endpoint: Mapped[Endpoint] = relationship()

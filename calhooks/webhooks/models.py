"""A webhook: which events an endpoint is told about, and in what shape."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from calhooks.db import Base, UTCDateTime
from calhooks.delivery.models.endpoints import Endpoint


class PayloadFormat(StrEnum):
    """The whole default body, or a template of the owner's."""

    DEFAULT = "default"
    CUSTOM = "custom"


class Webhook(Base):
    """A subscription. Its URL, keys, secret headers, switch and health are its endpoint's.

    `triggers` keeps the contract's order. `event_type_ids` are those it is told about, None for all there will ever be.
    `headers` are names and values, which are templates.
    """

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
    headers: Mapped[list[list[str]]] = mapped_column(JSON, default=list)
    event_type_ids: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    endpoint: Mapped[Endpoint] = relationship()

    def hears(self, trigger: str, event_type_id: int | None) -> bool:
        """Tell whether the webhook asked for such an event."""
        return trigger in self.triggers and (self.event_type_ids is None or event_type_id in self.event_type_ids)

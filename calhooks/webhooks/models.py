"""A webhook: which events an endpoint is told about, and in what shape."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from calhooks.accounts.owners import ONE_OWNER, Owned
from calhooks.db import Base, UTCDateTime
from calhooks.delivery.models.endpoints import Endpoint


class PayloadFormat(StrEnum):
    """The whole default body, or a template of the owner's."""

    DEFAULT = "default"
    CUSTOM = "custom"


class Scope(StrEnum):
    """Which event types a webhook is told about: all there will ever be, its account's own ones, or chosen ones."""

    ALL = "all"
    OWN = "own"
    CHOSEN = "chosen"


class Webhook(Owned, Base):
    """A subscription of an account or a team. Its URL, keys, secret headers, switch and health are its endpoint's.

    An account's is told about all that its person attends, a team's about the team's event types, as far as `scope`
    goes; `event_type_ids` are the chosen ones. `triggers` keeps the contract's order. `headers` are names and values,
    which are templates. `filter` has the conditions that events must meet besides (`webhooks.filters`).
    """

    __tablename__ = "webhooks"
    # Never give a deleted webhook's number, which links and histories hold, to another.
    __table_args__ = (
        CheckConstraint(ONE_OWNER, name="owner"),
        Index("ix_webhooks_owner_id", "owner_id"),
        Index("ix_webhooks_team_id", "team_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoints.id", ondelete="CASCADE"), unique=True)
    triggers: Mapped[list[str]] = mapped_column(JSON)
    payload_format: Mapped[PayloadFormat] = mapped_column(String(16), default=PayloadFormat.DEFAULT)
    payload_template: Mapped[str] = mapped_column(Text, default="")
    content_type: Mapped[str] = mapped_column(String(100), default="application/json")
    headers: Mapped[list[list[str]]] = mapped_column(JSON, default=list)
    scope: Mapped[Scope] = mapped_column(String(16), default=Scope.ALL)
    event_type_ids: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    filter: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    endpoint: Mapped[Endpoint] = relationship()

    def hears(self, trigger: str, event_type_id: int | None, team_id: int | None) -> bool:
        """Tell whether the webhook asked for such an event of an event type, which is a team's or an account's own."""
        if trigger not in self.triggers:
            return False
        match self.scope:
            case Scope.OWN:
                return team_id is None
            case Scope.CHOSEN:
                return event_type_id in (self.event_type_ids or [])
            case _:
                return True

"""Teams, who belongs to them, and the one-time links by which people come in."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from calhooks.accounts.models import User
from calhooks.db import Base, UTCDateTime
from calhooks.text import MAX_NAME_LENGTH

MAX_TEAM_SLUG_LENGTH = 64


class Role(StrEnum):
    """What a member may do: members see, admins change too, owners besides give the team to others."""

    MEMBER = "MEMBER"
    ADMIN = "ADMIN"
    OWNER = "OWNER"


class Team(Base):
    """People who share booking links and webhooks. `slug` is in lower case; `time_zone` is the team's clock."""

    __tablename__ = "teams"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - read by SQLAlchemy only

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(MAX_NAME_LENGTH))
    slug: Mapped[str] = mapped_column(String(MAX_TEAM_SLUG_LENGTH), unique=True)
    description: Mapped[str] = mapped_column(Text, default="")
    time_zone: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Membership(Base):
    """That somebody belongs to a team. It goes when they leave, and with it all that they may see of the team."""

    __tablename__ = "memberships"
    # Forms name a member by this id, so no id is used twice.
    __table_args__ = (UniqueConstraint("team_id", "user_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    role: Mapped[Role] = mapped_column(String(16))
    joined_at: Mapped[datetime] = mapped_column(UTCDateTime)

    team: Mapped[Team] = relationship()
    user: Mapped[User] = relationship()

    @property
    def is_admin(self) -> bool:
        """Tell whether this member may change what is the team's."""
        return self.role in (Role.ADMIN, Role.OWNER)

    @property
    def is_owner(self) -> bool:
        """Tell whether this member may give the team to others."""
        return self.role == Role.OWNER

    def may_give(self, role: Role) -> bool:
        """Tell whether this member may invite somebody as, or make somebody, what `role` says."""
        return self.is_owner or (self.is_admin and role != Role.OWNER)

    def may_change(self, other: "Membership") -> bool:
        """Tell whether this member may change another member's role, or remove that member."""
        return self.is_owner or (self.is_admin and not other.is_owner)


class Invitation(Base):
    """A one-time link into a team, until `expires_at`. Only the SHA-256 of its token is kept."""

    __tablename__ = "invitations"
    # The page names an invitation by its id, so no id is used twice.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - read by SQLAlchemy only

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[Role] = mapped_column(String(16))
    invited_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    team: Mapped[Team] = relationship()
    invited_by: Mapped[User | None] = relationship()

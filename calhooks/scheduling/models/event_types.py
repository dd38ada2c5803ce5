"""Event types: what can be booked, where, and how far ahead."""

from datetime import date, datetime
from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Date, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from calhooks.accounts.models import User
from calhooks.accounts.owners import ONE_OWNER, Owned
from calhooks.accounts.teams.models import Membership, Team
from calhooks.db import Base, UTCDateTime
from calhooks.scheduling.models.schedules import Schedule

MAX_SLUG_LENGTH = 100
MAX_TITLE_LENGTH = 200
MAX_LOCATION_LENGTH = 1_000
MAX_BOOKING_NAME_LENGTH = 500
MAX_REDIRECT_LENGTH = 2_000


class LocationKind(StrEnum):
    """Where a meeting is. The attendee's phone number is asked for when it is booked."""

    LINK = "link"
    IN_PERSON = "in_person"
    HOST_PHONE = "host_phone"
    ATTENDEE_PHONE = "attendee_phone"
    SOMEWHERE_ELSE = "somewhere_else"


class WindowKind(StrEnum):
    """How far ahead something can be booked: without an end, a number of days from today, or between two days."""

    UNLIMITED = "unlimited"
    ROLLING = "rolling"
    RANGE = "range"


class SchedulingType(StrEnum):
    """Who attends a team's meeting: every host, or one of several, beside those who always do."""

    COLLECTIVE = "COLLECTIVE"
    ROUND_ROBIN = "ROUND_ROBIN"


class Priority(IntEnum):
    """How soon a host's turn comes: among those who are free, the highest first."""

    LOWEST = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    HIGHEST = 4


class EventType(Owned, Base):
    """Something that can be booked with a person, or with hosts of a team. Lengths of time are in minutes.

    `length` is what is booked unless the booker chooses one of `other_lengths`. `location` is empty where the booker
    says it; `other_locations` are further places to choose from, those of `scheduling.places`. `booking_name` is the
    pattern of a booking's title, empty for the event type's own title. Attendees are reminded `reminder_hours` before
    the meeting, or never. `questions` are those of `scheduling.questions`. The days of the window and of the limits,
    which count accepted bookings, are by the owner's clock. `redirect_url` is where bookers go in the end, empty for
    their booking's page.

    A team's event type has a `scheduling_type` and `hosts`; each is met by hours of their own unless it has a schedule.
    `keeps_host` says whether a meeting that is moved stays with its host where that host is free.
    """

    __tablename__ = "event_types"
    __table_args__ = (
        UniqueConstraint("owner_id", "slug"),
        UniqueConstraint("team_id", "slug"),
        CheckConstraint(ONE_OWNER, name="owner"),
        CheckConstraint("owner_id IS NULL OR schedule_id IS NOT NULL", name="schedule"),
        CheckConstraint("(team_id IS NULL) = (scheduling_type IS NULL)", name="scheduling_type"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int | None] = mapped_column(ForeignKey("schedules.id"))
    scheduling_type: Mapped[SchedulingType | None] = mapped_column(String(16))
    keeps_host: Mapped[bool] = mapped_column(default=True)
    slug: Mapped[str] = mapped_column(String(MAX_SLUG_LENGTH))
    title: Mapped[str] = mapped_column(String(MAX_TITLE_LENGTH))
    description: Mapped[str] = mapped_column(Text, default="")
    length: Mapped[int]
    other_lengths: Mapped[list[int]] = mapped_column(JSON, default=list)
    location_kind: Mapped[LocationKind] = mapped_column(String(20), default=LocationKind.SOMEWHERE_ELSE)
    location: Mapped[str] = mapped_column(String(MAX_LOCATION_LENGTH), default="")
    other_locations: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    questions: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    booking_name: Mapped[str] = mapped_column(String(MAX_BOOKING_NAME_LENGTH), default="")
    requires_confirmation: Mapped[bool] = mapped_column(default=False)
    minimum_notice: Mapped[int] = mapped_column(default=120)
    slot_interval: Mapped[int | None] = mapped_column()
    buffer_before: Mapped[int] = mapped_column(default=0)
    buffer_after: Mapped[int] = mapped_column(default=0)
    hidden: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    reminder_hours: Mapped[int | None] = mapped_column()
    window_kind: Mapped[WindowKind] = mapped_column(String(16), default=WindowKind.UNLIMITED)
    window_days: Mapped[int | None] = mapped_column()
    window_start: Mapped[date | None] = mapped_column(Date)
    window_end: Mapped[date | None] = mapped_column(Date)
    limit_day: Mapped[int | None] = mapped_column()
    limit_week: Mapped[int | None] = mapped_column()
    limit_month: Mapped[int | None] = mapped_column()
    allows_guests: Mapped[bool] = mapped_column(default=True)
    redirect_url: Mapped[str] = mapped_column(String(MAX_REDIRECT_LENGTH), default="")

    owner: Mapped[User | None] = relationship()
    team: Mapped[Team | None] = relationship()
    schedule: Mapped[Schedule | None] = relationship()
    hosts: Mapped[list["EventTypeHost"]] = relationship(
        order_by="EventTypeHost.position, EventTypeHost.membership_id",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )

    @property
    def holder(self) -> User | Team:
        """Return the account or the team that it belongs to."""
        holder = self.owner if self.team is None else self.team
        assert holder is not None
        return holder

    @property
    def lengths(self) -> list[int]:
        """Return every length that can be booked, the shortest first."""
        return sorted({self.length, *self.other_lengths})


class EventTypeHost(Base):
    """A member with whom a team's event type is booked: `is_fixed` always attends, others by turns.

    `weight` is a share in percent of what an equal host has. `credit` is how many bookings of `credit_month` (as in
    "2026-11", by the team's clock) this host is behind others, negative where ahead; in another month it is 0.
    """

    __tablename__ = "event_type_hosts"
    __table_args__ = (
        CheckConstraint("priority BETWEEN 0 AND 4", name="priority"),
        CheckConstraint("weight > 0", name="weight"),
    )

    event_type_id: Mapped[int] = mapped_column(ForeignKey("event_types.id", ondelete="CASCADE"), primary_key=True)
    membership_id: Mapped[int] = mapped_column(
        ForeignKey("memberships.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    position: Mapped[int] = mapped_column(default=0)
    is_fixed: Mapped[bool] = mapped_column(default=False)
    priority: Mapped[Priority] = mapped_column(Integer, default=Priority.MEDIUM)
    weight: Mapped[int] = mapped_column(default=100)
    credit: Mapped[float] = mapped_column(default=0.0)
    credit_month: Mapped[str] = mapped_column(String(7), default="")
    last_booked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    membership: Mapped[Membership] = relationship()

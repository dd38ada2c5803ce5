"""Event types: what can be booked, where, and how far ahead."""

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from calhooks.accounts.models import User
from calhooks.db import Base
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


class EventType(Base):
    """Something that can be booked with one host. Lengths, notice, buffers and interval are in minutes.

    `length` is what is booked unless the booker chooses one of `other_lengths`. `location` is empty where the booker
    says it; `other_locations` are further places to choose from, those of `scheduling.places`. `booking_name` is the
    pattern of a booking's title, empty for the event type's own title. Attendees are reminded `reminder_hours` before
    the meeting, or never. `questions` are those of `scheduling.questions`. The days of the window and of the limits,
    which count accepted bookings, are by the owner's clock. `redirect_url` is where bookers go in the end, empty for
    their booking's page.
    """

    __tablename__ = "event_types"
    __table_args__ = (UniqueConstraint("owner_id", "slug"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id"))
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

    owner: Mapped[User] = relationship()
    schedule: Mapped[Schedule] = relationship()

    @property
    def lengths(self) -> list[int]:
        """Return every length that can be booked, the shortest first."""
        return sorted({self.length, *self.other_lengths})

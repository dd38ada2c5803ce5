"""Bookings, who attends them, and what changed."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    and_,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner
from calhooks.accounts.teams.models import Membership, Team
from calhooks.db import Base, UTCDateTime
from calhooks.locales import MAX_LOCALE_LENGTH
from calhooks.scheduling.models.event_types import (
    MAX_LOCATION_LENGTH,
    MAX_SLUG_LENGTH,
    MAX_TITLE_LENGTH,
    EventType,
    SchedulingType,
)
from calhooks.text import MAX_NAME_LENGTH

MAX_BOOKING_TITLE_LENGTH = 1_000


class BookingStatus(StrEnum):
    """Only ACCEPTED bookings take a slot."""

    ACCEPTED = "ACCEPTED"
    PENDING = "PENDING"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"


class Booking(Base):
    """One meeting, with what its event type said when it was booked, so that later edits do not change the past.

    `root_uid` is the uid of the first booking of a chain of reschedules, its own when it was never moved;
    `rescheduled_from_id` the one it replaces (or asks to replace, while PENDING). `submission_key` tells the same form
    sent twice; it is unique among the open ones.
    `responses` has every question that was asked, with its label, and a value if it was answered.
    `meeting_started_at` and `meeting_ended_at` are when those events were recorded; `remind_at` is when a reminder is
    owed, None once it was or where there is to be none.
    `host_id` is its organizer. A team's booking has a `scheduling_type`, perhaps `co_hosts`, and of a round robin the
    `assignment`: how its host was chosen (`scheduling.assignment`), with the `earlier` choices before reassignments.
    """

    __tablename__ = "bookings"
    __table_args__ = (
        CheckConstraint("start_time < end_time", name="times"),
        Index("ix_bookings_event_type_id_start_time", "event_type_id", "start_time"),
        Index(
            "ix_bookings_team_id_status_start_time",
            *("team_id", "status", "start_time"),
            sqlite_where=text("team_id IS NOT NULL"),
            postgresql_where=text("team_id IS NOT NULL"),
        ),
        Index(
            "uq_bookings_submission_key",
            "submission_key",
            unique=True,
            sqlite_where=text("status IN ('ACCEPTED', 'PENDING')"),
            postgresql_where=text("status IN ('ACCEPTED', 'PENDING')"),
        ),
        Index(
            "ix_bookings_meeting_start",
            "start_time",
            sqlite_where=text("status = 'ACCEPTED' AND meeting_started_at IS NULL"),
            postgresql_where=text("status = 'ACCEPTED' AND meeting_started_at IS NULL"),
        ),
        Index(
            "ix_bookings_meeting_end",
            "end_time",
            sqlite_where=text("status = 'ACCEPTED' AND meeting_ended_at IS NULL"),
            postgresql_where=text("status = 'ACCEPTED' AND meeting_ended_at IS NULL"),
        ),
        Index(
            "ix_bookings_remind_at",
            "remind_at",
            sqlite_where=text("remind_at IS NOT NULL"),
            postgresql_where=text("remind_at IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    root_uid: Mapped[str] = mapped_column(String(32), index=True)
    host_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", ondelete="SET NULL"))
    event_type_id: Mapped[int | None] = mapped_column(ForeignKey("event_types.id", ondelete="SET NULL"))
    scheduling_type: Mapped[SchedulingType | None] = mapped_column(String(16))
    assignment: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    type: Mapped[str] = mapped_column(String(MAX_SLUG_LENGTH))
    event_title: Mapped[str] = mapped_column(String(MAX_TITLE_LENGTH))
    title: Mapped[str] = mapped_column(String(MAX_BOOKING_TITLE_LENGTH))
    description: Mapped[str] = mapped_column(Text, default="")
    length: Mapped[int]
    status: Mapped[BookingStatus] = mapped_column(String(16))
    start_time: Mapped[datetime] = mapped_column(UTCDateTime)
    end_time: Mapped[datetime] = mapped_column(UTCDateTime)
    location: Mapped[str] = mapped_column(String(MAX_LOCATION_LENGTH), default="")
    additional_notes: Mapped[str] = mapped_column(Text, default="")
    responses: Mapped[dict[str, dict[str, Any]]] = mapped_column(JSON, default=dict)
    metadata_: Mapped[dict[str, str]] = mapped_column("metadata", JSON, default=dict)
    rescheduled_from_id: Mapped[int | None] = mapped_column(ForeignKey("bookings.id", ondelete="SET NULL"), index=True)
    reschedule_reason: Mapped[str] = mapped_column(Text, default="")
    rescheduled_by: Mapped[str] = mapped_column(String(320), default="")
    cancellation_reason: Mapped[str] = mapped_column(Text, default="")
    cancelled_by: Mapped[str] = mapped_column(String(320), default="")
    rejection_reason: Mapped[str] = mapped_column(Text, default="")
    submission_key: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    meeting_started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    meeting_ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    remind_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    host: Mapped[User] = relationship()
    team: Mapped[Team | None] = relationship()
    event_type: Mapped[EventType | None] = relationship()
    co_hosts: Mapped[list["BookingHost"]] = relationship(
        primaryjoin="and_(Booking.id == BookingHost.booking_id, BookingHost.position > 0)",
        order_by="BookingHost.position",
        viewonly=True,
    )
    rescheduled_from: Mapped["Booking | None"] = relationship(remote_side=[id])
    attendees: Mapped[list["Attendee"]] = relationship(
        order_by="Attendee.position", cascade="all, delete-orphan", passive_deletes=True
    )
    changes: Mapped[list["BookingChange"]] = relationship(
        order_by="BookingChange.id", cascade="all, delete-orphan", passive_deletes=True
    )

    @property
    def mail_owner_id(self) -> int | None:
        """Return on whose behalf its mail is sent: a team's has several hosts, one after the other, hence None."""
        return self.host_id if self.team_id is None else None

    @property
    def hosts(self) -> list[User]:
        """Return who attends on the hosts' side, the organizer first."""
        return [self.host] if self.scheduling_type is None else [self.host, *(each.host for each in self.co_hosts)]


class BookingHost(Base):
    """A host of a booking, and the time that an accepted one takes: of one host, the database lets no two overlap.

    The organizer's row, at position 0, is the database's own: its triggers write it with the booking, and keep the
    status and the times of all rows as the booking's are.
    """

    __tablename__ = "booking_hosts"
    __table_args__ = (
        Index("ix_booking_hosts_host_id_status_start_time", "host_id", "status", "start_time"),
        Index("ix_booking_hosts_host_id_status_end_time", "host_id", "status", "end_time"),
    )

    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id", ondelete="CASCADE"), primary_key=True)
    host_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int]
    status: Mapped[BookingStatus] = mapped_column(String(16))
    start_time: Mapped[datetime] = mapped_column(UTCDateTime)
    end_time: Mapped[datetime] = mapped_column(UTCDateTime)

    host: Mapped[User] = relationship()


class ChangeAction(StrEnum):
    """What somebody did to a booking; a booking that takes another one's place was made by rescheduling."""

    REQUESTED = "requested"
    BOOKED = "booked"
    MOVE_REQUESTED = "move_requested"
    MOVED = "moved"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    NO_SHOW = "no_show"
    ASSIGNED = "assigned"
    REASSIGNED = "reassigned"


class BookingChange(Base):
    """Something that was done to a booking, by whom: an address, empty where calhooks did it by itself."""

    __tablename__ = "booking_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    action: Mapped[ChangeAction] = mapped_column(String(20))
    by_email: Mapped[str] = mapped_column(String(320), default="")
    detail: Mapped[str] = mapped_column(Text, default="")


class Attendee(Base):
    """Somebody who attends: the booker at position 0, then the guests."""

    __tablename__ = "attendees"

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(MAX_NAME_LENGTH))
    email: Mapped[str] = mapped_column(String(320))
    time_zone: Mapped[str] = mapped_column(String(64))
    locale: Mapped[str] = mapped_column(String(MAX_LOCALE_LENGTH))
    no_show: Mapped[bool] = mapped_column(default=False)


def bookings_of(owner: Owner) -> ColumnElement[bool]:
    """Return the condition for a person's or a team's bookings.

    A person's are those that they attend as a host of any sort, for a team as long as they belong to it.
    """
    if owner.team_id is not None:
        return Booking.team_id == owner.team_id
    hosted = select(BookingHost.booking_id).where(BookingHost.host_id == owner.user_id)
    return and_(Booking.id.in_(hosted), is_seen_by(owner.user_id))


def is_seen_by(user_id: int | None) -> ColumnElement[bool]:
    """Return the condition for bookings that are no team's, or of a team that a person belongs to."""
    teams = select(Membership.team_id).where(Membership.user_id == user_id)
    return or_(Booking.team_id.is_(None), Booking.team_id.in_(teams))

"""Event types, weekly hours, bookings and who attends them."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from calhooks.accounts.models import User
from calhooks.db import Base, UTCDateTime


class BookingStatus(StrEnum):
    """Only ACCEPTED bookings take a slot."""

    ACCEPTED = "ACCEPTED"
    PENDING = "PENDING"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"


class LocationKind(StrEnum):
    """Where a meeting is. The attendee's phone number is asked for when it is booked."""

    LINK = "link"
    IN_PERSON = "in_person"
    HOST_PHONE = "host_phone"
    ATTENDEE_PHONE = "attendee_phone"
    SOMEWHERE_ELSE = "somewhere_else"


class WindowKind(StrEnum):
    """How far ahead something can be booked: without an end, so many days from today, or between two days."""

    UNLIMITED = "unlimited"
    ROLLING = "rolling"
    RANGE = "range"


class Schedule(Base):
    """A host's hours, in `time_zone`."""

    __tablename__ = "schedules"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    time_zone: Mapped[str] = mapped_column(String(64))

    ranges: Mapped[list["ScheduleRange"]] = relationship(
        order_by="ScheduleRange.weekday, ScheduleRange.start_minute", cascade="all, delete-orphan", passive_deletes=True
    )
    overrides: Mapped[list["DateOverride"]] = relationship(
        order_by="DateOverride.day", cascade="all, delete-orphan", passive_deletes=True
    )


class ScheduleRange(Base):
    """Hours on one weekday: Monday is 0; minutes since local midnight, `end_minute` up to 1440."""

    __tablename__ = "schedule_ranges"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("0 <= start_minute AND start_minute < end_minute AND end_minute <= 1440", name="minutes"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"), index=True)
    weekday: Mapped[int]
    start_minute: Mapped[int]
    end_minute: Mapped[int]


class DateOverride(Base):
    """One day of a schedule with hours of its own, as pairs of minutes since local midnight; without any it is off."""

    __tablename__ = "date_overrides"
    __table_args__ = (UniqueConstraint("schedule_id", "day"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"))
    day: Mapped[date] = mapped_column(Date)
    ranges: Mapped[list[list[int]]] = mapped_column(JSON, default=list)


class Absence(Base):
    """Days on which a host is away, whatever the schedules say, by the host's own clock."""

    __tablename__ = "absences"
    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="days"),
        Index("ix_absences_owner_id_last_day", "owner_id", "last_day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    note: Mapped[str] = mapped_column(String(200), default="")


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
    slug: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    length: Mapped[int]
    other_lengths: Mapped[list[int]] = mapped_column(JSON, default=list)
    location_kind: Mapped[LocationKind] = mapped_column(String(20), default=LocationKind.SOMEWHERE_ELSE)
    location: Mapped[str] = mapped_column(String(1000), default="")
    other_locations: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    questions: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    booking_name: Mapped[str] = mapped_column(String(500), default="")
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
    redirect_url: Mapped[str] = mapped_column(String(2000), default="")

    owner: Mapped[User] = relationship()
    schedule: Mapped[Schedule] = relationship()

    @property
    def lengths(self) -> list[int]:
        """Return every length that can be booked, the shortest first."""
        return sorted({self.length, *self.other_lengths})


class Booking(Base):
    """One meeting, with what its event type said when it was booked, so that later edits do not change the past.

    `root_uid` is the uid of the first booking of a chain of reschedules, its own when it was never moved;
    `rescheduled_from_id` the one it replaces (or asks to replace, while PENDING). `submission_key` tells the same form
    sent twice; it is unique among the open ones.
    `meeting_started_at` and `meeting_ended_at` are when those events were recorded; `remind_at` is when a reminder is
    owed, None once it was or where there is to be none.
    """

    __tablename__ = "bookings"
    __table_args__ = (
        CheckConstraint("start_time < end_time", name="times"),
        Index("ix_bookings_host_id_status_start_time", "host_id", "status", "start_time"),
        Index("ix_bookings_host_id_status_end_time", "host_id", "status", "end_time"),
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
    host_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    event_type_id: Mapped[int | None] = mapped_column(ForeignKey("event_types.id", ondelete="SET NULL"), index=True)
    type: Mapped[str] = mapped_column(String(100))
    event_title: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(1000))
    description: Mapped[str] = mapped_column(Text, default="")
    length: Mapped[int]
    status: Mapped[BookingStatus] = mapped_column(String(16))
    start_time: Mapped[datetime] = mapped_column(UTCDateTime)
    end_time: Mapped[datetime] = mapped_column(UTCDateTime)
    location: Mapped[str] = mapped_column(String(1000), default="")
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
    event_type: Mapped[EventType | None] = relationship()
    rescheduled_from: Mapped["Booking | None"] = relationship(remote_side=[id])
    attendees: Mapped[list["Attendee"]] = relationship(
        order_by="Attendee.position", cascade="all, delete-orphan", passive_deletes=True
    )
    changes: Mapped[list["BookingChange"]] = relationship(
        order_by="BookingChange.id", cascade="all, delete-orphan", passive_deletes=True
    )


class ChangeAction(StrEnum):
    """What somebody did to a booking; a booking that takes another one's place was made by moving."""

    REQUESTED = "requested"
    BOOKED = "booked"
    MOVE_REQUESTED = "move_requested"
    MOVED = "moved"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    NO_SHOW = "no_show"


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
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(320))
    time_zone: Mapped[str] = mapped_column(String(64))
    locale: Mapped[str] = mapped_column(String(16))
    no_show: Mapped[bool] = mapped_column(default=False)


class CalendarFeed(Base):
    """A host's private calendar address. Who knows its `token` can read what the host's calendar says."""

    __tablename__ = "calendar_feeds"

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    owner: Mapped[User] = relationship()

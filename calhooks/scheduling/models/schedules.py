"""When a host can be booked: weekly hours, date overrides, time off."""

from datetime import date

from sqlalchemy import JSON, CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from calhooks.db import Base

MAX_SCHEDULE_NAME_LENGTH = 100
MAX_NOTE_LENGTH = 200


class Schedule(Base):
    """A host's hours, in `time_zone`."""

    __tablename__ = "schedules"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(MAX_SCHEDULE_NAME_LENGTH))
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
    note: Mapped[str] = mapped_column(String(MAX_NOTE_LENGTH), default="")

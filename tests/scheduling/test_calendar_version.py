"""The number on a host's row that every change moves which can make the judgement of a booking wrong."""

import re
from typing import Any, cast

import pytest
from sqlalchemy import Table, delete, insert, select, update

from calhooks.accounts.models import User
from calhooks.db import Base, writing
from calhooks.scheduling.assignment.attendance import add_co_hosts
from calhooks.scheduling.models.bookings import Booking, BookingHost
from calhooks.scheduling.models.event_types import EventType, SchedulingType
from calhooks.scheduling.models.schedules import Absence, DateOverride, Schedule, ScheduleRange
from calhooks.webhooks.models import Webhook
from tests import factories
from tests.scheduling.bookings.prepared import full_house, prepare, statements
from tests.scheduling.helpers import at

pytestmark = pytest.mark.usefixtures("watch", "session")

# What the judgement of a booking reads of a host, and of which columns it does not.
WATCHED: dict[type[Base], set[str]] = {
    User: {"id", "password_hash", "is_admin", "created_at", "calendar_version"},
    EventType: set(),
    Schedule: set(),
    ScheduleRange: set(),
    DateOverride: set(),
    Absence: set(),
    Webhook: set(),
    # What a booking says beside its time and its state decides about no other one.
    Booking: {
        *("id", "uid", "root_uid", "type", "event_title", "title", "description", "length", "location"),
        *("additional_notes", "responses", "metadata", "rescheduled_from_id", "reschedule_reason", "rescheduled_by"),
        *("cancellation_reason", "cancelled_by", "rejection_reason", "created_at"),
        *("meeting_started_at", "meeting_ended_at", "remind_at"),
        *("team_id", "scheduling_type", "assignment"),
    },
    BookingHost: set(),
}
# A trigger on endpoints would have pumps wait for bookings: they are looked at again under the lock.
LOOKED_AT_AGAIN = {"endpoints"}
# Read together with event types, but only of a team's, which are judged under the lock.
OF_TEAMS = {"teams"}


def busy_house() -> EventType:
    """An event type of a host who has something of everything, and attends a team's meeting beside its organizer."""
    organizer = factories.create_user()
    factories.create_schedule(organizer)
    event_type = full_house()
    host = event_type.owner
    team = factories.create_team(organizer, members=[host])
    talk = factories.create_team_event_type(team, [organizer, host], SchedulingType.COLLECTIVE)
    booking = factories.create_booking(talk, at(16), host_id=organizer.id)
    with writing() as session:
        add_co_hosts(session, booking, [host])
    return event_type


def table_of(model: type[Base]) -> Table:
    return cast(Table, model.__table__)


def test_what_is_judged_reads_nothing_that_is_not_watched() -> None:
    event_type = busy_house()
    with statements() as seen:
        prepare(event_type)
    read = {name for each in seen if each.startswith("SELECT") for name in re.findall(r"(?:FROM|JOIN) (\w+)", each)}
    assert read <= {table_of(model).name for model in WATCHED} | LOOKED_AT_AGAIN | OF_TEAMS
    # Nothing is watched in vain.
    assert {table_of(model).name for model in WATCHED} <= read


@pytest.mark.parametrize("model", WATCHED, ids=lambda model: table_of(model).name)
def test_each_column_that_is_read_moves_the_version(model: type[Base]) -> None:
    host = busy_house().owner_id
    assert host
    table = table_of(model)
    own = {"id", "owner_id", "host_id", "schedule_id"} & {column.name for column in table.columns}
    still = {column.name for column in table.columns if not moves(host, update(table).values({column.name: column}))}
    assert still - own == WATCHED[model] - own


@pytest.mark.parametrize(
    "model", [model for model in WATCHED if model is not User], ids=lambda each: table_of(each).name
)
def test_each_row_that_comes_or_goes_moves_the_version(model: type[Base]) -> None:
    host = busy_house().owner_id
    assert host
    table = table_of(model)
    with writing() as session:
        rows = select(table).order_by(*(column.desc() for column in table.primary_key.columns)).limit(1)
        hosts_own = {name: host for name in ("owner_id", "host_id") if name in table.columns}
        row = session.execute(rows.filter_by(**hosts_own)).mappings().one()
        if model is EventType:
            session.execute(delete(Booking))
    assert moves(host, delete(table).filter_by(**{key: row[key] for key, _ in table.primary_key.columns.items()}))
    assert moves(host, insert(table).values(row))


def moves(host_id: int, statement: Any) -> bool:
    """Tell whether a statement, written by whatever service, moves the host's version."""
    with writing() as session:
        version = select(User.calendar_version).where(User.id == host_id)
        before = session.scalar(version)
        session.execute(statement)
        return session.scalar(version) != before

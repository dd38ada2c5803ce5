import pytest
from sqlalchemy.orm import Session

from calhooks.accounts.owners import owner_of
from calhooks.db import writing
from calhooks.scheduling.availability.schedules import (
    TypedHours,
    find_schedule,
    list_schedules,
    minute_as_clock_time,
    update_schedule,
)
from calhooks.scheduling.defaults import give_defaults
from calhooks.scheduling.errors import InvalidInput, NotFound
from calhooks.scheduling.event_types.lookups import list_event_types
from calhooks.scheduling.models.schedules import Schedule
from tests import factories


def shown(schedule: Schedule) -> list[tuple[int, str, str]]:
    return [
        (each.weekday, minute_as_clock_time(each.start_minute), minute_as_clock_time(each.end_minute))
        for each in schedule.ranges
    ]


def update(schedule: Schedule, *hours: TypedHours, owner=None, name: str = "Hours", zone: str = "UTC") -> Schedule:
    with writing() as session:
        owner = owner or factories.User(id=schedule.owner_id)
        return update_schedule(session, owner, schedule.id, name=name, time_zone=zone, hours=hours)


def test_a_new_account_has_working_hours_and_two_event_types(session: Session) -> None:
    owner = factories.create_user(time_zone="Asia/Kolkata")
    with writing() as inner:
        give_defaults(inner, owner)
    (schedule,) = list_schedules(session, owner)
    assert schedule.time_zone == "Asia/Kolkata"
    assert shown(schedule) == [(day, "09:00", "17:00") for day in range(5)]
    assert [(each.slug, each.length, each.schedule_id) for each in list_event_types(session, owner_of(owner))] == [
        ("15min", 15, schedule.id),
        ("30min", 30, schedule.id),
    ]


def test_hours_are_replaced_by_what_was_typed(session: Session) -> None:
    schedule = factories.create_schedule(factories.create_user())
    update(
        schedule,
        TypedHours(6, "20:00", "00:00"),
        TypedHours(0, "13:00", "24:00"),
        TypedHours(0, "8:30", "12:00"),
        name=" Mornings ",
        zone="Asia/Calcutta",
    )
    session.expire_all()
    assert (schedule.name, schedule.time_zone) == ("Mornings", "Asia/Kolkata")
    assert shown(schedule) == [(0, "08:30", "12:00"), (0, "13:00", "24:00"), (6, "20:00", "24:00")]


def test_a_host_may_have_no_hours_at_all(session: Session) -> None:
    schedule = factories.create_schedule(factories.create_user())
    update(schedule)
    session.expire_all()
    assert shown(schedule) == []


@pytest.mark.parametrize(
    ("hours", "field", "sentence"),
    [
        ([TypedHours(0, "10:00", "09:00")], "monday", "end after"),
        ([TypedHours(1, "09:00", "09:00")], "tuesday", "end after"),
        ([TypedHours(2, "09:00", "12:00"), TypedHours(2, "11:00", "13:00")], "wednesday", "overlap"),
        ([TypedHours(3, "9", "10:00")], "thursday", "09:00"),
        ([TypedHours(4, "24:30", "25:00")], "friday", "09:00"),
        ([TypedHours(5, "", "")], "saturday", "09:00"),
        ([TypedHours(6, "09:00", "10:00")] * 21, "sunday", "20"),
    ],
)
def test_hours_that_cannot_be_are_said_at_their_day(session: Session, hours, field: str, sentence: str) -> None:
    schedule = factories.create_schedule(factories.create_user())
    with pytest.raises(InvalidInput, match=sentence) as refused:
        update(schedule, *hours)
    assert list(refused.value.errors) == [field]
    session.expire_all()
    assert len(shown(schedule)) == 5


def test_a_name_and_a_zone_are_needed(session: Session) -> None:
    schedule = factories.create_schedule(factories.create_user())
    with pytest.raises(InvalidInput) as refused:
        update(schedule, name=" ", zone="Mars/Olympus")
    assert set(refused.value.errors) == {"name", "timeZone"}


def test_someone_elses_schedule_does_not_exist(session: Session) -> None:
    schedule = factories.create_schedule(factories.create_user())
    stranger = factories.create_user()
    with pytest.raises(NotFound):
        find_schedule(session, stranger, schedule.id)
    with pytest.raises(NotFound):
        update(schedule, owner=stranger)

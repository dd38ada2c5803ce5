from datetime import UTC, date, timedelta

import pytest
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.db import writing
from calhooks.scheduling.availability import absences, overrides
from calhooks.scheduling.availability.absences import Kept, add_absence, list_absences, remove_absence
from calhooks.scheduling.availability.hindrances import Wanted
from calhooks.scheduling.availability.openings import free_times
from calhooks.scheduling.availability.overrides import remove_override, set_override
from calhooks.scheduling.availability.schedules import TypedTimes, create_schedule, delete_schedule, list_schedules
from calhooks.scheduling.availability.slots import Days
from calhooks.scheduling.errors import InvalidInput, NotAllowed, NotFound, SlotNotOffered
from calhooks.scheduling.models.event_types import EventType
from calhooks.scheduling.models.schedules import DateOverride
from tests import factories
from tests.scheduling.conftest import Watch
from tests.scheduling.helpers import NOW, at, book_at

pytestmark = pytest.mark.usefixtures("watch")
WEEK = (date(2026, 3, 2), date(2026, 3, 8))


@pytest.fixture
def event_type(session: Session) -> EventType:
    return factories.create_event_type(factories.create_user(), length=60, minimum_notice=0)


def override(event_type: EventType, day: str, *hours: tuple[str, str], owner: User | None = None) -> DateOverride:
    with writing() as session:
        return set_override(
            session,
            owner or event_type.owner,
            event_type.schedule_id,
            day=day,
            hours=[TypedTimes(*each) for each in hours],
        )


def leave(owner: User, first: str, last: str = "", note: str = "") -> Kept:
    with writing() as session:
        return add_absence(session, owner, first=first, last=last, note=note)


def offered(session: Session, event_type: EventType) -> dict[int, list[int]]:
    """The hours that are offered on each day of the week."""
    days: dict[int, list[int]] = {}
    for start in free_times(session, event_type, Days(WEEK[0], WEEK[1], UTC), Wanted(now=NOW)):
        days.setdefault(start.day, []).append(start.hour)
    return days


def test_a_day_has_other_hours_until_they_are_removed(session: Session, event_type: EventType) -> None:
    other = override(event_type, "2026-03-03", ("14:00", "16:00"), ("08:00", "09:00"))
    assert offered(session, event_type)[3] == [8, 14, 15]
    assert book_at(event_type, at(8))
    with pytest.raises(SlotNotOffered):
        book_at(event_type, at(10))
    override(event_type, "2026-03-03", ("20:00", "00:00"))
    assert offered(session, event_type)[3] == [20, 21, 22, 23]
    with writing() as inner:
        assert remove_override(inner, event_type.owner, event_type.schedule_id, other.id).day == date(2026, 3, 3)
    assert offered(session, event_type)[3] == [9, 10, 11, 12, 13, 14, 15, 16]


def test_a_day_is_off_and_a_day_off_is_opened(session: Session, event_type: EventType) -> None:
    override(event_type, "2026-03-03")
    override(event_type, "2026-03-07", ("10:00", "12:00"))
    days = offered(session, event_type)
    assert list(days) == [2, 4, 5, 6, 7]
    assert days[7] == [10, 11]


@pytest.mark.parametrize(
    ("day", "hours", "name"),
    [
        ("", [], "day"),
        ("2026-02-30", [], "day"),
        ("2026-02-28", [], "day"),
        ("2026-03-03", [("10:00", "09:00")], "hours"),
        ("2026-03-03", [("soon", "09:00")], "hours"),
        ("2026-03-03", [("09:00", "10:00")] * 21, "hours"),
    ],
)
def test_days_that_cannot_be_are_refused(event_type: EventType, day: str, hours: list, name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        override(event_type, day, *hours)
    assert list(refused.value.errors) == [name]


@pytest.mark.parametrize(
    ("first", "last", "name"), [("2026-02-28", "", "firstDay"), ("2026-02-27", "2026-02-28", "lastDay")]
)
def test_nobody_was_away_afterwards(event_type: EventType, first: str, last: str, name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        leave(event_type.owner, first, last)
    assert refused.value.errors == {name: "This day has passed."}


def test_days_that_have_passed_take_no_room(
    session: Session, event_type: EventType, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overrides, "MAX_OVERRIDES", 1)
    monkeypatch.setattr(absences, "MAX_ABSENCES", 1)
    override(event_type, "2026-03-03")
    leave(event_type.owner, "2026-03-03")
    for full in (lambda: override(event_type, "2026-03-04"), lambda: leave(event_type.owner, "2026-03-04")):
        with pytest.raises(InvalidInput, match="Remove some first"):
            full()
    watch.now = at(12, day=4)
    assert override(event_type, "2026-03-04").day == leave(event_type.owner, "2026-03-04").absence.first_day


def test_a_host_who_is_away_cannot_be_booked_by_any_schedule(session: Session, event_type: EventType) -> None:
    kept = leave(event_type.owner, "2026-03-03", "2026-03-04", " Holiday ")
    assert list(offered(session, event_type)) == [2, 5, 6]
    assert (kept.absence.note, kept.booked) == ("Holiday", 0)
    with pytest.raises(SlotNotOffered):
        book_at(event_type, at(10))
    with writing() as inner:
        remove_absence(inner, event_type.owner, kept.absence.id)
    assert book_at(event_type, at(10))


def test_what_was_booked_before_is_counted_and_stays(session: Session, event_type: EventType) -> None:
    booking = book_at(event_type, at(10))
    assert leave(event_type.owner, "2026-03-03").booked == 1
    assert booking.status == "ACCEPTED"


def test_the_days_away_are_the_hosts(session: Session) -> None:
    host = factories.create_user(time_zone="Asia/Tokyo")
    hours = factories.create_schedule(host, (0, 24), range(7))
    event_type = factories.create_event_type(host, schedule=hours, length=60, minimum_notice=0)
    leave(host, "2026-03-04")
    times = free_times(session, event_type, Days(WEEK[0], WEEK[1], UTC), Wanted(now=NOW))
    assert [start for start in times if at(14, 1) <= start < at(15, day=4)] == []
    assert at(14) in times
    assert at(15, day=4) in times


def test_absences_are_listed_until_they_are_over(session: Session, event_type: EventType, watch: Watch) -> None:
    watch.now = NOW - timedelta(days=40)
    leave(event_type.owner, "2026-02-01", "2026-03-01")
    leave(event_type.owner, "2026-04-01")
    leave(event_type.owner, "2026-03-01", "2026-03-02")
    listed = list_absences(session, event_type.owner, NOW)
    assert [each.last_day for each in listed] == [date(2026, 3, 2), date(2026, 4, 1)]


@pytest.mark.parametrize(
    ("first", "last", "note", "name"),
    [
        ("", "", "", "firstDay"),
        ("2026-03-04", "2026-03-03", "", "lastDay"),
        ("2026-03-04", "later", "", "lastDay"),
        ("2026-03-04", "2036-03-04", "", "lastDay"),
        ("2026-03-04", "", "x" * 201, "note"),
    ],
)
def test_absences_that_cannot_be_are_refused(
    event_type: EventType, first: str, last: str, note: str, name: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        leave(event_type.owner, first, last, note)
    assert list(refused.value.errors) == [name]


def test_someone_elses_days_do_not_exist(session: Session, event_type: EventType) -> None:
    stranger = factories.create_user()
    other, kept = override(event_type, "2026-03-03"), leave(event_type.owner, "2026-03-04")
    with pytest.raises(NotFound):
        override(event_type, "2026-03-03", owner=stranger)
    with pytest.raises(NotFound), writing() as inner:
        remove_override(inner, stranger, event_type.schedule_id, other.id)
    with pytest.raises(NotFound), writing() as inner:
        remove_absence(inner, stranger, kept.absence.id)
    with pytest.raises(NotFound), writing() as inner:
        delete_schedule(inner, stranger, event_type.schedule_id)


def test_a_host_has_several_schedules_each_in_its_own_zone(session: Session, event_type: EventType) -> None:
    with writing() as inner:
        evenings = create_schedule(inner, event_type.owner, name=" Evenings ")
        evenings.time_zone = "America/New_York"
        other = EventType(owner_id=event_type.owner_id, schedule=evenings, slug="other", title="Other", length=60)
        inner.add(other)
    assert [each.name for each in list_schedules(session, event_type.owner)] == ["Working hours", "Evenings"]
    assert offered(session, other)[3][0] == 14
    with pytest.raises(InvalidInput), writing() as inner:
        create_schedule(inner, event_type.owner, name=" ")


def test_a_schedule_is_deleted_and_its_event_types_go_on_with_another(session: Session, event_type: EventType) -> None:
    with writing() as inner:
        second = create_schedule(inner, event_type.owner, name="Second")
        delete_schedule(inner, event_type.owner, event_type.schedule_id)
    session.expire_all()
    assert event_type.schedule_id == second.id
    with pytest.raises(NotAllowed), writing() as inner:
        delete_schedule(inner, event_type.owner, second.id)

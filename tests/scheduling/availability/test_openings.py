import time
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from calhooks import ids
from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Team
from calhooks.db import writing
from calhooks.scheduling.availability.hindrances import Wanted
from calhooks.scheduling.availability.openings import free_times, require_offered
from calhooks.scheduling.availability.slots import Days
from calhooks.scheduling.availability.why_no_host import team_reasons
from calhooks.scheduling.bookings.cancel import cancel
from calhooks.scheduling.errors import SlotNotOffered
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType, Priority, SchedulingType
from calhooks.scheduling.models.schedules import Schedule, ScheduleRange
from calhooks.zones import zone_info
from tests import factories
from tests.scheduling.conftest import Watch
from tests.scheduling.helpers import NOW, at, book_at

TUESDAY = date(2026, 3, 3)


def short_booking(event_type: EventType, minute: int) -> dict[str, Any]:
    """An accepted booking of five minutes, so many minutes into the Tuesday."""
    start, uid = at(0) + timedelta(minutes=minute), ids.new_uid()
    return {
        "uid": uid,
        "root_uid": uid,
        "host_id": event_type.owner_id,
        "event_type_id": event_type.id,
        "type": "short",
        "event_title": "Short",
        "title": "Short",
        "length": 5,
        "status": BookingStatus.ACCEPTED,
        "start_time": start,
        "end_time": start + timedelta(minutes=5),
        "created_at": NOW,
    }


def test_free_times_are_the_hours_less_what_is_accepted(session: Session) -> None:
    event_type = factories.create_event_type(factories.create_user(), length=60)
    factories.create_booking(event_type, at(10))
    factories.create_booking(event_type, at(12), status=BookingStatus.PENDING)
    factories.create_booking(event_type, at(13), status=BookingStatus.CANCELLED)
    times = free_times(session, event_type, Days(TUESDAY, TUESDAY, UTC), Wanted(now=NOW))
    assert [start.hour for start in times] == [9, 11, 12, 13, 14, 15, 16]


def test_the_booking_that_is_moved_does_not_stand_in_its_own_way(session: Session) -> None:
    event_type = factories.create_event_type(factories.create_user(), length=60)
    booking = factories.create_booking(event_type, at(10))
    times = free_times(session, event_type, Days(TUESDAY, TUESDAY, UTC), Wanted(now=NOW, replaced=booking))
    assert at(10) in times


def test_the_booking_behind_a_request_to_move_it_does_not_stand_in_its_way(session: Session) -> None:
    event_type = factories.create_event_type(factories.create_user(), length=60)
    booking = factories.create_booking(event_type, at(10))
    request = factories.create_booking(event_type, at(14), status=BookingStatus.PENDING, rescheduled_from_id=booking.id)
    times = free_times(session, event_type, Days(TUESDAY, TUESDAY, UTC), Wanted(now=NOW, replaced=request))
    assert at(10) in times


def test_notice_counts_from_now(session: Session) -> None:
    event_type = factories.create_event_type(factories.create_user(), length=60)
    monday = TUESDAY - timedelta(days=1)
    times = free_times(session, event_type, Days(monday, monday, UTC), Wanted(now=NOW))
    assert times[0] == NOW + timedelta(hours=2)
    assert free_times(session, event_type, Days(monday, monday, UTC), Wanted(now=at(8))) == []


def test_a_meeting_that_reaches_in_from_the_day_before_takes_its_slots(session: Session) -> None:
    event_type = factories.create_event_type(factories.create_user(), length=60)
    factories.create_booking(event_type, at(22, day=2), end_time=at(11))
    times = free_times(session, event_type, Days(TUESDAY, TUESDAY, UTC), Wanted(now=NOW))
    assert times[0] == at(11)


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_ends_of_the_calendar_are_harmless(session: Session, day: date) -> None:
    event_type = factories.create_event_type(factories.create_user(), buffer_after=1_440, buffer_before=1_440)
    assert free_times(session, event_type, Days(day, day, zone_info("Asia/Tokyo")), Wanted(now=NOW)) == []


def test_a_month_of_a_host_with_five_thousand_bookings_costs_little(session: Session) -> None:
    event_type = factories.create_event_type(factories.create_user())
    with writing() as inner:
        inner.execute(insert(Booking), [short_booking(event_type, 8 * number) for number in range(5_000)])
    best = 1.0
    for _ in range(5):
        before = time.process_time()
        free_times(session, event_type, Days(date(2026, 3, 1), date(2026, 3, 31), UTC), Wanted(now=NOW))
        best = min(best, time.process_time() - before)
    assert best < 0.030


def test_who_has_no_schedule_can_be_met_at_no_time(session: Session, team: Team, alice: User, bob: User) -> None:
    day = Days(date(2026, 3, 3), date(2026, 3, 3), zone_info("Europe/London"))
    for kind, fixed, found in (
        (SchedulingType.COLLECTIVE, [], 0),
        (SchedulingType.ROUND_ROBIN, [], 16),
        (SchedulingType.ROUND_ROBIN, [alice], 0),
        (SchedulingType.ROUND_ROBIN, [bob], 0),
    ):
        event_type = factories.create_team_event_type(team, [alice, bob], kind, fixed=fixed, slug=f"{kind}{fixed}")
        with writing() as inner:
            inner.execute(delete(Schedule).where(Schedule.owner_id == bob.id))
        assert len(free_times(session, event_type, day, Wanted(now=NOW))) == found


def hours_in(user: User, zone: str, start: int = 9, end: int = 17) -> None:
    """Give somebody hours every day, by the clock of a zone."""
    schedule = Schedule(owner_id=user.id, name="Hours", time_zone=zone)
    schedule.ranges = [ScheduleRange(weekday=day, start_minute=start * 60, end_minute=end * 60) for day in range(7)]
    with writing() as session:
        session.add(schedule)


@pytest.mark.parametrize(
    ("zones", "length", "first", "last"),
    [
        # From 14:00 to 17:00: steps of 45 minutes from 9:00 would miss those from 14:00 for ever.
        (("Europe/London", "America/New_York"), 45, at(14), at(16, 15)),
        (("Europe/London", "America/New_York"), 90, at(14), at(15, 30)),
        # From 9:00 to 11:30.
        (("Europe/London", "Asia/Kolkata"), 60, at(9), at(10)),
        (("Europe/London", "Asia/Kathmandu"), 30, at(9), at(10, 30)),
    ],
)
def test_hosts_whose_hours_begin_at_different_times_can_meet_together(
    session: Session,
    watch: Watch,
    team: Team,
    alice: User,
    bob: User,
    carol: User,
    zones: tuple[str, str],
    length: int,
    first: datetime,
    last: datetime,
) -> None:
    hours_in(alice, zones[0])
    hours_in(bob, zones[1])
    hours_in(carol, "UTC", 0, 24)
    for kind, fixed in ((SchedulingType.COLLECTIVE, []), (SchedulingType.ROUND_ROBIN, [alice, bob])):
        hosts = [alice, bob] if kind == SchedulingType.COLLECTIVE else [alice, bob, carol]
        event_type = factories.create_team_event_type(team, hosts, kind, fixed=fixed, length=length, slug=str(kind))
        times = free_times(session, event_type, Days(TUESDAY, TUESDAY, UTC), Wanted(now=NOW))
        assert (times[0], times[-1]) == (first, last)
        assert {later - sooner for sooner, later in pairwise(times)} == {timedelta(minutes=length)}
        with pytest.raises(SlotNotOffered):
            require_offered(session, event_type, first + timedelta(minutes=5), length, NOW)
        answer = team_reasons(session, event_type, first + timedelta(minutes=5), Wanted(now=NOW), alice)
        assert (answer.is_free, [each.reasons for each in answer.hosts]) == (False, [[] for _ in hosts])
        assert "in between" in answer.reasons[0]
        assert team_reasons(session, event_type, first, Wanted(now=NOW), alice).is_free
        with writing() as inner:
            cancel(inner, book_at(event_type, first).uid, reason="", by=None)


def test_who_is_free_at_a_time_takes_it_also_where_it_is_offered_by_the_hours_of_another(
    session: Session, watch: Watch, team: Team, alice: User, bob: User
) -> None:
    hours_in(alice, "Europe/London")
    hours_in(bob, "Asia/Kolkata")
    event_type = factories.create_team_event_type(team, [alice, bob], length=60)
    event_type.hosts[0].priority = Priority.HIGH
    with writing() as inner:
        inner.add(event_type)
    assert book_at(event_type, at(9, 30)).host == alice
    assert book_at(event_type, at(9, 30), email="eve@example.com").host == bob

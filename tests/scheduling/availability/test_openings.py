import time
from datetime import UTC, date, timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from calhooks import ids
from calhooks.db import writing
from calhooks.scheduling.availability.hindrances import Wanted
from calhooks.scheduling.availability.openings import free_times
from calhooks.scheduling.availability.slots import Days
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType
from calhooks.zones import zone_info
from tests import factories
from tests.scheduling.helpers import NOW, at

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

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.db import writing
from calhooks.scheduling.availability.hindrances import Wanted
from calhooks.scheduling.availability.openings import free_times
from calhooks.scheduling.availability.slots import Days
from calhooks.scheduling.bookings.confirm import confirm
from calhooks.scheduling.errors import InvalidInput, NotAllowed, SlotNotOffered
from calhooks.scheduling.event_types.editing import create_event_type
from calhooks.scheduling.event_types.form import TypedEventType, check_event_type
from calhooks.scheduling.event_types.window_form import TypedWindow
from calhooks.scheduling.models.event_types import EventType, WindowKind
from tests import factories
from tests.scheduling.helpers import NOW, at, book_at, move

pytestmark = pytest.mark.usefixtures("watch")


def offered(session: Session, event_type: EventType, first: date, last: date, now: datetime = NOW) -> list[str]:
    """The days in March that have free times."""
    times = free_times(session, event_type, Days(first, last, UTC), Wanted(now=now))
    return sorted({f"{start:%d}" for start in times})


def march(session: Session, event_type: EventType) -> list[str]:
    return offered(session, event_type, date(2026, 3, 1), date(2026, 3, 31))


def hourly(**values: Any) -> EventType:
    return factories.create_event_type(factories.create_user(), length=60, **values)


def test_a_rolling_window_reaches_so_many_days_from_today(session: Session) -> None:
    event_type = hourly(window_kind=WindowKind.ROLLING, window_days=3)
    assert march(session, event_type) == ["02", "03", "04", "05"]
    with pytest.raises(SlotNotOffered):
        book_at(event_type, at(10, day=6))
    assert book_at(event_type, at(10, day=5))


def test_a_window_between_two_days_has_both_of_them(session: Session) -> None:
    event_type = hourly(window_kind=WindowKind.RANGE, window_start=date(2026, 3, 4), window_end=date(2026, 3, 5))
    assert march(session, event_type) == ["04", "05"]
    for day in (3, 6):
        with pytest.raises(SlotNotOffered):
            book_at(event_type, at(10, day=day))


def test_the_days_of_a_window_are_the_hosts(session: Session) -> None:
    tokyo = factories.create_user(time_zone="Asia/Tokyo")
    hours = factories.create_schedule(tokyo, (0, 24), range(7))
    event_type = factories.create_event_type(
        tokyo,
        schedule=hours,
        minimum_notice=0,
        window_kind=WindowKind.RANGE,
        window_start=date(2026, 3, 4),
        window_end=date(2026, 3, 4),
    )
    times = free_times(session, event_type, Days(date(2026, 3, 1), date(2026, 3, 9), UTC), Wanted(now=NOW))
    assert (times[0], times[-1]) == (at(15, day=3), at(14, 30, day=4))


@pytest.mark.parametrize(
    ("limit", "closed"),
    [("limit_day", ["03"]), ("limit_week", ["02", "03", "04", "05", "06"])],
)
def test_a_full_period_offers_nothing(session: Session, limit: str, closed: list[str]) -> None:
    event_type = hourly(**{limit: 2})
    everything = march(session, event_type)
    book_at(event_type, at(9))
    assert march(session, event_type) == everything
    book_at(event_type, at(11))
    assert march(session, event_type) == [day for day in everything if day not in closed]
    with pytest.raises(SlotNotOffered, match="No more bookings"):
        book_at(event_type, at(14))


def test_a_full_month_offers_nothing_until_the_next(session: Session) -> None:
    event_type = hourly(limit_month=1)
    book_at(event_type, at(9, day=31))
    assert march(session, event_type) == []
    assert offered(session, event_type, date(2026, 4, 1), date(2026, 4, 3)) == ["01", "02", "03"]


def test_limits_count_what_is_accepted_of_that_event_type_alone(session: Session) -> None:
    event_type = hourly(limit_day=1)
    other = factories.create_event_type(event_type.owner, slug="other", schedule=event_type.schedule)
    factories.create_booking(other, at(9))
    factories.create_booking(event_type, at(10), status="PENDING")
    factories.create_booking(event_type, at(10), status="CANCELLED")
    assert "03" in march(session, event_type)


def test_the_days_of_a_limit_are_the_hosts(session: Session) -> None:
    host = factories.create_user(time_zone="America/Los_Angeles")
    event_type = factories.create_event_type(
        host, schedule=factories.create_schedule(host, (0, 24), range(7)), limit_day=1, minimum_notice=0
    )
    factories.create_booking(event_type, at(6, day=4))  # 22:00 on the 3rd by the host's clock.
    times = free_times(session, event_type, Days(date(2026, 3, 3), date(2026, 3, 4), UTC), Wanted(now=NOW))
    assert [start for start in times if at(8) <= start < at(8, day=4)] == []
    assert at(7, 30) in times
    assert at(8, day=4) in times


def test_what_is_moved_does_not_count_against_its_own_limit(session: Session) -> None:
    event_type = hourly(limit_day=1)
    booking = book_at(event_type, at(9))
    assert move(booking, at(11)).start_time == at(11)


def test_confirming_heeds_the_limits(session: Session) -> None:
    event_type = hourly(limit_day=1, requires_confirmation=True)
    first, second = book_at(event_type, at(9)), book_at(event_type, at(11))
    with writing() as inner:
        confirm(inner, first.uid, event_type.owner)
    with pytest.raises(NotAllowed, match="This day is full"), writing() as inner:
        confirm(inner, second.uid, event_type.owner)


@pytest.mark.parametrize("now", [datetime(1, 2, 3, tzinfo=UTC), NOW])
def test_the_ends_of_the_calendar_are_harmless(session: Session, now: datetime) -> None:
    event_type = hourly(limit_month=1, limit_week=1, window_kind=WindowKind.ROLLING, window_days=3_650)
    for day in (date.min, date(9999, 11, 30), date.max):
        free_times(session, event_type, Days(day, day, UTC), Wanted(now=now))


def form(host: User, **values: Any) -> EventType:
    checked = check_event_type(TypedEventType(title="Chat", length=30, **values))
    with writing() as session:
        return create_event_type(session, owner_of(host), checked)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ({"kind": "sometimes"}, "windowKind"),
        ({"kind": "rolling", "days": ""}, "windowDays"),
        ({"kind": "rolling", "days": "-1"}, "windowDays"),
        ({"kind": "rolling", "days": "9" * 5_000}, "windowDays"),
        ({"kind": "range", "start": "soon", "end": "2026-03-05"}, "windowStart"),
        ({"kind": "range", "start": "2026-03-06", "end": "2026-03-05"}, "windowEnd"),
        ({"limit_day": "0"}, "limitDay"),
        ({"limit_week": "many"}, "limitWeek"),
        ({"limit_month": "1.5"}, "limitMonth"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(session: Session, typed: dict[str, str], name: str) -> None:
    host = factories.create_user()
    factories.create_schedule(host)
    with pytest.raises(InvalidInput) as refused:
        form(host, window=TypedWindow(**typed))
    assert list(refused.value.errors) == [name]


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "//evil.example", "/path", "ftp://example.com", "https://", "https://a@b.example/",
     "https://exa mple.com", "https://[", "https://example.com:port/", "https://example.com/" + "x" * 2_000],
)  # fmt: skip
def test_a_redirect_leads_to_a_web_page(session: Session, address: str) -> None:
    host = factories.create_user()
    factories.create_schedule(host)
    with pytest.raises(InvalidInput) as refused:
        form(host, redirect_url=address)
    assert list(refused.value.errors) == ["redirectUrl"]

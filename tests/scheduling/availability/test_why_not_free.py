from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from calhooks.db import writing
from calhooks.scheduling.availability.absences import add_absence
from calhooks.scheduling.availability.holds import hold
from calhooks.scheduling.availability.openings import require_offered
from calhooks.scheduling.availability.overrides import set_override
from calhooks.scheduling.availability.why_not_free import reasons
from calhooks.scheduling.errors import NotAllowed
from calhooks.scheduling.models.event_types import EventType, WindowKind
from tests import factories
from tests.scheduling.helpers import NOW, at

pytestmark = pytest.mark.usefixtures("watch")


def told(session: Session, event_type: EventType, start: datetime) -> str:
    return " ".join(reasons(session, event_type, start, NOW))


def test_a_free_time_has_none(session: Session) -> None:
    event_type = factories.create_event_type(factories.create_user(), length=60)
    assert reasons(session, event_type, at(10), NOW) == []


def test_each_reason_is_said(session: Session) -> None:
    event_type = factories.create_event_type(factories.create_user(), length=60, buffer_after=15, limit_day=1)
    host = event_type.owner
    assert "passed" in told(session, event_type, at(7, day=2))
    assert "2 hours of notice" in told(session, event_type, at(9, day=2))
    assert "between" in told(session, event_type, at(9, 30))
    assert "Tuesdays" in told(session, event_type, at(17))
    factories.create_booking(event_type, at(11))
    assert "“30 min meeting” with Ann Lee is at that time (11:00 – 12:00)." in told(session, event_type, at(11))
    assert "buffer" in told(session, event_type, at(10))
    assert "The day is full" in told(session, event_type, at(14))
    with writing() as inner:
        set_override(inner, host, event_type.schedule_id, day="2026-03-04", hours=[])
        add_absence(inner, host, first="2026-03-05", last="", note="")
    assert "other hours" in told(session, event_type, at(10, day=4))
    assert "out of office" in told(session, event_type, at(10, day=5))
    event_type.window_kind, event_type.window_days = WindowKind.ROLLING, 3
    assert "how far ahead" in told(session, event_type, at(10, day=6))


def test_a_time_that_somebody_is_about_to_book_says_so(session: Session) -> None:
    event_type = factories.create_event_type(factories.create_user())
    with writing() as inner:
        hold(inner, event_type, "somebody", at(10), 30, NOW)
    assert "filling in the form" in told(session, event_type, at(10))
    assert reasons(session, event_type, at(10, 30), NOW) == []


@pytest.fixture
def crowded(session: Session) -> EventType:
    event_type = factories.create_event_type(
        factories.create_user(),
        length=45,
        slot_interval=15,
        buffer_before=10,
        buffer_after=20,
        limit_week=6,
        window_kind=WindowKind.RANGE,
        window_start=date(2026, 3, 2),
        window_end=date(2026, 3, 11),
    )
    for hour, day in ((9, 3), (12, 3), (16, 4), (10, 10)):
        factories.create_booking(event_type, at(hour, day=day))
    with writing() as inner:
        add_absence(inner, event_type.owner, first="2026-03-05", last="", note="")
    return event_type


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 12 * 96))
def test_there_is_a_reason_exactly_when_a_booking_would_be_refused(
    session: Session, crowded: EventType, quarter: int
) -> None:
    start = at(0, day=2) + timedelta(minutes=15 * quarter)
    try:
        require_offered(session, crowded, start, crowded.length, NOW)
        refused = False
    except NotAllowed:
        refused = True
    assert bool(reasons(session, crowded, start, NOW)) == refused

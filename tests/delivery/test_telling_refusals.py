"""Which refusals say something about the receiver's pace, and which are about one delivery."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from calhooks.delivery.endpoint_state import FLIGHT, HEALTH, AttemptAnswer, EndpointState
from calhooks.delivery.pace import MOMENT, WINDOW, Pace
from calhooks.delivery.sending.sender import Result
from calhooks.egress.failures import Failure

NOW = datetime(2026, 3, 2, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
NEW: dict[str, Any] = dict.fromkeys(HEALTH) | {"id": 1, "active": True, "consecutive_failures": 0}


@pytest.fixture
def endpoint() -> EndpointState:
    return EndpointState(**NEW)


def taken(at: datetime) -> AttemptAnswer:
    return AttemptAnswer(Result(started_at=at, duration_ms=5, request_headers=(), status=200))


def refused(at: datetime, wait: timedelta, **details: Any) -> AttemptAnswer:
    result = Result(started_at=at, duration_ms=5, request_headers=(), status=429, failure=Failure.STATUS)
    return AttemptAnswer(result, refused=wait, **details)


def test_a_booking_refused_for_an_hour_again_holds_up_no_other(endpoint: EndpointState) -> None:
    endpoint.note([refused(NOW, HOUR)], NOW)
    later = NOW + HOUR
    assert endpoint.pace.asking
    # Nothing else was due meanwhile: the same booking is what finds out.
    endpoint.pace.take(1, later)
    endpoint.note([refused(later, HOUR, asked=True, repeats=1)], later)
    assert endpoint.pace.gate(later) == later + MOMENT


def test_a_refusal_after_a_silence_sets_no_pace(endpoint: EndpointState) -> None:
    endpoint.note([taken(NOW)], NOW)
    later = NOW + HOUR
    endpoint.note([refused(later, SECOND)], later)
    assert endpoint.pace.pace is None


def test_one_refusal_for_long_sets_no_pace_until_another_is_refused(endpoint: EndpointState) -> None:
    endpoint.note([taken(NOW)] * 20, NOW)
    endpoint.note([refused(NOW, HOUR)], NOW)
    assert endpoint.pace.pace is None
    endpoint.note([refused(NOW, HOUR)], NOW)
    assert endpoint.pace.pace == pytest.approx(17)


def test_two_refusals_for_long_within_a_minute_are_a_limit(endpoint: EndpointState) -> None:
    for second in (0, 20):
        at = NOW + second * SECOND
        endpoint.note([taken(at)] * 20, at)
        endpoint.note([refused(at, 10 * SECOND)], at)
    assert endpoint.pace.pace is not None


def test_the_refusals_of_one_flight_cut_the_pace_once(endpoint: EndpointState) -> None:
    endpoint.note([taken(NOW)] * 20, NOW)
    endpoint.note([refused(NOW, SECOND)], NOW)
    endpoint.note([refused(NOW + FLIGHT / 2, SECOND)], NOW + FLIGHT)
    assert endpoint.pace.pace == pytest.approx(17)


def test_what_was_taken_is_known_at_the_beginning_of_a_window_too() -> None:
    pace = Pace()
    for number in range(52):
        pace.note_taken(1, 5, NOW + number * WINDOW / 50, timedelta(seconds=0.1))
    pace.cut(NOW + 52 * WINDOW / 50)
    assert pace.pace == pytest.approx(8.5, rel=0.2)


def test_what_was_under_way_when_the_receiver_refused_raises_the_pace(endpoint: EndpointState) -> None:
    endpoint.note([taken(NOW)] * 4, NOW)
    endpoint.note([refused(NOW, SECOND)], NOW)
    endpoint.note([taken(NOW)] * 16, NOW + SECOND)
    assert (endpoint.pace.pace or 0) >= 0.85 * 16

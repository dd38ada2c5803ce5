"""What answers say about an endpoint: outages, recoveries and its pace."""

from datetime import UTC, datetime, timedelta

import pytest

from calhooks.delivery.endpoint_state import MAX_TELLING, STATE_COLUMNS, AttemptAnswer, EndpointState
from calhooks.delivery.models.endpoints import NoticeKind
from calhooks.delivery.pace import MIN_FIRST_RATE
from calhooks.delivery.sending.sender import Result
from calhooks.egress.failures import Failure

NOW = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)


@pytest.fixture
def state() -> EndpointState:
    nothing = dict.fromkeys(STATE_COLUMNS)
    return EndpointState.of(
        list(
            (nothing | {"id": 1, "active": True, "consecutive_failures": 0, "asking": False, "taken_count": 0}).values()
        )
    )


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def answer(
    status: int | None, seconds: float, *, repeats: int = 0, failure: Failure = Failure.DEADLINE
) -> AttemptAnswer:
    """Return an answer to a request that went out just before."""
    taken = status is not None and 200 <= status < 300
    result = Result(
        started_at=at(seconds - 0.01),
        duration_ms=10,
        request_headers=(),
        status=status,
        failure=None if taken else Failure.STATUS if status else Failure.DEADLINE,
    )
    return AttemptAnswer(result, refused=timedelta(hours=1) if status == 429 else None, repeats=repeats)


def note(state: EndpointState, status: int | None, seconds: float, *, repeats: int = 0) -> list[NoticeKind]:
    return [kind for kind, _ in state.note([answer(status, seconds, repeats=repeats)], at(seconds))]


def test_its_columns_come_back_as_they_were(state: EndpointState) -> None:
    note(state, 429, 0)
    assert EndpointState.of(list(state.values().values())) == state


def test_a_receiver_that_fails_for_some_bookings_has_no_outage(state: EndpointState) -> None:
    for second in range(0, 7200, 20):
        note(state, 500, second)
        note(state, 500, second + 5)
        note(state, 200, second + 10)
        assert state.recovering_since is None
    assert state.pace.is_open


def test_nothing_but_failures_for_a_minute_is_one(state: EndpointState) -> None:
    note(state, 500, 0)
    note(state, 500, 61)
    note(state, 200, 62)
    assert state.recovering_since == at(62)
    assert state.pace.rate is not None


def test_refusals_are_no_outage_and_switch_nothing_off(state: EndpointState) -> None:
    for hour in range(24 * 10):
        note(state, 429, hour * 3600)
    assert (state.active, state.failing_since, state.consecutive_failures) == (True, None, 0)
    note(state, 200, 24 * 10 * 3600)
    assert state.recovering_since is None


def test_the_owner_is_told_once_of_a_receiver_that_refuses_everything_for_long(state: EndpointState) -> None:
    told = [kind for minute in range(0, 120, 5) for kind in note(state, 429, minute * 60)]
    assert told == [NoticeKind.FAILING]
    assert note(state, 200, 7300) == [NoticeKind.RECOVERED]


def test_one_delivery_that_is_refused_again_and_again_slows_nobody_down_for_ever(state: EndpointState) -> None:
    for number in range(200):
        second = number * 10
        note(state, 429, second, repeats=number)
        for other in range(5):
            note(state, 200, second + 1 + other)
        if number > MAX_TELLING + 5:
            assert state.pace.rate is None or state.pace.rate > 2


def test_time_outs_slow_down_who_takes_others_but_not_who_takes_nothing(state: EndpointState) -> None:
    for number in range(50):
        note(state, None, number)
    assert state.pace.is_open
    note(state, 200, 50)
    state.recovering_since = None
    state.pace.forget()
    note(state, None, 51)
    first = state.pace.rate
    assert first is not None
    note(state, None, 52)
    assert state.pace.rate == first, "nothing was taken since"


def test_a_recovery_slows_down_at_a_failure_and_ends_when_the_outage_is_back(state: EndpointState) -> None:
    note(state, 500, 0)
    note(state, 500, 90)
    note(state, 200, 91)
    before = state.pace.rate
    note(state, 500, 92)
    assert before is not None
    assert state.pace.rate == before / 2
    assert state.recovering_since
    for second in range(93, 99):
        note(state, 500, second)
    assert state.recovering_since is None


def test_a_receiver_that_refuses_the_first_after_each_pause_is_not_slowed_down_more_and_more(
    state: EndpointState,
) -> None:
    for number in range(100):
        minute = number * 60
        note(state, 429, minute)
        note(state, 200, minute + 1)
    assert state.pace.rate is None or state.pace.rate >= MIN_FIRST_RATE


def test_after_a_minute_of_nothing_but_refusals_the_pace_is_found_anew(state: EndpointState) -> None:
    note(state, 200, 0)
    for second in range(1, 600):
        note(state, 429, second)
    assert state.pace.rate is not None
    assert state.pace.rate < 0.1
    for second in range(15):
        note(state, 200, 600 + second)
    assert state.pace.rate > 5

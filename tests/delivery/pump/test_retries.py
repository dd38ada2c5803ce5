"""When a failed delivery is tried again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calhooks.delivery.pump.retries import next_attempt_at, refusal_wait, schedule_span

NOW = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
WAITS = (5.0, 300.0, 1800.0)


@given(tries=st.integers(1, 3))
def test_each_wait_varies_by_up_to_a_fifth(tries: int) -> None:
    moment = next_attempt_at(NOW, tries=tries, waits=WAITS, retry_after=None)
    assert moment is not None
    assert 0.8 * WAITS[tries - 1] <= (moment - NOW).total_seconds() <= 1.2 * WAITS[tries - 1]


def test_waits_are_not_all_the_same() -> None:
    assert len({next_attempt_at(NOW, tries=1, waits=WAITS, retry_after=None) for _ in range(20)}) > 10


def test_a_schedule_that_is_used_up_gives_the_delivery_up() -> None:
    assert next_attempt_at(NOW, tries=4, waits=WAITS, retry_after=timedelta(seconds=1)) is None
    assert next_attempt_at(NOW, tries=1, waits=(), retry_after=None) is None


def test_retry_after_is_never_cut_short_and_the_schedule_never_shortened() -> None:
    late = next_attempt_at(NOW, tries=1, waits=WAITS, retry_after=timedelta(hours=3))
    assert late == NOW + timedelta(hours=3)
    early = next_attempt_at(NOW, tries=2, waits=WAITS, retry_after=timedelta(seconds=1))
    assert early is not None
    assert early >= NOW + timedelta(seconds=240)


def test_a_refusal_waits_as_it_was_told_up_to_the_whole_schedule_and_a_day() -> None:
    hour, days = timedelta(hours=1), timedelta(days=30)
    assert refusal_wait(hour, 1, WAITS) == hour
    assert refusal_wait(days, 1, WAITS) == timedelta(hours=24)
    assert refusal_wait(days, 1, (86400.0, 86400.0)) == schedule_span((86400.0, 86400.0))


@pytest.mark.parametrize("said", [None, timedelta()])
def test_a_refusal_that_says_nothing_of_use_waits_twice_as_long_each_time(said: timedelta | None) -> None:
    for refusals, seconds in ((1, 1), (2, 2), (3, 4), (6, 32), (12, 2048), (13, 3600), (1000, 3600)):
        wait = refusal_wait(said, refusals, WAITS).total_seconds()
        assert 0.8 * seconds <= wait <= 1.2 * seconds


@pytest.mark.parametrize(("minutes", "seconds"), [(0, 1), (0.25, 15), (1, 60), (30, 60)])
def test_where_nothing_is_said_one_that_was_refused_with_all_others_waits_as_long_as_they_were_refused(
    minutes: float, seconds: float
) -> None:
    wait = refusal_wait(None, 1, WAITS, timedelta(minutes=minutes)).total_seconds()
    assert 0.8 * seconds <= wait <= 1.2 * seconds

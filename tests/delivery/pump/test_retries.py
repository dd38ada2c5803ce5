"""When a failed delivery is tried again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calhooks.delivery.pump.retries import next_attempt_at, parse_retry_after

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


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("Thu, 05 Mar 2026 09:00:30 GMT", 30),
        ("Thursday, 05-Mar-26 09:00:30 GMT", 30),
        ("Thu Mar  5 09:00:30 2026", 30),
        ("Thu, 05 Mar 2026 11:00:30 +0200", 30),
        ("86400", 86400),
        ("86401", 86400),
        ("000000000000120", 120),
        ("9" * 5000, 86400),
        ("Fri, 05 Mar 2027 09:00:00 GMT", 86400),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date_up_to_a_day(value: str, seconds: int) -> None:
    assert parse_retry_after(value, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "0",
        "-5",
        "1.5",
        "soon",
        "٣",
        "Thu, 05 Mar 2026 08:59:59 GMT",
        "Thu, 99 Mar 2026 09:00:30 GMT",
        "1 2 3",
    ],
)
def test_anything_else_is_no_retry_after(value: str | None) -> None:
    assert parse_retry_after(value, NOW) is None


@given(st.text())
def test_no_header_can_break_it(value: str) -> None:
    wait = parse_retry_after(value, NOW)
    assert wait is None or timedelta() < wait <= timedelta(hours=24)

"""How fast an endpoint may be sent to, by what its receiver said."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calhooks.delivery.pace import ANSWER, FIRST_RATE, MAX_RATE, MOMENT, PACE_FORGOTTEN_AFTER, Pace

NOW = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def sent_in(pace: Pace, seconds: float, step: float = 0.01) -> int:
    """Send whatever may go out for so long and return how much that was."""
    count = 0
    for tick in range(round(seconds / step)):
        now = after(tick * step)
        room = pace.room(now)
        assert room is not None
        pace.take(room, now)
        count += room
    return count


def refused_once() -> Pace:
    """Return the pace of an endpoint that took ten in a second and refused one."""
    pace = Pace()
    pace.note_taken(10, 5, NOW, timedelta())
    pace.note_refused(MINUTE, after(1), asked=False)
    pace.cut(after(1))
    return pace


def test_who_never_refused_is_not_slowed_at_all() -> None:
    pace = Pace()
    for number in range(100):
        assert pace.room(after(number)) is None
        pace.take(1000, after(number))
        pace.note_taken(1000, 5, after(number), SECOND)
        assert (pace.gate(after(number)), pace.is_open) == (None, True)


@pytest.mark.parametrize("rate", [0.1, 1.0, 2.5, 10.0, 50.0, 400.0])
def test_a_limit_set_by_hand_is_kept(rate: float) -> None:
    seconds = max(20.0, 20 / rate)
    sent = sent_in(Pace(rate_limit=rate), seconds)
    assert 0.9 * rate * seconds <= sent <= rate * seconds * 1.01 + 1 + rate * 0.1


def test_at_a_slow_pace_two_are_never_nearer_than_it_says() -> None:
    pace, sent = Pace(rate_limit=1.0), []
    for tick in range(1000):
        now = after(tick * 0.037)
        if pace.room(now):
            pace.take(1, now)
            sent.append(now)
    assert all(later - before >= SECOND for before, later in pairwise(sent))


def test_the_slower_of_both_counts() -> None:
    assert Pace(rate_limit=2.0, pace=5.0).rate == 2.0
    assert Pace(rate_limit=9.0, pace=5.0).rate == 5.0
    assert Pace(rate_limit=9.0).rate == 9.0
    assert Pace().rate is None


def test_after_a_refusal_one_other_is_sent_a_moment_later() -> None:
    pace = refused_once()
    assert pace.room(after(1.9)) == 0
    assert pace.gate(after(1.9)) == after(1) + MOMENT
    assert pace.room(after(2)) == 1
    pace.take(1, after(2))
    assert pace.room(after(3)) == 0, "only one, until it is answered"


def test_when_that_one_is_refused_too_everything_waits_as_long_as_was_said() -> None:
    pace = refused_once()
    pace.take(1, after(2))
    pace.note_refused(10 * MINUTE, after(2.1), asked=True)
    assert pace.room(after(600)) == 0
    assert pace.room(after(602.2)) == 1, "and then one finds out again"


def test_one_that_is_refused_again_holds_nobody_up() -> None:
    pace = refused_once()
    pace.take(1, after(3600))
    pace.note_refused(60 * MINUTE, after(3600.1), asked=True, again=True)
    assert pace.room(after(3601.2)) == 1


def test_when_that_one_is_taken_the_rest_goes_on_slower() -> None:
    pace = refused_once()
    pace.take(1, after(2))
    pace.note_answered(after(2.1), taken=True)
    assert not pace.asking
    assert pace.held_until is None
    assert 0 < (pace.rate or 0) < 10


def test_a_worker_that_dies_with_the_one_that_finds_out_holds_nothing_up_for_long() -> None:
    pace = refused_once()
    pace.take(1, after(2))
    assert pace.room(after(2) + ANSWER) == 1


def test_one_refusal_is_forgotten_within_seconds_while_others_are_taken() -> None:
    pace = refused_once()
    pace.take(1, after(2))
    pace.note_answered(after(2.1), taken=True)
    now = 2.1
    for _ in range(60):
        assert pace.rate is not None
        now += 1 / pace.rate
        pace.note_taken(1, 5, after(now), timedelta(seconds=1 / pace.rate))
    assert now < 7
    assert pace.rate > 50


def test_a_second_refusal_is_a_limit_which_growth_comes_back_to_slowly() -> None:
    pace = refused_once()
    pace.pace = 8.0
    pace.taken_since, pace.taken_count = after(10), 16
    pace.cut(after(12))
    assert pace.pace_ceiling == 8.0
    rates, now = [pace.pace], 12.0
    while now < 92:
        now += 1 / pace.pace
        pace.note_taken(1, 5, after(now), timedelta(seconds=1 / pace.pace))
        rates.append(pace.pace)
    assert rates == sorted(rates)
    reached = rates.index(next(rate for rate in rates if rate >= 7.99))
    assert 8 * 25 < reached < 8 * 50
    assert rates[-1] > 9


def test_far_too_fast_comes_down_to_what_was_taken() -> None:
    pace = Pace(pace=400.0, pace_ceiling=400.0, taken_since=NOW, taken_count=10)
    pace.cut(after(2))
    assert pace.rate is not None
    assert pace.rate < 290
    for number in range(20):
        pace.taken_since, pace.taken_count = after(number), 5
        pace.cut(after(number + 1))
    assert pace.rate <= 5


def test_refusals_in_a_row_say_nothing_about_the_limit() -> None:
    pace = refused_once()
    for second in range(2, 5):
        pace.cut(after(second))
    assert pace.pace_ceiling is None
    slowest = pace.rate
    assert slowest is not None
    for second in range(5, 11):
        pace.note_taken(100, 5, after(second), SECOND)
    assert pace.rate is not None
    assert pace.rate > 20 * slowest


def test_growth_counts_answers_and_not_hours() -> None:
    pace = Pace(pace=1.0, pace_ceiling=1.2, paced_at=NOW)
    pace.note_taken(1, 5, after(3600), timedelta(hours=1))
    assert pace.rate is not None
    assert pace.rate < 1.2


def test_slow_answers_are_no_reason_to_send_twice_as_much() -> None:
    pace = Pace(pace=4.0, paced_at=NOW)
    pace.note_taken(4, 3500, after(1), SECOND)
    assert pace.rate == 4.0


def test_a_receiver_that_is_slow_by_nature_comes_back_to_its_limit_too() -> None:
    pace = Pace(pace=1.0, pace_ceiling=2.0, paced_at=NOW)
    for second in range(60):
        pace.note_taken(1, 5000, after(second), SECOND)
    assert pace.rate is not None
    assert pace.rate > 1.9


def test_a_quiet_day_is_enough_to_forget() -> None:
    pace = Pace(pace=0.5, pace_ceiling=0.6, paced_at=NOW, next_slot_at=NOW)
    assert pace.room(NOW + PACE_FORGOTTEN_AFTER - SECOND) == 1
    assert pace.room(NOW + PACE_FORGOTTEN_AFTER + SECOND) is None
    assert pace.rate is None


def test_a_recovery_begins_slowly_and_ends_without_a_pace_where_none_was() -> None:
    pace = Pace()
    pace.recover(NOW)
    assert pace.rate == FIRST_RATE
    pace.recovered()
    assert pace.is_open
    limited = Pace(pace=2.0, pace_ceiling=2.2, paced_at=NOW)
    limited.recover(NOW)
    limited.recovered()
    assert limited.rate == 2.0


@given(
    st.lists(
        st.tuples(st.sampled_from(["taken", "refused", "asked", "answered", "cut"]), st.floats(0, 7200)), max_size=60
    )
)
def test_whatever_is_answered_a_rate_is_never_nothing_and_never_absurd(story: list[tuple[str, float]]) -> None:
    pace, now = Pace(), 0.0
    for what, seconds in story:
        now += seconds
        moment = after(now)
        if room := pace.room(moment):
            pace.take(room, moment)
        match what:
            case "taken":
                pace.note_taken(3, 5, moment, timedelta(seconds=seconds))
            case "refused" | "asked":
                pace.note_refused(timedelta(seconds=seconds), moment, asked=what == "asked")
            case "answered":
                pace.note_answered(moment, taken=True)
            case "cut":
                pace.cut(moment)
        assert pace.rate is None or 1 / 60 <= pace.rate <= MAX_RATE
        gate = pace.gate(moment)
        assert gate is None or gate - moment <= timedelta(hours=2, seconds=1)

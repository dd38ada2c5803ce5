"""A pump under load looks for what is due less often, and finds more each time."""

from time import monotonic
from typing import Any

import pytest
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.config import current_config
from calhooks.delivery.pump import rest as rest_module
from calhooks.delivery.pump.pump import Pump
from calhooks.delivery.pump.rest import FEW, MAX_REST_SECONDS, Rest
from tests import factories
from tests.delivery.helpers import happen, states
from tests.delivery.receivers import Receiver

REST_SECONDS = 1.0


def turns(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float, int]]:
    """Collect when the turns of pumps begin and end (monotonic), and how many deliveries each claims."""
    seen: list[tuple[float, float, int]] = []
    turn = Pump._turn

    def seen_turn(self: Pump, **options: Any) -> Any:
        began = monotonic()
        result = turn(self, **options)
        seen.append((began, monotonic(), len(result.taken.claims)))
        return result

    monkeypatch.setattr(Pump, "_turn", seen_turn)
    monkeypatch.setattr(rest_module, "MAX_REST_SECONDS", REST_SECONDS)
    monkeypatch.setattr(rest_module, "RESTS", 1e6)
    monkeypatch.setattr(rest_module, "LOAD", 0.0)
    return seen


@pytest.mark.timed
@pytest.mark.parametrize("count", [1, FEW, FEW + 1])
def test_a_pump_rests_after_a_turn_that_found_few(
    session: Session, owner: User, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    happen(owner, [factories.create_endpoint(owner, receiver.url) for _ in range(count)])
    seen = turns(monkeypatch)
    pump = Pump(current_config())
    started = monotonic()
    pump.run()
    assert states(session) == ["delivered"] * count
    [(first_began, ended, claimed), (next_began, *_)] = seen[:2]
    assert claimed == count
    assert first_began - started < REST_SECONDS, "the first never waits"
    assert (next_began - ended >= REST_SECONDS) is (count <= FEW)


def rests(*, turn: float, every: float, count: int = 1, seconds: float = 5.0, more: bool = False) -> list[float]:
    """Return how long a pump rests after turns of a length, where work for one comes `every` so often."""
    rest, now, found = Rest(), 0.0, []
    while now < seconds:
        began = max(now, rest.until)
        rest.after(began, began + turn, count, more=more)
        found.append(round(rest.until - began - turn, 6))
        now = max(now + every, began + turn)
    return found


def test_where_turns_follow_each_other_most_are_followed_by_a_rest_of_twice_their_length() -> None:
    found = rests(turn=0.008, every=0.001)
    assert found[0] == 0
    assert set(found[20:]) == {0.016}


def test_a_rest_has_a_longest_length() -> None:
    assert set(rests(turn=0.02, every=0.001)[20:]) == {MAX_REST_SECONDS}


@pytest.mark.parametrize("every", [0.05, 0.1, 0.2, 1.0])
def test_what_comes_now_and_then_waits_for_no_rest(every: float) -> None:
    # For example a receiver of five a second, each of which is claimed and recorded.
    assert set(rests(turn=0.008, every=every)) == {0}


@pytest.mark.parametrize("options", [{"count": FEW + 1}, {"more": True}])
def test_a_turn_that_did_much_or_left_something_is_followed_by_none(options: dict[str, Any]) -> None:
    assert set(rests(turn=0.008, every=0.001, **options)) == {0}


def test_a_load_is_forgotten_within_a_second() -> None:
    rest = Rest()
    for number in range(100):
        rest.after(number * 0.01, number * 0.01 + 0.009, 1, more=False)
    assert rest.until > 0.999
    rest.after(2.0, 2.009, 1, more=False)
    assert rest.until == 2.009

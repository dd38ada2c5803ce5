"""A pump under load looks for what is due less often, and finds more each time."""

from time import monotonic
from typing import Any

import pytest
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.config import current_config
from calhooks.delivery.pump import pump as pump_module
from calhooks.delivery.pump.pump import FEW, Pump
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
    monkeypatch.setattr(pump_module, "MAX_REST_SECONDS", REST_SECONDS)
    monkeypatch.setattr(pump_module, "RESTS", 1e6)
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

"""A clock that tests move, and who receives what."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.config import Config, current_config
from calhooks.delivery.pump.pump import Pump
from tests import factories
from tests.delivery.receivers import Receiver


class MovingClock:
    """Shows the real time, or once it was stopped the moment when it was, plus whatever the test has added."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self.stopped_at: datetime | None = None

    def now(self) -> datetime:
        return (self.stopped_at or datetime.now(UTC)) + self.ahead

    def stop(self) -> None:
        self.stopped_at = datetime.now(UTC)

    def advance(self, **by: float) -> None:
        self.ahead += timedelta(**by)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> MovingClock:
    """Every clock of calhooks in this process."""
    moving = MovingClock()
    monkeypatch.setattr(clock, "now", moving.now)
    return moving


@pytest.fixture
def standing_clock(time: MovingClock) -> None:
    """Let no time pass but what a test adds: a slow machine must not count."""
    time.stop()


@pytest.fixture
def owner(session: Session) -> User:
    """Somebody with an account, inside an application context."""
    return factories.create_user("rick")


@pytest.fixture
def pump(session: Session) -> Pump:
    """A pump of this application."""
    return Pump(current_config())


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that answers 200."""
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def redis(config: Config) -> Redis:
    """The tests' Redis."""
    return Redis.from_url(config.redis_url)

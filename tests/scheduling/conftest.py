from datetime import datetime

import pytest

from calhooks import clock
from tests.scheduling.helpers import NOW


class Watch:
    """The clock of a test, which only the test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def set(self, moment: datetime) -> None:
        self.now = moment


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """A clock that stands still at NOW until the test moves it."""
    watch = Watch()
    monkeypatch.setattr(clock, "now", lambda: watch.now)
    return watch

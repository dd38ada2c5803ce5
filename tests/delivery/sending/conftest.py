"""A sender that reaches the receivers of tests."""

from collections.abc import Iterator

import pytest

from calhooks.delivery.sending.sender import Sender
from tests.delivery.receivers import CERTIFICATES
from tests.delivery.sending.posting import DEADLINE, LOOPBACK


@pytest.fixture
def sender() -> Iterator[Sender]:
    """A sender that may reach loopback, knows the tests' root, and gives each attempt one second."""
    sender = Sender(LOOPBACK, CERTIFICATES / "ca.pem", deadline_seconds=DEADLINE)
    yield sender
    sender.close()

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from tests.delivery.receivers import Receiver, receiving
from tests.factories import create_user


@pytest.fixture
def rick(session: Session) -> User:
    """The host whose webhooks these are."""
    return create_user("rick")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A real receiver on loopback that answers 200."""
    with receiving() as running:
        yield running

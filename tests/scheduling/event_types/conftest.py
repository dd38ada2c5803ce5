"""What the tests of event types share."""

import pytest
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from tests import factories


@pytest.fixture
def host(session: Session) -> User:
    """Rick, who has hours."""
    host = factories.create_user("rick")
    factories.create_schedule(host)
    return host

"""What belongs to whom, for the tests that walk every address."""

import pytest
from flask import Flask

from calhooks.accounts.models import User
from tests.web.site.belongings import Belongings, give_everything


@pytest.fixture
def ricks(app: Flask, rick: User) -> Belongings:
    """What belongs to Rick."""
    with app.app_context():
        return give_everything(rick)


@pytest.fixture
def anns(app: Flask, ann: User) -> Belongings:
    """What belongs to Ann."""
    with app.app_context():
        return give_everything(ann)

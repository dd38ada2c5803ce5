import pytest
from flask import Flask

from calhooks.accounts.models import User
from tests import factories


@pytest.fixture(params=["/rick/quick-chat", "/team/sales/quick-chat"], ids=["person", "team"])
def booking_page(request: pytest.FixtureRequest, app: Flask, rick: User) -> str:
    """The page on which Rick's Quick chat is booked: his own, or one of his team, which he alone hosts."""
    path: str = request.param
    if path.startswith("/team/"):
        with app.app_context():
            team = factories.create_team(rick)
            factories.create_team_event_type(team, [rick], slug="quick-chat", title="Quick chat")
    return path


@pytest.fixture
def slot_page(booking_page: str) -> str:
    """That page with Tuesday at ten chosen."""
    return f"{booking_page}?slot=2026-03-03T10:00:00Z"

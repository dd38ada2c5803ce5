"""The page that says why a time is not free."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks.accounts.models import User
from calhooks.scheduling.models.event_types import EventType
from tests import factories
from tests.web import pages
from tests.web.markup import elements

pytestmark = pytest.mark.usefixtures("watch")

PAGE = "/availability/why"


@pytest.fixture
def host(app: Flask, rick: User, event_type: EventType) -> FlaskClient:
    """Rick's browser."""
    client = app.test_client()
    pages.sign_in(client, rick)
    return client


def test_it_says_what_stands_in_the_way(host: FlaskClient, event_type: EventType) -> None:
    page = host.get(f"{PAGE}?eventType={event_type.id}&at=2026-03-03T20:00")
    assert "It does not fit into your hours of Tuesdays" in page.text
    assert "It is free" in host.get(f"{PAGE}?eventType={event_type.id}&at=2026-03-03T10:00").text


def test_a_longer_meeting_has_reasons_of_its_own(host: FlaskClient, app: Flask, rick: User) -> None:
    with app.app_context():
        number = factories.create_event_type(rick, slug="deep", other_lengths=[60], slot_interval=30).id
    asked = f"{PAGE}?eventType={number}&at=2026-03-03T16:30"
    page = host.get(asked)
    assert "It is free" in page.text
    link = next(each["href"] for each in elements(page) if "length=60" in (each.get("href") or ""))
    assert "It does not fit into your hours of Tuesdays" in host.get(link).text
    assert "It is free" in host.get(f"{asked}&length=61").text


@pytest.mark.parametrize(
    "query", ["at=", "at=soon&eventType=1", "at=2026-03-03T10:00&eventType=x", "at=9999-12-31T23:59&eventType=1"]
)
def test_what_is_no_time_is_asked_for_again(host: FlaskClient, query: str) -> None:
    assert "Choose an event type, a day and a time." in host.get(f"{PAGE}?{query}").text


def test_it_tells_nothing_of_other_accounts(app: Flask, event_type: EventType) -> None:
    with app.app_context():
        ann = factories.create_user("ann")
    client = app.test_client()
    pages.sign_in(client, ann)
    page = client.get(f"{PAGE}?eventType={event_type.id}&at=2026-03-03T20:00")
    assert "Quick chat" not in page.text
    assert "hours of" not in page.text

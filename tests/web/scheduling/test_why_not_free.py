"""The page that says why a time is not free."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks.accounts.models import User
from calhooks.scheduling.models.event_types import EventType
from tests import factories
from tests.web.markup import elements

pytestmark = pytest.mark.usefixtures("watch", "event_type")

PAGE = "/availability/why"


def test_it_says_what_stands_in_the_way(owner: FlaskClient, event_type: EventType) -> None:
    page = owner.get(f"{PAGE}?eventType={event_type.id}&at=2026-03-03T20:00")
    assert "It does not fit into your hours of Tuesdays" in page.text
    assert "It is free" in owner.get(f"{PAGE}?eventType={event_type.id}&at=2026-03-03T10:00").text


def test_a_longer_meeting_has_reasons_of_its_own(owner: FlaskClient, app: Flask, rick: User) -> None:
    with app.app_context():
        number = factories.create_event_type(rick, slug="deep", other_lengths=[60], slot_interval=30).id
    asked = f"{PAGE}?eventType={number}&at=2026-03-03T16:30"
    page = owner.get(asked)
    assert "It is free" in page.text
    link = next(each["href"] for each in elements(page) if "length=60" in (each.get("href") or ""))
    assert "It does not fit into your hours of Tuesdays" in owner.get(link).text
    assert "It is free" in owner.get(f"{asked}&length=61").text


@pytest.mark.parametrize(
    "query", ["at=", "at=soon&eventType=1", "at=2026-03-03T10:00&eventType=x", "at=9999-12-31T23:59&eventType=1"]
)
def test_what_is_no_time_is_asked_for_again(owner: FlaskClient, query: str) -> None:
    assert "Choose an event type, a day and a time." in owner.get(f"{PAGE}?{query}").text


def test_it_tells_nothing_of_other_accounts(other: FlaskClient, event_type: EventType) -> None:
    page = other.get(f"{PAGE}?eventType={event_type.id}&at=2026-03-03T20:00")
    assert "Quick chat" not in page.text
    assert "hours of" not in page.text

"""Finding bookings, taking them away as a table, and the story of one."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks.accounts.models import User
from calhooks.scheduling.models.event_types import EventType
from tests import factories
from tests.web import pages
from tests.web.markup import hook, hooks

pytestmark = pytest.mark.usefixtures("watch")

UPCOMING = "/bookings/upcoming"
ANN = {"name": "Ann Lee", "email": "ann@example.com"}


@pytest.fixture(autouse=True)
def _more(app: Flask, rick: User, event_type: EventType) -> None:
    """Rick has a webhook too, and a second event type that has been booked."""
    with app.app_context():
        factories.create_webhook(rick, "https://hooks.example.com/in")
        deep_dive = factories.create_event_type(rick, slug="other", title="Deep dive")
        factories.create_booking(deep_dive, datetime(2026, 3, 4, 10, tzinfo=UTC))


@pytest.fixture
def uid(client: FlaskClient) -> str:
    """A quick chat that Ann has booked."""
    link = "/rick/quick-chat?slot=2026-03-03T10:00:00Z"
    return pages.submit(client, link, ANN | {"name": "=Ann()"}).location.rpartition("/")[2]


def titles(client: FlaskClient, address: str) -> list[str]:
    return [
        name
        for name in ("Quick chat", "Deep dive")
        if any(name in row.text for row in hooks(client.get(address), "booking-item"))
    ]


def test_bookings_are_found_by_words_and_event_type(owner: FlaskClient, uid: str, event_type: EventType) -> None:
    assert titles(owner, UPCOMING) == ["Quick chat", "Deep dive"]
    assert titles(owner, f"{UPCOMING}?q=deep+ann") == ["Deep dive"]
    assert titles(owner, f"{UPCOMING}?eventType={event_type.id}") == ["Quick chat"]
    assert "Nothing found" in hook(owner.get(f"{UPCOMING}?q=nobody"), "empty-screen").text


@pytest.mark.parametrize("query", ["q=" + "x" * 5_000, "eventType=x", "eventType=9999999999999", "q=%25_'\""])
def test_nonsense_to_find_is_harmless(owner: FlaskClient, uid: str, query: str) -> None:
    assert owner.get(f"{UPCOMING}?{query}").status_code == 200
    assert owner.get(f"{UPCOMING}/bookings.csv?{query}").status_code == 200


def test_a_list_is_taken_away_as_a_table(owner: FlaskClient, uid: str, event_type: EventType) -> None:
    answer = owner.get(f"{UPCOMING}/bookings.csv?eventType={event_type.id}")
    assert answer.content_type.startswith("text/csv")
    assert 'filename="bookings-upcoming.csv"' in answer.headers["Content-Disposition"]
    _, row = answer.text.strip().split("\r\n")
    assert row.startswith(f"{uid},ACCEPTED,Quick chat,")
    assert ",'=Ann()," in row


def test_a_story_is_told_to_its_host(owner: FlaskClient, client: FlaskClient, uid: str) -> None:
    pages.submit(client, f"/booking/{uid}?cancel=true", {"cancellationReason": "Ill"}, to=f"/booking/{uid}")
    page = owner.get(f"/bookings/history/{uid}")
    for words in ("booked it", "cancelled it", "Ill", "Booking created", "Booking cancelled", "hooks.example.com/in"):
        assert words in page.text
    assert f"/bookings/history/{uid}" in owner.get(f"/booking/{uid}").text
    assert f"/bookings/history/{uid}" not in client.get(f"/booking/{uid}").text


def test_the_story_of_a_booking_that_nothing_was_written_down_of(
    owner: FlaskClient, app: Flask, event_type: EventType
) -> None:
    with app.app_context():
        old = factories.create_booking(event_type, datetime(2026, 3, 5, 10, tzinfo=UTC)).uid
    assert "Booked" in owner.get(f"/bookings/history/{old}").text


def test_someone_elses_bookings_are_not_found_or_taken_away(other: FlaskClient, uid: str) -> None:
    assert uid not in other.get(f"{UPCOMING}/bookings.csv").text
    assert titles(other, UPCOMING) == []

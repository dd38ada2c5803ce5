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


@pytest.fixture
def host(app: Flask, rick: User, event_type: EventType) -> FlaskClient:
    """Rick's browser; he has a webhook and a second event type that has been booked."""
    with app.app_context():
        factories.create_webhook(rick, "https://hooks.example.com/in")
        other = factories.create_event_type(rick, slug="other", title="Deep dive")
        factories.create_booking(other, datetime(2026, 3, 4, 10, tzinfo=UTC))
    client = app.test_client()
    pages.sign_in(client, rick)
    return client


@pytest.fixture
def uid(client: FlaskClient, host: FlaskClient) -> str:
    """A quick chat that Ann has booked."""
    link = "/rick/quick-chat?slot=2026-03-03T10:00:00Z"
    return pages.submit(client, link, ANN | {"name": "=Ann()"}).location.rpartition("/")[2]


def titles(client: FlaskClient, address: str) -> list[str]:
    return [
        name
        for name in ("Quick chat", "Deep dive")
        if any(name in row.text for row in hooks(client.get(address), "booking-item"))
    ]


def test_bookings_are_found_by_words_and_event_type(host: FlaskClient, uid: str, event_type: EventType) -> None:
    assert titles(host, UPCOMING) == ["Quick chat", "Deep dive"]
    assert titles(host, f"{UPCOMING}?q=deep+ann") == ["Deep dive"]
    assert titles(host, f"{UPCOMING}?eventType={event_type.id}") == ["Quick chat"]
    assert "Nothing found" in hook(host.get(f"{UPCOMING}?q=nobody"), "empty-screen").text


@pytest.mark.parametrize("query", ["q=" + "x" * 5_000, "eventType=x", "eventType=9999999999999", "q=%25_'\""])
def test_nonsense_to_find_is_harmless(host: FlaskClient, uid: str, query: str) -> None:
    assert host.get(f"{UPCOMING}?{query}").status_code == 200
    assert host.get(f"{UPCOMING}/bookings.csv?{query}").status_code == 200


def test_a_list_is_taken_away_as_a_table(host: FlaskClient, uid: str, event_type: EventType) -> None:
    answer = host.get(f"{UPCOMING}/bookings.csv?eventType={event_type.id}")
    assert answer.content_type.startswith("text/csv")
    assert 'filename="bookings-upcoming.csv"' in answer.headers["Content-Disposition"]
    _, row = answer.text.strip().split("\r\n")
    assert row.startswith(f"{uid},ACCEPTED,Quick chat,")
    assert ",'=Ann()," in row


def test_a_story_is_told_to_its_host(host: FlaskClient, client: FlaskClient, uid: str) -> None:
    pages.submit(client, f"/booking/{uid}?cancel=true", {"cancellationReason": "Ill"}, to=f"/booking/{uid}")
    page = host.get(f"/bookings/history/{uid}")
    for words in ("booked it", "cancelled it", "Ill", "Booking created", "Booking cancelled", "hooks.example.com/in"):
        assert words in page.text
    assert f"/bookings/history/{uid}" in host.get(f"/booking/{uid}").text
    assert f"/bookings/history/{uid}" not in client.get(f"/booking/{uid}").text


def test_the_story_of_a_booking_that_nothing_was_written_down_of(
    host: FlaskClient, app: Flask, event_type: EventType
) -> None:
    with app.app_context():
        old = factories.create_booking(event_type, datetime(2026, 3, 5, 10, tzinfo=UTC)).uid
    assert "Booked" in host.get(f"/bookings/history/{old}").text


def test_someone_elses_bookings_are_not_told_found_or_taken_away(app: Flask, uid: str) -> None:
    with app.app_context():
        ann = factories.create_user("ann")
    stranger = app.test_client()
    pages.sign_in(stranger, ann)
    assert stranger.get(f"/bookings/history/{uid}").status_code == 404
    assert uid not in stranger.get(f"{UPCOMING}/bookings.csv").text
    assert titles(stranger, UPCOMING) == []


def test_strangers_are_sent_to_the_login_page(client: FlaskClient, uid: str) -> None:
    for path in (f"/bookings/history/{uid}", f"{UPCOMING}/bookings.csv"):
        assert client.get(path).location.startswith("/login?next=")

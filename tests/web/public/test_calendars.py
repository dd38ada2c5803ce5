"""Tests of calendars out: a booking as a file, links that fill in other calendars, a host's private feed."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from icalendar import Calendar

from calhooks.accounts import usernames
from calhooks.accounts.models import User
from calhooks.scheduling.calendars.feeds import AHEAD, BACK
from calhooks.scheduling.models.bookings import BookingStatus
from calhooks.scheduling.models.event_types import EventType
from tests import factories
from tests.web import pages
from tests.web.markup import elements, hook

pytestmark = pytest.mark.usefixtures("watch")

START = datetime(2026, 3, 3, 10, tzinfo=UTC)
SETTINGS = "/settings/calendar"


@pytest.fixture
def uid(app: Flask, event_type: EventType) -> str:
    with app.app_context():
        return factories.create_booking(event_type, START).uid


def address(client: FlaskClient) -> str:
    """Return the path of the private address that the settings show."""
    page = client.get(SETTINGS)
    return next(each["value"] for each in elements(page) if each.get("id") == "feed-address").removeprefix(
        "http://localhost"
    )


def titles(client: FlaskClient, path: str) -> list[str]:
    return [str(event["summary"]) for event in Calendar.from_ical(client.get(path).data).events]


def test_a_booking_can_be_taken_as_a_file(client: FlaskClient, uid: str) -> None:
    response = client.get(f"/booking/{uid}/calendar.ics")
    assert (response.status_code, response.mimetype) == (200, "text/calendar")
    assert response.headers["Content-Disposition"] == 'attachment; filename="quick-chat.ics"'
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Robots-Tag"] == "noindex"
    (event,) = Calendar.from_ical(response.data).events
    assert (event.start, str(event["summary"])) == (START, "Quick chat with Rick Sanders")
    assert event["url"] == f"http://localhost/booking/{uid}"


def test_the_hosts_file_names_the_booker(owner: FlaskClient, uid: str) -> None:
    assert titles(owner, f"/booking/{uid}/calendar.ics") == ["Quick chat with Ann Lee"]


def test_the_file_of_a_cancelled_booking_is_as_new_as_its_cancellation(client: FlaskClient, uid: str) -> None:
    pages.submit(client, f"/booking/{uid}?cancel=true", to=f"/booking/{uid}")
    (event,) = Calendar.from_ical(client.get(f"/booking/{uid}/calendar.ics").data).events
    assert (event["status"], event["sequence"]) == ("CANCELLED", 1)


def test_nobody_guesses_a_file(client: FlaskClient) -> None:
    assert client.get("/booking/nothing/calendar.ics").status_code == 404


def test_the_booking_page_offers_calendars(client: FlaskClient, uid: str) -> None:
    page = client.get(f"/booking/{uid}")
    assert "Google" in hook(page, "add_to_calendar").text
    links = [each["href"] for each in elements(page) if each.tag == "a" and each.get("href")]
    assert f"/booking/{uid}/calendar.ics" in links
    assert [link.split("?")[0] for link in links if "outlook" in link or "google" in link] == [
        "https://calendar.google.com/calendar/render",
        "https://outlook.live.com/calendar/0/deeplink/compose",
        "https://outlook.office.com/calendar/0/deeplink/compose",
    ]


def test_a_cancelled_booking_is_offered_to_no_calendar(client: FlaskClient, app: Flask, event_type: EventType) -> None:
    with app.app_context():
        uid = factories.create_booking(event_type, START, status=BookingStatus.CANCELLED).uid
    assert "add_to_calendar" not in client.get(f"/booking/{uid}").text


def test_a_host_makes_renews_and_switches_off_a_private_address(owner: FlaskClient, uid: str) -> None:
    assert "feed-address" not in owner.get(SETTINGS).text
    assert pages.submit(owner, SETTINGS).location == SETTINGS
    first = address(owner)
    assert titles(owner, first) == ["Quick chat with Ann Lee"]
    pages.submit(owner, SETTINGS, {"action": "renew"})
    second = address(owner)
    assert second != first
    assert (owner.get(first).status_code, owner.get(second).status_code) == (404, 200)
    pages.submit(owner, SETTINGS, {"action": "remove"})
    assert owner.get(second).status_code == 404
    assert "feed-address" not in owner.get(SETTINGS).text


def test_a_feed_needs_no_session_and_is_kept_by_nobody(owner: FlaskClient, app: Flask, uid: str) -> None:
    pages.submit(owner, SETTINGS)
    response = app.test_client().get(address(owner))
    assert (response.status_code, response.mimetype) == (200, "text/calendar")
    assert response.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in response.headers


def test_a_feed_shows_the_hosts_own_accepted_bookings_of_about_a_year(
    owner: FlaskClient, app: Flask, ann: User, event_type: EventType
) -> None:
    with app.app_context():
        factories.create_booking(factories.create_event_type(ann, title="Not mine"), START)
        for number, (days, status) in enumerate(
            [
                (-BACK.days - 2, BookingStatus.ACCEPTED),
                (-BACK.days + 1, BookingStatus.ACCEPTED),
                (1, BookingStatus.PENDING),
                (2, BookingStatus.CANCELLED),
                (3, BookingStatus.ACCEPTED),
                (AHEAD.days + 1, BookingStatus.ACCEPTED),
            ]
        ):
            factories.create_booking(
                event_type, START + timedelta(days=days), status=status, title=f"{number} with Ann Lee"
            )
    pages.submit(owner, SETTINGS)
    assert titles(owner, address(owner)) == ["1 with Ann Lee", "4 with Ann Lee"]


@pytest.mark.parametrize("token", ["x", "None", "%00", "a" * 5000])
def test_an_address_that_is_nobodys_does_not_exist(client: FlaskClient, token: str) -> None:
    assert client.get(f"/calendar/{token}.ics").status_code in (400, 404)


def test_nobody_is_called_calendar() -> None:
    assert usernames.username_problem("calendar") is not None

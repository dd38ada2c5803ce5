"""The host's lists of bookings, and confirming, rejecting and no-shows from them."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from calhooks.accounts.models import User
from calhooks.db import db
from calhooks.scheduling.models.bookings import Attendee, BookingStatus
from calhooks.scheduling.models.event_types import EventType
from tests import factories
from tests.web import pages
from tests.web.conftest import Watch
from tests.web.markup import hook, hooks

pytestmark = pytest.mark.usefixtures("watch")

TUESDAY_TEN = datetime(2026, 3, 3, 10, tzinfo=UTC)
VIEWS = ("upcoming", "unconfirmed", "past", "cancelled")

Booked = Callable[[], list[Mapping[str, object]]]


def make(app: Flask, event_type: EventType, start: datetime = TUESDAY_TEN, **values: object) -> str:
    with app.app_context():
        return factories.create_booking(event_type, start, **values).uid


def form_of(page: TestResponse, action: str) -> pages.Form:
    return next(form for form in pages.forms(page) if form.fields.get("action") == action)


@pytest.mark.parametrize("view", VIEWS)
def test_an_empty_list_says_what_will_be_there(owner: FlaskClient, view: str) -> None:
    page = owner.get(f"/bookings/{view}")
    assert page.status_code == 200
    assert hook(page, "empty-screen").text
    assert not hooks(page, "bookings")


def test_the_short_address_leads_to_upcoming_bookings(owner: FlaskClient) -> None:
    assert owner.get("/bookings").location == "/bookings/upcoming"
    assert owner.get("/bookings/everything").status_code == 404


def test_each_booking_is_in_its_list_by_the_hosts_clock(owner: FlaskClient, app: Flask, event_type: EventType) -> None:
    make(app, event_type, title="Coming")
    make(app, event_type, title="Asked for", status=BookingStatus.PENDING)
    make(app, event_type, datetime(2026, 2, 27, 10, tzinfo=UTC), title="Over")
    make(app, event_type, title="Called off", status=BookingStatus.CANCELLED, cancelled_by="rick@example.com")
    make(app, event_type, title="Turned down", status=BookingStatus.REJECTED, rejection_reason="Full")
    titles = ("Coming", "Asked for", "Over", "Called off", "Turned down")
    shown = {view: [title for title in titles if title in owner.get(f"/bookings/{view}").text] for view in VIEWS}
    assert shown == {
        "upcoming": ["Coming"],
        "unconfirmed": ["Asked for"],
        "past": ["Over"],
        "cancelled": ["Called off", "Turned down"],
    }
    upcoming = owner.get("/bookings/upcoming")
    assert "Tomorrow Tue 3 Mar" in hook(upcoming, "bookings").text
    assert "10:00 – 10:30" in hook(upcoming, "bookings").text


def test_bookings_of_others_are_not_shown(owner: FlaskClient, app: Flask, ann: User) -> None:
    with app.app_context():
        factories.create_booking(factories.create_event_type(ann), TUESDAY_TEN, status=BookingStatus.PENDING)
    assert not hooks(owner.get("/bookings/unconfirmed"), "bookings")


def test_a_request_is_confirmed(owner: FlaskClient, app: Flask, event_type: EventType, booked: Booked) -> None:
    make(app, event_type, status=BookingStatus.PENDING)
    page = owner.get("/bookings/unconfirmed")
    assert hook(page, "confirm").text == "Confirm"
    form = form_of(page, "confirm")
    answer = owner.post(form.path, data=form.fields)
    assert (answer.status_code, answer.location) == (303, "/bookings/unconfirmed")
    assert booked()[0]["status"] == "ACCEPTED"
    page = owner.get("/bookings/unconfirmed")
    assert "Confirmed." in page.text
    assert hook(page, "empty-screen")
    assert owner.post(form.path, data=form.fields, follow_redirects=True).text.count("has been confirmed already") == 1


def test_a_request_is_rejected_with_a_reason(
    owner: FlaskClient, app: Flask, event_type: EventType, booked: Booked
) -> None:
    make(app, event_type, status=BookingStatus.PENDING)
    link = hook(owner.get("/bookings/unconfirmed"), "reject")["href"]
    page = owner.get(link)
    assert hook(page, "rejection-confirm").tag == "button"
    answer = pages.submit(owner, link, {"rejectionReason": "x" * 2001})
    assert answer.status_code == 422
    assert "Use at most 2,000 characters." in answer.text
    answer = pages.submit(owner, link, {"rejectionReason": "Not this week"})
    assert (answer.status_code, answer.location) == (303, "/bookings/unconfirmed")
    assert (booked()[0]["status"], booked()[0]["reason"]) == ("REJECTED", "Not this week")
    assert "Not this week" in owner.get("/bookings/cancelled").text


def test_a_request_for_a_time_taken_meanwhile_is_told(owner: FlaskClient, app: Flask, event_type: EventType) -> None:
    make(app, event_type, status=BookingStatus.PENDING)
    make(app, event_type)
    form = form_of(owner.get("/bookings/unconfirmed"), "confirm")
    assert "Another booking overlaps" in owner.post(form.path, data=form.fields, follow_redirects=True).text
    answer = owner.post(form.path, data=form.fields, headers={"HX-Request": "true"})
    assert answer.status_code == 409
    assert "Another booking overlaps" in answer.headers["HX-Trigger"]


def test_upcoming_bookings_can_be_moved_and_cancelled(owner: FlaskClient, app: Flask, event_type: EventType) -> None:
    uid = make(app, event_type)
    page = owner.get("/bookings/upcoming")
    assert hook(page, "edit_booking")
    assert hook(page, "reschedule")["href"] == f"/reschedule/{uid}"
    assert hook(page, "cancel")["href"].startswith(f"/booking/{uid}?cancel=true")
    pages.submit(owner, f"/booking/{uid}?cancel=true")
    assert "Cancelled by you" in owner.get("/bookings/cancelled").text


def test_a_no_show_is_noted_and_taken_back(owner: FlaskClient, app: Flask, event_type: EventType, watch: Watch) -> None:
    make(app, event_type)
    watch.now = TUESDAY_TEN + timedelta(hours=1)

    def absent() -> list[bool]:
        with app.app_context():
            return list(db.session.scalars(select(Attendee.no_show)))

    for expected, offered in ((True, "Ann Lee came"), (False, "Ann Lee did not come")):
        form = form_of(owner.get("/bookings/past"), "no-show")
        assert owner.post(form.path, data=form.fields).status_code == 303
        assert absent() == [expected]
        assert offered in hook(owner.get("/bookings/past"), "booking-item").text


@pytest.mark.parametrize("number", ["", "-1", "²", "9" * 5_000])
def test_somebody_who_was_not_invited_is_not_absent(
    owner: FlaskClient, app: Flask, event_type: EventType, watch: Watch, number: str
) -> None:
    make(app, event_type)
    watch.now = TUESDAY_TEN + timedelta(hours=1)
    form = form_of(owner.get("/bookings/past"), "no-show")
    form.fields["absent"] = number
    assert owner.post(form.path, data=form.fields).status_code == 303
    with app.app_context():
        assert not db.session.scalar(select(Attendee.no_show))


def test_a_meeting_that_has_not_begun_has_no_no_show(owner: FlaskClient, app: Flask, event_type: EventType) -> None:
    uid = make(app, event_type)
    assert "did not come" not in owner.get("/bookings/upcoming").text
    data = {"csrf_token": pages.csrf_token(owner, "/settings/password"), "uid": uid, "action": "no-show"}
    assert "has begun" in owner.post("/bookings/upcoming", data=data, follow_redirects=True).text


@pytest.mark.parametrize("data", [{}, {"action": "explode"}, {"action": "confirm"}])
def test_a_post_that_says_nothing_changes_nothing(owner: FlaskClient, data: dict[str, str]) -> None:
    token = {"csrf_token": pages.csrf_token(owner, "/settings/password")}
    assert owner.post("/bookings/upcoming", data=data | token).status_code in (400, 404)


def test_long_lists_come_in_pages(owner: FlaskClient, app: Flask, event_type: EventType) -> None:
    for number in range(25):
        make(app, event_type, TUESDAY_TEN + timedelta(hours=number))
    first = owner.get("/bookings/upcoming")
    assert len(hooks(first, "booking-item")) == 20
    link = next(line for line in first.text.split('"') if "cursor=" in line)
    assert len(hooks(owner.get(link.replace("&amp;", "&")), "booking-item")) == 5
    assert len(hooks(owner.get("/bookings/upcoming?cursor=garbage"), "booking-item")) == 20


def test_htmx_gets_the_list_and_a_word_about_it(owner: FlaskClient, app: Flask, event_type: EventType) -> None:
    uid = make(app, event_type, status=BookingStatus.PENDING)
    htmx = {"HX-Request": "true"}
    box = owner.get(f"/bookings/unconfirmed?reject={uid}", headers=htmx)
    assert "<html" not in box.text
    form = form_of(box, "reject")
    answer = owner.post(form.path, data=form.fields, headers=htmx)
    assert answer.status_code == 200
    assert 'hx-swap-oob="true"' in answer.text
    assert "closeModal" in answer.headers["HX-Trigger"]

"""A booking's own page: what it shows, cancelling, and moving it by booker or host."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks.accounts.models import User
from calhooks.scheduling.models.bookings import BookingStatus
from calhooks.scheduling.models.event_types import EventType
from tests import factories
from tests.web import pages
from tests.web.conftest import Watch
from tests.web.markup import elements, hook, hooks

pytestmark = pytest.mark.usefixtures("watch")

TUESDAY_TEN = datetime(2026, 3, 3, 10, tzinfo=UTC)
ANN = {"name": "Ann Lee", "email": "ann@example.com"}

Booked = Callable[[], list[Mapping[str, object]]]


@pytest.fixture
def uid(client: FlaskClient, event_type: EventType) -> str:
    """A booking of Ann's, who is in India."""
    link = "/rick/quick-chat?slot=2026-03-03T10:00:00Z&timeZone=Asia/Calcutta&metadata[user_id]=123"
    answer = pages.submit(client, link, ANN | {"guests": ["bob@example.com"], "notes": "Bring <b>cake</b>"})
    assert answer.status_code == 303
    return answer.location.rpartition("/")[2]


def make(app: Flask, event_type: EventType, **values: object) -> str:
    with app.app_context():
        return factories.create_booking(event_type, TUESDAY_TEN, **values).uid


def test_the_page_shows_everything_in_both_zones(client: FlaskClient, uid: str) -> None:
    page = client.get(f"/booking/{uid}")
    assert page.status_code == 200
    assert hook(page, "success-page")
    assert hook(page, "attendee-name-Ann Lee").text == "Ann Lee"
    assert hook(page, "attendee-email-ann@example.com").text == "ann@example.com"
    assert hook(page, "attendee-email-bob@example.com").text == "bob@example.com"
    for words in (
        "Tuesday 3 March 2026",
        "15:30 – 16:00",
        "10:00 – 10:30",
        "Europe/London",
        "Rick Sanders",
        "Bring &lt;b&gt;",
    ):
        assert words in page.text
    assert hook(page, "cancel")["href"].startswith(f"/booking/{uid}?cancel=true")
    assert hook(page, "reschedule")["href"] == f"/reschedule/{uid}"


def test_the_page_stays_out_of_search_engines_and_caches(client: FlaskClient, uid: str) -> None:
    for path in (f"/booking/{uid}", f"/booking/{uid}?cancel=true", f"/reschedule/{uid}", "/booking/nothing"):
        page = client.get(path)
        assert "noindex" in page.headers["X-Robots-Tag"]
        assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/booking/nothing", "/reschedule/nothing", "/booking/" + "x" * 5000])
def test_an_unknown_booking_is_a_404_page(client: FlaskClient, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 404
    assert hook(page, "404-page")


def test_cancelling_asks_first_and_keeps_the_reason(client: FlaskClient, uid: str, booked: Booked) -> None:
    page = client.get(f"/booking/{uid}?cancel=true")
    assert hook(page, "confirm_cancel").tag == "button"
    assert booked()[0]["status"] == "ACCEPTED"
    answer = pages.submit(client, f"/booking/{uid}?cancel=true", {"cancellationReason": "I am ill"})
    assert (answer.status_code, answer.location) == (303, f"/booking/{uid}")
    page = client.get(answer.location)
    assert hook(page, "cancelled-headline").text == "This booking is cancelled"
    assert "I am ill" in page.text
    assert not hooks(page, "success-page")
    assert not hooks(page, "cancel")
    (booking,) = booked()
    assert (booking["status"], booking["cancelled_by"], booking["reason"]) == (
        "CANCELLED",
        "ann@example.com",
        "I am ill",
    )


def test_cancelling_twice_leads_to_the_same_page(client: FlaskClient, uid: str) -> None:
    form = pages.post_form(client.get(f"/booking/{uid}?cancel=true"))
    answers = [client.post(form.path, data=form.fields) for _ in range(2)]
    assert [(answer.status_code, answer.location) for answer in answers] == [(303, f"/booking/{uid}")] * 2


def test_a_reason_that_is_too_long_comes_back(client: FlaskClient, uid: str, booked: Booked) -> None:
    answer = pages.submit(client, f"/booking/{uid}?cancel=true", {"cancellationReason": "x" * 2001})
    assert answer.status_code == 422
    assert pages.post_form(answer).fields["cancellationReason"] == "x" * 2001
    assert "Use at most 2,000 characters." in answer.text
    assert booked()[0]["status"] == "ACCEPTED"


def test_cancelling_needs_the_forms_token(client: FlaskClient, uid: str, booked: Booked) -> None:
    assert client.post(f"/booking/{uid}", data={"cancellationReason": ""}).status_code == 400
    assert (
        client.post(
            "/booking/nothing",
            data={"csrf_token": pages.csrf_token(client, "/rick/quick-chat?slot=2026-03-03T11:00:00Z")},
        ).status_code
        == 404
    )
    assert booked()[0]["status"] == "ACCEPTED"


def test_a_meeting_that_is_over_can_no_longer_be_changed(client: FlaskClient, uid: str, watch: Watch) -> None:
    form = pages.post_form(client.get(f"/booking/{uid}?cancel=true"))
    watch.now += timedelta(days=2)
    page = client.get(f"/booking/{uid}?cancel=true")
    assert "This meeting is over" in page.text
    assert not hooks(page, "confirm_cancel")
    assert client.post(form.path, data=form.fields).status_code == 409
    assert client.get(f"/reschedule/{uid}", follow_redirects=True).request.path == f"/booking/{uid}"


@pytest.mark.parametrize(
    ("status", "headline"),
    [
        (BookingStatus.PENDING, "Your request has been sent"),
        (BookingStatus.REJECTED, "This request was declined"),
        (BookingStatus.ACCEPTED, "This meeting is scheduled"),
    ],
)
def test_the_page_says_where_the_booking_stands(
    client: FlaskClient, app: Flask, event_type: EventType, status: BookingStatus, headline: str
) -> None:
    uid = make(app, event_type, status=status, rejection_reason="No room" if status == BookingStatus.REJECTED else "")
    page = client.get(f"/booking/{uid}")
    assert headline in page.text
    assert ("No room" in page.text) == (status == BookingStatus.REJECTED)


def test_a_link_as_location_leads_there_and_anything_else_is_text(
    client: FlaskClient, app: Flask, event_type: EventType
) -> None:
    places = ("https://meet.example.com/rick", "+44 20 1234 5678", "javascript:alert(1)")
    links = []
    for number, location in enumerate(places):
        with app.app_context():
            booking = factories.create_booking(event_type, TUESDAY_TEN + timedelta(hours=number), location=location)
        page = client.get(f"/booking/{booking.uid}")
        links += [element["href"] for element in elements(page) if element.tag == "a" and element.text == location]
    assert links == ["https://meet.example.com/rick", "tel:+442012345678"]


def test_the_link_of_a_meeting_is_told_once_it_is_confirmed(
    client: FlaskClient, app: Flask, event_type: EventType
) -> None:
    uid = make(app, event_type, status=BookingStatus.PENDING, location="https://meet.example.com/rick")
    page = client.get(f"/booking/{uid}")
    assert "meet.example.com" not in page.text
    assert "you get the link once it is confirmed" in page.text


# Moving


def test_rescheduling_leads_to_the_event_types_page_with_the_former_time(client: FlaskClient, uid: str) -> None:
    answer = client.get(f"/reschedule/{uid}")
    assert (answer.status_code, answer.location) == (302, f"/rick/quick-chat?rescheduleUid={uid}")
    page = client.get(f"{answer.location}&timeZone=Asia/Kolkata")
    assert "15:30 – 16:00" in hook(page, "former_time").text
    form = pages.post_form(client.get(f"{answer.location}&slot=2026-03-04T09:00:00Z"))
    assert (form.fields["name"], form.fields["email"]) == ("Ann Lee", "ann@example.com")
    assert (form.fields["guests"], form.fields["notes"]) == ("bob@example.com", "Bring <b>cake</b>")


def test_a_booking_is_moved_in_the_zone_in_which_it_was_made(app: Flask, uid: str) -> None:
    form = pages.post_form(app.test_client().get(f"/rick/quick-chat?rescheduleUid={uid}&slot=2026-03-04T09:00:00Z"))
    assert form.fields["timeZone"] == "Asia/Kolkata"


def test_the_booker_moves_a_booking(client: FlaskClient, uid: str, booked: Booked) -> None:
    link = f"/rick/quick-chat?rescheduleUid={uid}&slot=2026-03-03T10:30:00Z&metadata[plan]=pro"
    page = client.get(link)
    assert hook(page, "confirm-reschedule-button").text == "Reschedule"
    assert not hooks(page, "confirm-book-button")
    answer = pages.submit(client, link, {"rescheduleReason": "The train is late"})
    assert answer.status_code == 303
    old, new = booked()
    assert answer.location == f"/booking/{new['uid']}"
    assert (old["status"], new["status"]) == ("CANCELLED", "ACCEPTED")
    assert (new["start"], new["metadata"]) == (
        datetime(2026, 3, 3, 10, 30, tzinfo=UTC),
        {"user_id": "123", "plan": "pro"},
    )
    assert (new["rescheduled_by"], new["reason"]) == ("ann@example.com", "The train is late")
    page = client.get(f"/booking/{uid}")
    assert "This meeting was moved" in page.text
    assert f"/booking/{new['uid']}" in page.text
    assert not hooks(page, "cancelled-headline")
    assert "Tuesday 3 March 2026, " in hook(client.get(answer.location), "former_time").text


def test_the_time_of_the_booking_itself_may_overlap_the_new_one(client: FlaskClient, app: Flask, rick: User) -> None:
    with app.app_context():
        event_type = factories.create_event_type(rick, slug="long", length=60, slot_interval=15)
        uid = factories.create_booking(event_type, TUESDAY_TEN).uid
    link = f"/rick/long?rescheduleUid={uid}&slot=2026-03-03T10:15:00Z"
    assert pages.submit(client, link).status_code == 303


def test_moving_twice_by_the_same_form_leads_to_the_one_booking(client: FlaskClient, uid: str, booked: Booked) -> None:
    form = pages.post_form(client.get(f"/rick/quick-chat?rescheduleUid={uid}&slot=2026-03-04T09:00:00Z"))
    first, second = (client.post(form.path, data=form.fields) for _ in range(2))
    assert (first.status_code, second.status_code, first.location) == (303, 303, second.location)
    assert len(booked()) == 2


def test_the_host_moves_a_booking_as_the_host(owner: FlaskClient, rick: User, uid: str, booked: Booked) -> None:
    link = f"/rick/quick-chat?rescheduleUid={uid}&slot=2026-03-04T09:00:00Z"
    page = owner.get(link)
    assert "You are moving your meeting with" in page.text
    assert pages.submit(owner, link, {"rescheduleReason": "Something came up"}).status_code == 303
    new = booked()[1]
    assert new["rescheduled_by"] == "rick@example.com"
    assert new["attendees"] == [
        ("Ann Lee", "ann@example.com", "Asia/Kolkata", "en"),
        ("", "bob@example.com", "Asia/Kolkata", "en"),
    ]


def test_where_the_host_confirms_the_old_time_stands_until_then(
    client: FlaskClient, owner: FlaskClient, app: Flask, rick: User, booked: Booked
) -> None:
    with app.app_context():
        event_type = factories.create_event_type(rick, slug="ask", requires_confirmation=True)
        uid = factories.create_booking(event_type, TUESDAY_TEN).uid
    link = f"/rick/ask?rescheduleUid={uid}&slot=2026-03-04T09:00:00Z"
    request = pages.submit(client, link).location
    assert [booking["status"] for booking in booked()] == ["ACCEPTED", "PENDING"]
    page = client.get(f"/booking/{uid}")
    assert "Another time has been asked for" in page.text
    assert request in page.text
    pages.submit(owner, f"/rick/ask?rescheduleUid={uid}&slot=2026-03-05T09:00:00Z")
    assert [booking["status"] for booking in booked()] == ["CANCELLED", "REJECTED", "ACCEPTED"]


@pytest.mark.parametrize(
    ("end", "headline"), [("withdraw", "This request is withdrawn"), ("reject", "This request was declined")]
)
def test_a_request_to_move_a_meeting_never_says_that_the_meeting_is_off(
    client: FlaskClient, owner: FlaskClient, app: Flask, rick: User, end: str, headline: str
) -> None:
    with app.app_context():
        event_type = factories.create_event_type(rick, slug="ask", requires_confirmation=True)
        uid = factories.create_booking(event_type, TUESDAY_TEN).uid
    request = pages.submit(client, f"/rick/ask?rescheduleUid={uid}&slot=2026-03-04T09:00:00Z").location
    asked = client.get(request)
    assert "The meeting stays at its old time until then." in asked.text
    assert "Now: Tuesday 3 March 2026" in hook(asked, "former_time").text
    for_host = owner.get(request)
    assert "This request waits for you" in for_host.text
    assert "until you confirm it" in for_host.text
    assert 'href="/bookings/unconfirmed"' in for_host.text
    if end == "withdraw":
        pages.submit(client, f"{request}?cancel=true")
    else:
        pages.submit(owner, f"/bookings/unconfirmed?reject={request.rpartition('/')[2]}")
    ended = client.get(request)
    assert headline in ended.text
    assert "The meeting stays at its old time." in ended.text
    assert f'href="/booking/{uid}"' in ended.text
    assert "does not take place" not in ended.text
    assert "This meeting is scheduled" in client.get(f"/booking/{uid}").text


def test_a_booking_of_another_event_type_is_moved_on_its_own_page(
    client: FlaskClient, app: Flask, rick: User, uid: str
) -> None:
    with app.app_context():
        factories.create_event_type(rick, slug="other")
    answer = client.get(f"/rick/other?rescheduleUid={uid}&metadata[a]=1")
    assert answer.location == f"/rick/quick-chat?rescheduleUid={uid}&metadata%5Ba%5D=1"
    path = f"/rick/quick-chat?rescheduleUid={uid}&slot=2026-03-04T09:00:00Z"
    form = pages.post_form(client.get(path))
    answer = client.post(form.path.replace("/quick-chat", "/other"), data=form.fields)
    assert answer.status_code == 303
    assert answer.location.startswith("/rick/quick-chat?")
    assert f"rescheduleUid={uid}" in answer.location


def test_a_cancelled_booking_cannot_be_moved(client: FlaskClient, uid: str, booked: Booked) -> None:
    link = f"/rick/quick-chat?rescheduleUid={uid}&slot=2026-03-04T09:00:00Z"
    form = pages.post_form(client.get(link))
    pages.submit(client, f"/booking/{uid}?cancel=true")
    answer = client.post(form.path, data=form.fields)
    assert answer.status_code == 409
    assert "This booking has been cancelled." in hook(answer, "booking-fail").text
    assert client.get(link).location == f"/booking/{uid}"
    assert client.get("/rick/quick-chat?rescheduleUid=nothing").status_code == 404
    assert len(booked()) == 1


def test_a_booking_outlives_its_event_type(
    client: FlaskClient, owner: FlaskClient, uid: str, event_type: EventType
) -> None:
    pages.submit(owner, f"/event-types/{event_type.id}/delete")
    page = client.get(f"/booking/{uid}")
    assert hook(page, "success-page")
    assert not hooks(page, "reschedule")
    assert client.get(f"/reschedule/{uid}").location == f"/booking/{uid}"
    assert pages.submit(client, f"/booking/{uid}?cancel=true").status_code == 303


def test_only_the_host_sees_the_metadata(client: FlaskClient, owner: FlaskClient, uid: str) -> None:
    assert "user_id" not in client.get(f"/booking/{uid}").text
    assert "user_id" in owner.get(f"/booking/{uid}").text

"""One meeting, several places: offered by the host, chosen by the booker."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from calhooks.accounts.models import User
from calhooks.db import db
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventType, LocationKind
from tests import factories
from tests.web import pages
from tests.web.markup import elements

pytestmark = pytest.mark.usefixtures("watch")

ANN = {"name": "Ann Lee", "email": "ann@example.com"}
SLOT = "/rick/chat?slot=2026-03-03T10:00:00Z"
MEET = "https://meet.example.com/rick"


@pytest.fixture
def chat(app: Flask, rick: User) -> EventType:
    """An event type that can be online, by phone or at one of two addresses."""
    others = [
        {"kind": "attendee_phone", "location": ""},
        {"kind": "in_person", "location": "1 High Street"},
        {"kind": "in_person", "location": "2 Low Road"},
    ]
    with app.app_context():
        return factories.create_event_type(
            rick, slug="chat", location_kind=LocationKind.LINK, location=MEET, other_locations=others
        )


def book(client: FlaskClient, link: str = SLOT, **typed: Any) -> Any:
    return pages.submit(client, link, ANN | typed)


def booked(app: Flask) -> tuple[str, dict[str, Any]]:
    """Return where the latest booking is, and its answers."""
    with app.app_context():
        booking = db.session.scalars(select(Booking).order_by(Booking.id.desc())).first()
        assert booking
        return booking.location, booking.responses


def test_the_first_place_is_chosen_unless_the_booker_says_another(
    client: FlaskClient, app: Flask, chat: EventType
) -> None:
    page = client.get(SLOT)
    offered = [each.get("value") for each in elements(page) if each.get("name") == "location"]
    assert offered == ["link", "attendee_phone", "in_person", "in_person-2"]
    assert "Online, by phone or in person; you choose" in page.text
    assert MEET not in page.text
    assert book(client).status_code == 303
    assert booked(app)[0] == MEET
    assert book(client, SLOT.replace("10:00", "11:00"), location="in_person-2").status_code == 303
    location, responses = booked(app)
    assert location == "2 Low Road"
    assert responses["location"] == {"label": "Location", "value": "in_person-2"}


def test_who_sends_no_place_at_all_gets_the_first(client: FlaskClient, app: Flask, chat: EventType) -> None:
    assert book(client, location=None).status_code == 303
    assert booked(app)[0] == MEET


def test_a_phone_number_is_asked_of_those_who_want_to_be_called(
    client: FlaskClient, app: Flask, chat: EventType
) -> None:
    refused = book(client, location="attendee_phone")
    assert refused.status_code == 422
    assert "Enter a phone number." in refused.text
    assert pages.post_form(refused).fields["location"] == "attendee_phone"
    assert book(client, location="attendee_phone", attendeePhoneNumber="+44 20 7946 0958").status_code == 303
    assert booked(app)[0] == "+44 20 7946 0958"
    link = SLOT.replace("10:00", "12:00")
    assert book(client, link, location="in_person", attendeePhoneNumber="none").status_code == 303
    location, responses = booked(app)
    assert location == "1 High Street"
    assert "attendeePhoneNumber" not in responses


def test_a_place_that_is_not_offered_is_refused(client: FlaskClient, chat: EventType) -> None:
    answer = book(client, location="the moon")
    assert answer.status_code == 422
    assert "Choose where to meet." in answer.text


def test_a_link_chooses_the_place_and_back_keeps_it(client: FlaskClient, chat: EventType) -> None:
    assert pages.post_form(client.get(f"{SLOT}&location=in_person")).fields["location"] == "in_person"
    assert pages.post_form(client.get(f"{SLOT}&location=nowhere")).fields["location"] == "link"
    back = pages.submit(client, SLOT, {"location": "in_person-2", "step": "back"})
    assert "location=in_person-2" in back.location


def test_a_move_keeps_the_place(client: FlaskClient, owner: FlaskClient, app: Flask, chat: EventType) -> None:
    uid = book(client, location="attendee_phone", attendeePhoneNumber="+44 20 7946 0958").location.rpartition("/")[2]
    link = f"/rick/chat?rescheduleUid={uid}&slot=2026-03-03T12:00:00Z"
    assert pages.post_form(client.get(link)).fields["location"] == "attendee_phone"
    assert "location" not in pages.post_form(owner.get(link)).fields
    assert pages.submit(owner, link).status_code == 303
    location, responses = booked(app)
    assert (location, responses["location"]["value"]) == ("+44 20 7946 0958", "attendee_phone")


def test_places_are_added_and_removed_in_the_form(owner: FlaskClient, chat: EventType) -> None:
    edit = f"/event-types/{chat.id}/edit"
    added = pages.post_form(pages.submit(owner, edit, {"addPlace": "y"}))
    assert added.fields["places-3-kind"] == "attendee_phone"
    removed = pages.post_form(owner.post(edit, data=added.fields | {"removePlace": "1"}))
    assert removed.fields["places-1-location"] == "2 Low Road"
    part = owner.post(
        edit, data=removed.fields | {"addPlace": "y"}, headers={"HX-Request": "true", "HX-Target": "places"}
    )
    assert part.text.lstrip().startswith('<div class="stack" id="places"')
    wrong = owner.post(
        edit, data=removed.fields.to_dict() | {"places-1-kind": "host_phone", "places-1-location": "call me"}
    )
    assert wrong.status_code == 422
    assert "No. 2: Enter a phone number like" in wrong.text
    assert owner.post(edit, data=removed.fields.to_dict() | {"places-1-location": " "}).status_code == 422
    assert owner.post(edit, data=removed.fields).status_code == 303
    kept = pages.post_form(owner.get(edit)).fields
    assert (kept["places-0-kind"], kept["places-1-location"]) == ("attendee_phone", "2 Low Road")
    # The one that was there already is not offered twice.
    assert "places-2-kind" not in kept


def test_a_form_that_does_not_know_of_places_leaves_them(owner: FlaskClient, chat: EventType) -> None:
    edit = f"/event-types/{chat.id}/edit"
    fields = pages.post_form(owner.get(edit)).fields
    old = {name: value for name, value in fields.items() if not name.startswith("places")}
    assert owner.post(edit, data=old).status_code == 303
    assert pages.post_form(owner.get(edit)).fields["places-2-location"] == "2 Low Road"

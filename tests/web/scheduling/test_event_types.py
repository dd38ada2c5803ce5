"""The host's event types: listed, made, changed, hidden, deleted."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from calhooks.accounts.models import User
from calhooks.db import IMMEDIATE, db
from calhooks.scheduling.models.event_types import EventType
from tests.web import pages
from tests.web.markup import elements, hook, hooks

pytestmark = pytest.mark.usefixtures("event_type")

NEW = "/event-types/new"


def edit(event_type: EventType) -> str:
    return f"/event-types/{event_type.id}/edit"


def test_the_list_has_each_with_its_link(owner: FlaskClient) -> None:
    page = owner.get("/event-types")
    assert hook(page, "new-event-type")["href"] == NEW
    assert "/rick/quick-chat" in page.text
    links = [element["data-copy-text"] for element in elements(page) if element.get("data-copy-text")]
    assert links == ["http://localhost/rick/quick-chat"]


def test_a_host_without_any_is_shown_what_they_are_for(other: FlaskClient) -> None:
    assert "Nothing to book yet" in hook(other.get("/event-types"), "empty-screen").text


def test_a_new_one_can_be_booked_at_once(owner: FlaskClient) -> None:
    typed = {"title": "Deep dive", "length": "90", "location": "Room 5", "description": "All of it"}
    answer = pages.submit(owner, NEW, typed)
    assert (answer.status_code, answer.location) == (303, "/event-types")
    assert "Deep dive" in owner.get("/event-types").text
    page = owner.get("/rick/deep-dive")
    assert page.status_code == 200
    assert "1 hr 30 min" in page.text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"title": "  "}, "Enter a title."),
        ({"title": "x" * 201}, "Use at most 200 characters."),
        ({"slug": "No Way!"}, "Use letters from a to z"),
        ({"slug": "quick-chat"}, "You already have an event type with this address."),
        ({"length": "half an hour"}, "Enter a number of minutes from 1 to 1,440."),
        ({"length": "9" * 5000}, "Enter a number of minutes from 1 to 1,440."),
        ({"minimumNotice": "soon"}, "Enter a number of minutes from 0"),
        ({"slotInterval": "-5"}, "Enter a number of minutes from 5"),
        ({"bufferAfter": "100000"}, "Enter a number of minutes from 0 to 1,440."),
        ({"schedule": "99999"}, "Choose one of your schedules."),
    ],
)
def test_wrong_input_comes_back_at_its_field(owner: FlaskClient, typed: dict[str, str], sentence: str) -> None:
    values = {"title": "Deep dive", "description": "Kept"} | typed
    answer = pages.submit(owner, NEW, values)
    assert answer.status_code == 422
    assert sentence in answer.text
    form = pages.post_form(answer)
    assert form.fields["description"] == "Kept"
    assert form.fields["title"] == values["title"]
    assert len(owner.get("/event-types").text.split('class="list-row event-type"')) == 2


def test_changes_are_kept_and_shown_again(owner: FlaskClient, event_type: EventType) -> None:
    typed = {
        "title": "Long chat",
        "slug": "long-chat",
        "length": "45",
        "location": "https://meet.example.com/rick",
        "bookingName": "{Event type title} with {Scheduler}",
        "requiresConfirmation": "y",
        "minimumNotice": "1440",
        "slotInterval": "15",
        "bufferBefore": "7",
        "bufferAfter": "10",
        "hidden": "y",
    }
    assert pages.submit(owner, edit(event_type), typed).status_code == 303
    form = pages.post_form(owner.get(edit(event_type)))
    assert {name: form.fields.get(name) for name in typed} == typed
    assert owner.get("/rick/quick-chat").status_code == 404
    assert pages.submit(owner, edit(event_type), {"requiresConfirmation": None, "hidden": None}).status_code == 303
    form = pages.post_form(owner.get(edit(event_type)))
    assert "hidden" not in form.fields


def test_one_switch_hides_it_and_shows_it_again(owner: FlaskClient, event_type: EventType) -> None:
    for hidden in (True, False):
        assert pages.submit(owner, "/event-types", to=f"/event-types/{event_type.id}/hidden").status_code == 303
        assert bool(hooks(owner.get("/rick"), "event-type-link")) != hidden
    htmx = {"HX-Request": "true"}
    answer = pages.submit(owner, "/event-types", to=f"/event-types/{event_type.id}/hidden", headers=htmx)
    assert "Hidden from your public page" in answer.headers["HX-Trigger"]
    assert "<html" not in answer.text


def test_deleting_asks_first(owner: FlaskClient, event_type: EventType) -> None:
    page = owner.get(f"/event-types/{event_type.id}/delete")
    assert "What has been booked is kept." in page.text
    assert owner.get("/rick/quick-chat").status_code == 200
    assert pages.submit(owner, f"/event-types/{event_type.id}/delete").status_code == 303
    assert owner.get("/rick/quick-chat").status_code == 404
    assert owner.get(edit(event_type)).status_code == 404


@pytest.mark.usefixtures("watch")
def test_windows_limits_and_guests_are_kept_and_reach_the_booking_page(
    owner: FlaskClient, client: FlaskClient, event_type: EventType
) -> None:
    typed = {
        "windowKind": "range",
        "windowStart": "2026-03-04",
        "windowEnd": "2026-03-04",
        "limitDay": "3",
        "limitWeek": "5",
        "noGuests": "y",
    }
    assert pages.submit(owner, edit(event_type), typed).status_code == 303
    fields = pages.post_form(owner.get(edit(event_type))).fields
    assert {name: fields.get(name) for name in typed} == typed
    page = client.get("/rick/quick-chat?month=2026-03")
    assert [day.text for day in hooks(page, "day") if day["data-disabled"] == "false"] == ["4"]
    link = "/rick/quick-chat?slot=2026-03-04T10:00:00Z&guests=bob@example.com"
    assert not hooks(client.get(link), "add-guests")
    ann = {"name": "Ann", "email": "ann@example.com"}
    assert pages.submit(client, link, ann | {"guests": "bob@example.com"}).status_code == 422
    assert pages.submit(client, link, ann).status_code == 303


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"windowKind": "rolling", "windowDays": "x"}, "Enter a number of days from 0"),
        ({"windowKind": "range", "windowStart": "", "windowEnd": "2026-03-04"}, "Enter a day."),
        ({"limitMonth": "0"}, "Enter a number of bookings from 1"),
    ],
)
def test_wrong_windows_and_limits_come_back_at_their_field(
    owner: FlaskClient, event_type: EventType, typed: dict[str, str], sentence: str
) -> None:
    answer = pages.submit(owner, edit(event_type), typed)
    assert answer.status_code == 422
    assert sentence in answer.text


def test_an_event_type_is_copied_and_moved(owner: FlaskClient, rick: User, event_type: EventType) -> None:
    answer = pages.submit(owner, "/event-types", to=f"/event-types/{event_type.id}/duplicate")
    assert pages.post_form(owner.get(answer.location)).fields["slug"] == "quick-chat-copy"
    page = owner.get("/event-types")
    assert page.text.index("/rick/quick-chat<") < page.text.index("/rick/quick-chat-copy<")
    pages.submit(owner, "/event-types", {"direction": "down"}, to=f"/event-types/{event_type.id}/move")
    page = owner.get("/event-types")
    assert page.text.index("/rick/quick-chat<") > page.text.index("/rick/quick-chat-copy<")


def test_a_mistake_is_answered_while_another_process_writes(
    app: Flask, owner: FlaskClient, rick: User, event_type: EventType
) -> None:
    with app.app_context(), db.engine.connect().execution_options(**{IMMEDIATE: True}) as other:
        other.execute(update(User).where(User.id == rick.id).values(name="Rick"))
        for path in (NEW, edit(event_type)):
            answer = pages.submit(owner, path, {"title": " ", "length": "30"})
            assert (answer.status_code, "Enter a title." in answer.text) == (422, True)
        other.rollback()

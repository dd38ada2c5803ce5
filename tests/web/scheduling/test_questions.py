"""The host's own questions: made in the event type's form, answered in the booking form."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks.accounts.models import User
from calhooks.scheduling.models.event_types import EventType, LocationKind
from tests import factories
from tests.web import pages
from tests.web.markup import elements, hooks

pytestmark = pytest.mark.usefixtures("watch", "event_type")

ANN = {"name": "Ann Lee", "email": "ann@example.com"}
SLOT = "/rick/chat?slot=2026-03-03T10:00:00Z"
QUESTIONS = [
    {"identifier": "company", "label": "Company", "kind": "text", "required": True, "options": []},
    {"identifier": "about", "label": "About", "kind": "long_text", "required": False, "options": []},
    {"identifier": "colour", "label": "Colour", "kind": "select", "required": False, "options": ["red", "green"]},
    {"identifier": "terms", "label": "I agree", "kind": "checkbox", "required": True, "options": []},
    {"identifier": "people", "label": "People", "kind": "number", "required": False, "options": []},
]


@pytest.fixture
def asking(app: Flask, rick: User) -> EventType:
    """An event type with a question of most kinds, and two lengths."""
    with app.app_context():
        return factories.create_event_type(rick, slug="chat", title="Chat", questions=QUESTIONS, other_lengths=[60])


def book(client: FlaskClient, link: str = SLOT, **typed: Any) -> Any:
    return pages.submit(client, link, ANN | {"company": "Acme", "terms": "y"} | typed)


def test_answers_are_kept_and_shown(client: FlaskClient, asking: EventType) -> None:
    answer = book(client, about="Two\nlines", colour="green", people="3")
    assert answer.status_code == 303
    page = client.get(answer.location)
    for words in ("Company", "Acme", "Two\nlines", "green", "I agree", "Yes", "People"):
        assert words in page.text


def test_wrong_answers_come_back_at_their_questions_with_all_that_was_typed(
    client: FlaskClient, asking: EventType
) -> None:
    answer = book(client, company="", about="Kept", colour="blue", terms=None, people="many")
    assert answer.status_code == 422
    for sentence in (
        "Please answer this.",
        "Choose one of the answers.",
        "Tick this to go on.",
        "Enter a number, such",
    ):
        assert sentence in answer.text
    fields = pages.post_form(answer).fields
    assert (fields["about"], fields["people"], fields["name"]) == ("Kept", "many", "Ann Lee")


def test_a_link_fills_in_answers_and_they_survive_every_step(client: FlaskClient, asking: EventType) -> None:
    page = client.get("/rick/chat?company=Acme&colour=red&terms=true&people=4&unknown=1&date=2026-03-03")
    link = hooks(page, "time")[0]["href"]
    fields = pages.post_form(client.get(link)).fields
    assert [fields.get(name) for name in ("company", "colour", "terms", "people", "unknown")] == [
        "Acme",
        "red",
        "y",
        "4",
        None,
    ]
    back = pages.submit(client, link, {"company": "Other", "terms": None, "step": "back"})
    assert "company=Other" in back.location
    assert "terms" not in back.location


def test_a_move_begins_with_the_former_answers_and_a_host_answers_nothing(
    client: FlaskClient, owner: FlaskClient, asking: EventType
) -> None:
    uid = book(client, people="3").location.rpartition("/")[2]
    link = f"/rick/chat?rescheduleUid={uid}&slot=2026-03-03T12:00:00Z"
    fields = pages.post_form(client.get(link)).fields
    assert (fields["company"], fields["people"], fields["terms"]) == ("Acme", "3", "y")
    assert "company" not in pages.post_form(owner.get(link)).fields
    moved = pages.submit(owner, link)
    assert moved.status_code == 303
    assert "Acme" in client.get(moved.location).text


def test_the_length_of_the_link_is_shown_and_booked(client: FlaskClient, asking: EventType) -> None:
    page = client.get("/rick/chat?date=2026-03-03")
    lengths = {each.text: each["href"] for each in elements(page) if "duration=" in (each.get("href") or "")}
    assert list(lengths) == ["30 min", "1 hr"]
    assert [time.text for time in hooks(client.get(lengths["1 hr"]), "time")][:2] == ["09:00", "10:00"]
    assert "10:00 – 11:00" in client.get(book(client, f"{SLOT}&duration=60").location).text
    assert "13:00 – 13:30" in client.get(book(client, "/rick/chat?slot=2026-03-03T13:00:00Z&duration=7").location).text


def test_the_phone_number_to_call_is_asked_for(client: FlaskClient, app: Flask, rick: User) -> None:
    with app.app_context():
        factories.create_event_type(rick, slug="call", location_kind=LocationKind.ATTENDEE_PHONE)
    link = "/rick/call?slot=2026-03-03T10:00:00Z"
    assert "Enter a phone number." in pages.submit(client, link, ANN).text
    answer = pages.submit(client, link, ANN | {"attendeePhoneNumber": "+44 20 7946 0958"})
    assert "tel:+442079460958" in client.get(answer.location).text


# The host's form


def edit(event_type: EventType) -> str:
    return f"/event-types/{event_type.id}/edit"


def test_questions_are_made_in_the_form(owner: FlaskClient, client: FlaskClient, event_type: EventType) -> None:
    added = pages.submit(owner, edit(event_type), {"title": "Typed", "addQuestion": "y"})
    assert added.status_code == 200
    form = pages.post_form(added)
    assert form.fields["title"] == "Typed"
    form.fields.setlist("questions-0-label", ["Your size"])
    form.fields.setlist("questions-0-kind", ["select"])
    form.fields.setlist("questions-0-options", ["S\nM\n\nL"])
    form.fields.setlist("questions-0-required", ["y"])
    assert owner.post(form.path, data=form.fields).status_code == 303
    fields = pages.post_form(owner.get(edit(event_type))).fields
    assert (fields["questions-0-identifier"], fields["questions-0-options"]) == ("your-size", "S\nM\nL")
    page = client.get("/rick/quick-chat?slot=2026-03-03T10:00:00Z&your-size=M")
    assert pages.post_form(page).fields["your-size"] == "M"


def test_questions_are_moved_and_removed(owner: FlaskClient, asking: EventType) -> None:
    def labels(answer: Any) -> list[str]:
        fields = pages.post_form(answer).fields
        return [fields[f"questions-{number}-label"] for number in range(9) if f"questions-{number}-label" in fields]

    raised = pages.submit(owner, edit(asking), {"raiseQuestion": "2"})
    assert labels(raised)[:3] == ["Company", "Colour", "About"]
    form = pages.post_form(raised)
    removed = owner.post(form.path, data=form.fields | {"removeQuestion": "0"})
    assert labels(removed) == ["Colour", "About", "I agree", "People"]
    form = pages.post_form(removed)
    assert owner.post(form.path, data=form.fields).status_code == 303
    assert labels(owner.get(edit(asking))) == ["Colour", "About", "I agree", "People"]


@pytest.mark.parametrize("nonsense", ["", "99", "-1", "²", "x" * 100])
def test_nonsense_to_move_or_remove_changes_nothing(owner: FlaskClient, asking: EventType, nonsense: str) -> None:
    for button in ("raiseQuestion", "removeQuestion"):
        assert "questions-4-label" in pages.post_form(pages.submit(owner, edit(asking), {button: nonsense})).fields


def test_htmx_gets_the_questions_alone(owner: FlaskClient, event_type: EventType) -> None:
    form = pages.post_form(owner.get(edit(event_type)))
    answer = owner.post(form.path, data=form.fields | {"addQuestion": "y"}, headers={"HX-Request": "true"})
    assert answer.text.lstrip().startswith("<section")


def test_a_wrong_question_comes_back_at_its_field(owner: FlaskClient, asking: EventType) -> None:
    answer = pages.submit(owner, edit(asking), {"questions-1-label": "", "questions-2-identifier": "email"})
    assert answer.status_code == 422
    assert "Enter the question." in answer.text
    assert "No. 3, identifier: Booking forms use “email” themselves." in answer.text


def test_a_form_without_questions_leaves_them(owner: FlaskClient, client: FlaskClient, asking: EventType) -> None:
    form = pages.post_form(owner.get(edit(asking)))
    fields = {name: value for name, value in form.fields.items() if not name.startswith("questions")}
    assert owner.post(form.path, data=fields).status_code == 303
    assert "company" in pages.post_form(client.get(SLOT)).fields


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"otherLengths": "long"}, "Enter numbers of minutes from 1 to 1,440"),
        ({"locationKind": "link", "location": "Room 5"}, "Enter a link that begins with https://."),
        ({"locationKind": "host_phone", "location": ""}, "Enter the phone number that is called."),
        ({"locationKind": "moon"}, "Choose where the meeting is."),
    ],
)
def test_wrong_lengths_and_places_come_back_at_their_field(
    owner: FlaskClient, event_type: EventType, typed: dict[str, str], sentence: str
) -> None:
    answer = pages.submit(owner, edit(event_type), typed)
    assert answer.status_code == 422
    assert sentence in answer.text


@pytest.mark.parametrize("number", ["²", "99999", "9" * 5_000, "-1", "٣"])
def test_a_row_that_no_form_has_numbered_is_left_aside(owner: FlaskClient, event_type: EventType, number: str) -> None:
    edit = f"/event-types/{event_type.id}/edit"
    fields = pages.post_form(owner.get(edit)).fields
    assert owner.post(edit, data=fields | {f"questions-{number}-label": "What?"}).status_code == 303
    assert "questions-0-label" not in pages.post_form(owner.get(edit)).fields

from typing import Any

import pytest
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.db import writing
from calhooks.scheduling.errors import InvalidInput, SlotNotOffered
from calhooks.scheduling.event_types.editing import update_event_type
from calhooks.scheduling.event_types.form import TypedEventType, check_event_type
from calhooks.scheduling.event_types.question_form import TypedQuestion, check_questions
from calhooks.scheduling.event_types.questions import Question, QuestionKind, asked, check_answers, own_questions
from calhooks.scheduling.models.event_types import LocationKind
from tests.scheduling.event_types.helpers import create
from tests.scheduling.helpers import at, book_at, bookable, last_payload, move

pytestmark = pytest.mark.usefixtures("watch")


def question(kind: QuestionKind, **values: Any) -> Question:
    return Question(**({"identifier": "q", "label": "Q", "kind": kind} | values))


def answer(kind: QuestionKind, text: str, **values: Any) -> tuple[object, str]:
    """What is kept of an answer, and the sentence when it is refused."""
    errors: dict[str, str] = {}
    answers = check_answers(errors, [question(kind, **values)], {"q": text})
    return answers.get("q", {}).get("value"), errors.get("q", "")


def refused(*typed: TypedQuestion) -> dict[str, str]:
    errors: dict[str, str] = {}
    check_questions(errors, typed)
    return errors


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (QuestionKind.TEXT, "  one\nline ", "one line"),
        (QuestionKind.LONG_TEXT, "two\r\nlines ", "two\nlines"),
        (QuestionKind.SELECT, "red", "red"),
        (QuestionKind.CHECKBOX, "y", True),
        (QuestionKind.CHECKBOX, "", False),
        (QuestionKind.CHECKBOX, "false", False),
        (QuestionKind.PHONE, "+44 (20) 7946-0958", "+44 (20) 7946-0958"),
        (QuestionKind.NUMBER, "12", 12),
        (QuestionKind.NUMBER, " -1.5 ", -1.5),
        (QuestionKind.NUMBER, "1e3", 1000),
        (QuestionKind.TEXT, " ", None),
        (QuestionKind.SELECT, "", None),
        (QuestionKind.NUMBER, "", None),
    ],
)
def test_answers_are_kept_as_what_they_are(kind: QuestionKind, text: str, value: object) -> None:
    kept, sentence = answer(kind, text, options=("red", "green"))
    assert (kept, sentence) == (value, "")
    assert type(kept) is type(value)


@pytest.mark.parametrize(
    ("kind", "text", "sentence"),
    [
        (QuestionKind.TEXT, "x" * 1_001, "1,000"),
        (QuestionKind.TEXT, "a\0b", "NUL"),
        (QuestionKind.SELECT, "blue", "Choose one"),
        (QuestionKind.PHONE, "call me", "phone number"),
        (QuestionKind.PHONE, "+()--", "phone number"),
        (QuestionKind.NUMBER, "many", "Enter a number"),
        (QuestionKind.NUMBER, "NaN", "Enter a number"),
        (QuestionKind.NUMBER, "Infinity", "Enter a number"),
        (QuestionKind.NUMBER, "1_000", "Enter a number"),
        (QuestionKind.NUMBER, "٣", "Enter a number"),
        (QuestionKind.NUMBER, "1e999999", "digits"),
        (QuestionKind.NUMBER, "9" * 16, "digits"),
    ],
)
def test_answers_that_cannot_be_are_refused(kind: QuestionKind, text: str, sentence: str) -> None:
    kept, said = answer(kind, text, options=("red",))
    assert kept is None
    assert sentence in said


@pytest.mark.parametrize("kind", list(QuestionKind))
def test_a_required_question_must_be_answered(kind: QuestionKind) -> None:
    assert answer(kind, "", required=True, options=("red",))[1]
    assert not answer(kind, "", options=("red",))[1]


def test_zero_answers_a_required_number() -> None:
    assert answer(QuestionKind.NUMBER, "0", required=True) == (0, "")


def test_identifiers_are_made_of_the_questions(session: Session, host: User) -> None:
    typed = ("How many people?", "how many, people", "Ваш телефон", "Name", "2 of you?")
    event_type = create(host, questions=tuple(TypedQuestion(label=label) for label in typed))
    assert [each.identifier for each in own_questions(event_type)] == [
        "how-many-people",
        "how-many-people-2",
        "question",
        "name-2",
        "question-2-of-you",
    ]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        (TypedQuestion(label=" "), "questions-0-label"),
        (TypedQuestion(label="x" * 201), "questions-0-label"),
        (TypedQuestion(label="Q", identifier="1st"), "questions-0-identifier"),
        (TypedQuestion(label="Q", identifier="a b"), "questions-0-identifier"),
        (TypedQuestion(label="Q", identifier="a" * 65), "questions-0-identifier"),
        (TypedQuestion(label="Q", kind="colour"), "questions-0-kind"),
        (TypedQuestion(label="Q", kind="select", options=" \n"), "questions-0-options"),
        (TypedQuestion(label="Q", kind="select", options="\n".join(map(str, range(51)))), "questions-0-options"),
    ],
)
def test_questions_that_cannot_be_asked_are_said_at_their_place(typed: TypedQuestion, name: str) -> None:
    assert list(refused(typed)) == [name]


@pytest.mark.parametrize(
    "name",
    ["start", "timeZone", "timezone", "name", "email", "notes", "guests", "rescheduleReason", "slot", "metadata",
     "metadatax", "csrf_token", "duration"],
)  # fmt: skip
def test_the_names_of_the_form_and_the_link_are_taken(name: str) -> None:
    assert list(refused(TypedQuestion(label="Q", identifier=name))) == ["questions-0-identifier"]


def test_two_questions_do_not_share_an_identifier() -> None:
    twice = refused(TypedQuestion(label="A", identifier="size"), TypedQuestion(label="B", identifier="Size"))
    assert list(twice) == ["questions-1-identifier"]


def test_there_are_no_more_questions_than_a_form_can_bear() -> None:
    assert list(refused(*[TypedQuestion(label="Q")] * 31)) == ["questions"]


def test_a_form_that_says_nothing_of_questions_leaves_them(session: Session, host: User) -> None:
    event_type = create(host, questions=(TypedQuestion(label="Size"),))
    with writing() as inner:
        update_event_type(
            inner, owner_of(host), event_type.id, check_event_type(TypedEventType(title="Chat", length=30))
        )
    assert [each.label for each in own_questions(event_type)] == ["Size"]


def test_answers_arrive_in_webhooks_under_their_identifiers(session: Session) -> None:
    size = {"identifier": "size", "label": "How many?", "kind": "number", "required": True, "options": []}
    event_type = bookable(questions=[size])
    booking = book_at(event_type, at(10), answers={"size": {"label": "How many?", "value": 3}})
    assert last_payload(session)["responses"]["size"] == {"label": "How many?", "value": 3}
    move(booking, at(11), by=event_type.owner)
    assert last_payload(session)["responses"]["size"]["value"] == 3


def test_the_attendees_phone_is_asked_for_and_is_where_the_meeting_is(session: Session) -> None:
    event_type = bookable(location_kind=LocationKind.ATTENDEE_PHONE)
    (phone,) = asked(event_type)
    assert (phone.identifier, phone.required) == ("attendeePhoneNumber", True)
    book_at(event_type, at(10), answers={phone.identifier: {"label": phone.label, "value": "+44 20 7946 0958"}})
    payload = last_payload(session)
    assert payload["location"] == "+44 20 7946 0958"
    assert payload["responses"]["attendeePhoneNumber"]["value"] == "+44 20 7946 0958"


@pytest.mark.parametrize(
    ("kind", "location", "kept"),
    [
        ("link", "https://meet.example.com/rick", "https://meet.example.com/rick"),
        ("in_person", "Room 5", "Room 5"),
        ("host_phone", "+44 20 7946 0958", "+44 20 7946 0958"),
        ("attendee_phone", "whatever", ""),
        ("somewhere_else", "", ""),
    ],
)
def test_a_location_is_kept_as_its_kind_wants_it(session: Session, host: User, kind: str, location: str, kept: str):
    event_type = create(host, location_kind=kind, location=location)
    assert (event_type.location_kind, event_type.location) == (kind, kept)


@pytest.mark.parametrize(
    ("kind", "location", "name"),
    [
        ("link", "Room 5", "location"),
        ("link", "javascript:alert(1)", "location"),
        ("host_phone", "", "location"),
        ("moon", "Crater", "locationKind"),
    ],
)
def test_a_location_of_another_kind_is_refused(host: User, kind: str, location: str, name: str) -> None:
    with pytest.raises(InvalidInput) as error:
        create(host, location_kind=kind, location=location)
    assert list(error.value.errors) == [name]


def test_one_of_several_lengths_is_booked(session: Session) -> None:
    event_type = bookable(length=30, other_lengths=[60, 15])
    assert event_type.lengths == [15, 30, 60]
    assert book_at(event_type, at(10)).length == 30
    booking = book_at(event_type, at(12), length=60)
    assert (booking.length, booking.end_time, last_payload(session)["length"]) == (60, at(13), 60)
    with pytest.raises(SlotNotOffered, match="length"):
        book_at(event_type, at(14), length=45)


@pytest.mark.parametrize(("typed", "kept"), [("", []), ("45, 15 30", [15, 45]), ("60,60", [60])])
def test_further_lengths_are_typed_in_one_line(session: Session, host: User, typed: str, kept: list[int]) -> None:
    assert create(host, other_lengths=typed).other_lengths == kept


@pytest.mark.parametrize(
    "typed", ["0", "1441", "half an hour", "-5", "1.5", "9" * 5000, ",".join(map(str, range(1, 12)))]
)
def test_further_lengths_that_cannot_be_are_refused(host: User, typed: str) -> None:
    with pytest.raises(InvalidInput) as error:
        create(host, other_lengths=typed)
    assert list(error.value.errors) == ["otherLengths"]

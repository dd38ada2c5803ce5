"""What an event type asks those who book it, besides what every booking form asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from calhooks.scheduling.event_types.places import places
from calhooks.scheduling.fields import phone_number
from calhooks.scheduling.models.event_types import EventType, LocationKind
from calhooks.text import checked, one_line, paragraphs

MAX_TEXT_LENGTH = 1_000
MAX_LONG_TEXT_LENGTH = 5_000
# What a double holds exactly, as receivers read it.
MAX_DIGITS = 15
ATTENDEE_PHONE = "attendeePhoneNumber"
# The names of the answers that every booking has.
EVERY_FORM = ("name", "email", "notes", "guests", "location")
NOT_TICKED = ("", "0", "false", "no", "off", "n")

# An answer as it is kept with the booking: the label it was asked under, and its value.
Answers = dict[str, dict[str, Any]]


class QuestionKind(StrEnum):
    """How a question is answered."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    SELECT = "select"
    CHECKBOX = "checkbox"
    PHONE = "phone"
    NUMBER = "number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question. `identifier` is the name of its field, of its answer in webhooks and of its link parameter."""

    identifier: str
    label: str
    kind: QuestionKind
    required: bool = False
    options: tuple[str, ...] = ()

    def stored(self) -> dict[str, Any]:
        """Return the question as its event type keeps it."""
        return {
            "identifier": self.identifier,
            "label": self.label,
            "kind": str(self.kind),
            "required": self.required,
            "options": list(self.options),
        }


PHONE_QUESTION = Question(identifier=ATTENDEE_PHONE, label="Phone number", kind=QuestionKind.PHONE, required=True)


def own_questions(event_type: EventType) -> list[Question]:
    """Return what the host of an event type has thought of."""
    return [
        Question(
            identifier=stored["identifier"],
            label=stored["label"],
            kind=QuestionKind(stored["kind"]),
            required=stored["required"],
            options=tuple(stored["options"]),
        )
        for stored in event_type.questions
    ]


def asked(event_type: EventType) -> list[Question]:
    """Return everything that a booker is asked, the phone number to call first where there is one."""
    kinds = {place.kind for place in places(event_type)}
    phone = [PHONE_QUESTION] if LocationKind.ATTENDEE_PHONE in kinds else []
    return phone + own_questions(event_type)


def check_answers(errors: dict[str, str], questions: Sequence[Question], typed: Mapping[str, str]) -> Answers:
    """Return what was answered; what is wrong with an answer goes to `errors`, under the question's identifier.

    A question that was left open has no answer; a box is ticked or not.
    """
    answers: Answers = {}
    for question in questions:
        value = checked(errors, question.identifier, _CHECKS[question.kind], typed.get(question.identifier, ""))
        if value is None and question.identifier in errors:
            continue
        if question.kind is QuestionKind.SELECT and value and value not in question.options:
            errors[question.identifier] = "Choose one of the answers."
        elif question.required and (value in ("", None) or value is False):
            errors[question.identifier] = _MISSING.get(question.kind, "Please answer this.")
        elif value not in ("", None):
            answers[question.identifier] = {"label": question.label, "value": value}
    return answers


def host_answers(responses: Mapping[str, dict[str, Any]]) -> Answers:
    """Return a booking's answers without those to what every form asks, and without questions that were left open."""
    return {name: answer for name, answer in responses.items() if name not in EVERY_FORM and "value" in answer}


def is_hosts_own(identifier: str) -> bool:
    """Tell whether a question is one that the host of an event type has thought of."""
    return identifier not in (*EVERY_FORM, ATTENDEE_PHONE)


def is_ticked(text: str) -> bool:
    """Return whether a text, of a form or a link, ticks a box."""
    return text.strip().lower() not in NOT_TICKED


def _number(text: str) -> int | float | None:
    if not text.strip():
        return None
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not text.isascii() or "_" in text or not number.is_finite():
        raise ValueError("Enter a number, such as 12 or 1.5.")
    if len(number.as_tuple().digits) > MAX_DIGITS or not -MAX_DIGITS < number.adjusted() < MAX_DIGITS:
        raise ValueError(f"Use at most {MAX_DIGITS} digits.")
    return int(number) if number == number.to_integral_value() else float(number)


_CHECKS: Mapping[QuestionKind, Any] = {
    QuestionKind.TEXT: lambda text: one_line(text, MAX_TEXT_LENGTH),
    QuestionKind.LONG_TEXT: lambda text: paragraphs(text, MAX_LONG_TEXT_LENGTH),
    QuestionKind.SELECT: lambda text: one_line(text, MAX_TEXT_LENGTH),
    QuestionKind.CHECKBOX: is_ticked,
    QuestionKind.PHONE: phone_number,
    QuestionKind.NUMBER: _number,
}
_MISSING = {
    QuestionKind.SELECT: "Choose an answer.",
    QuestionKind.CHECKBOX: "Tick this to go on.",
    QuestionKind.PHONE: "Enter a phone number.",
    QuestionKind.NUMBER: "Enter a number.",
}

"""The questions of an event type as its host typed them, checked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from calhooks.scheduling.event_types.questions import ATTENDEE_PHONE, Question, QuestionKind
from calhooks.scheduling.fields import slug_of
from calhooks.text import checked, one_line

MAX_QUESTIONS = 30
MAX_LABEL_LENGTH = 200
MAX_IDENTIFIER_LENGTH = 64
MAX_OPTIONS = 50
MAX_OPTION_LENGTH = 200
# The names that a booking form and a booking link have of their own.
TAKEN_IDENTIFIERS = frozenset(
    name.lower()
    for name in (
        *("start", "timeZone", "name", "email", "notes", "guests", "rescheduleReason"),
        *("date", "month", "slot", "duration", "rescheduleUid", "metadata", "timeFormat", "step", "csrf_token"),
        *("uid", "title", "startTime", "endTime", "location", "cancel", ATTENDEE_PHONE),
    )
)
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedQuestion:
    """A question as it was typed: `options` holds one answer a line; an empty identifier is made from the label."""

    label: str
    identifier: str = ""
    kind: str = QuestionKind.TEXT
    required: bool = False
    options: str = ""


def check_questions(errors: dict[str, str], typed: Sequence[TypedQuestion]) -> list[Question]:
    """Return the questions; what is wrong goes to `errors`, under names like `questions-0-label`."""
    if len(typed) > MAX_QUESTIONS:
        errors["questions"] = f"Ask at most {MAX_QUESTIONS} questions."
        return []
    used = {each.identifier.strip().lower() for each in typed}
    questions, seen = [], set[str]()
    for number, each in enumerate(typed):
        place = f"questions-{number}"
        identifier = each.identifier.strip() or _unused(slug_of(each.label), used)
        used.add(identifier.lower())
        checked(errors, f"{place}-identifier", lambda text: _identifier(text, seen), identifier)
        seen.add(identifier.lower())
        kind = checked(errors, f"{place}-kind", _kind, each.kind)
        label = checked(errors, f"{place}-label", _label, each.label)
        options = checked(errors, f"{place}-options", _options, each.options) if kind is QuestionKind.SELECT else []
        if kind and label:
            questions.append(
                Question(
                    identifier=identifier, label=label, kind=kind, required=each.required, options=tuple(options or ())
                )
            )
    return questions


def _unused(wanted: str, used: set[str]) -> str:
    base = wanted if wanted[:1].isalpha() else f"question-{wanted}".rstrip("-")
    base = base[: MAX_IDENTIFIER_LENGTH - 3].rstrip("-")
    names = (base, *(f"{base}-{number}" for number in range(2, MAX_QUESTIONS + 3)))
    return next(name for name in names if name not in used and name not in TAKEN_IDENTIFIERS)


def _identifier(text: str, seen: set[str]) -> str:
    if len(text) > MAX_IDENTIFIER_LENGTH:
        raise ValueError(f"Use at most {MAX_IDENTIFIER_LENGTH} characters.")
    if not _IDENTIFIER.fullmatch(text):
        raise ValueError("Begin with a letter; use letters from a to z, digits, hyphens and underscores.")
    if text.lower() in TAKEN_IDENTIFIERS or text.lower().startswith("metadata"):
        raise ValueError(f"Booking forms use “{text}” themselves. Choose another identifier.")
    if text.lower() in seen:
        raise ValueError("Another question has this identifier.")
    return text


def _kind(text: str) -> QuestionKind:
    try:
        return QuestionKind(text)
    except ValueError:
        raise ValueError("Choose how the question is answered.") from None


def _label(text: str) -> str:
    label = one_line(text, MAX_LABEL_LENGTH)
    if not label:
        raise ValueError("Enter the question.")
    return label


def _options(text: str) -> list[str]:
    lines = dict.fromkeys(filter(None, map(str.strip, text.splitlines())))
    if len(lines) > MAX_OPTIONS:
        raise ValueError(f"Use at most {MAX_OPTIONS} answers.")
    options = list(dict.fromkeys(filter(None, (one_line(line, MAX_OPTION_LENGTH) for line in lines))))
    if not options:
        raise ValueError("Enter the answers to choose from, one a line.")
    return options

"""The questions of an event type in its form: as many rows as there are, changed by buttons that need no script."""

from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field, Form, FormField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from calhooks.scheduling.event_types.question_form import MAX_IDENTIFIER_LENGTH, MAX_LABEL_LENGTH, TypedQuestion
from calhooks.scheduling.event_types.questions import QuestionKind, own_questions
from calhooks.scheduling.models.event_types import EventType
from calhooks.web.forms.rows import Rows

# More than the service allows, so that it can say so; a bound for a form that nobody typed.
MAX_QUESTION_ROWS = 60
KINDS = (
    (QuestionKind.TEXT, "Short text"),
    (QuestionKind.LONG_TEXT, "Long text"),
    (QuestionKind.SELECT, "One of a list"),
    (QuestionKind.CHECKBOX, "A box to tick"),
    (QuestionKind.PHONE, "Phone number"),
    (QuestionKind.NUMBER, "Number"),
)


class QuestionRow(Form):  # type: ignore[misc]  # wtforms has no types
    """One question."""

    label = StringField("Question", default="", render_kw={"maxlength": MAX_LABEL_LENGTH})
    kind = SelectField(
        "Answer",
        choices=[SelectChoice(str(kind), label) for kind, label in KINDS],
        default=str(QuestionKind.TEXT),
        validate_choice=False,
    )
    options = TextAreaField("Answers to choose from", default="")
    identifier = StringField("Identifier", default="", render_kw={"maxlength": MAX_IDENTIFIER_LENGTH})
    required = BooleanField("Must be answered")

    def typed(self) -> TypedQuestion:
        """Return what was typed."""
        return TypedQuestion(
            label=self.label.data or "",
            identifier=self.identifier.data or "",
            kind=self.kind.data or "",
            required=self.required.data,
            options=self.options.data or "",
        )


class Questions(Rows):
    """The rows, and what the buttons beside them do."""

    def __init__(self, label: str, **options: Any) -> None:
        super().__init__(FormField(QuestionRow), label, max_entries=MAX_QUESTION_ROWS, **options)

    def typed(self) -> tuple[TypedQuestion, ...]:
        """Return what was typed."""
        return tuple(entry.form.typed() for entry in self)

    def change(self, sent: MultiDict[str, str]) -> bool:
        """Add, remove or move a question where a button for that was pressed; tell whether one was."""
        if "addQuestion" in sent:
            if len(self) < MAX_QUESTION_ROWS:
                self.append_entry()
        elif "removeQuestion" in sent:
            if (number := self._number(sent["removeQuestion"])) is not None:
                self.pop_entry(number)
        elif "raiseQuestion" in sent:
            if number := self._number(sent["raiseQuestion"]):
                self.entries.insert(number - 1, self.entries.pop(number))
                self._compact_indices()
        else:
            return False
        return True

    def where(self, number: int, field: Field) -> str:
        """Return how a sentence above the form names a field of a question."""
        return f"No. {number}, {field.label.text.lower()}"

    def _number(self, text: str) -> int | None:
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else MAX_QUESTION_ROWS
        return number if number < len(self) else None


def stored_rows(event_type: EventType) -> list[dict[str, object]]:
    """Return the questions of an event type as the rows show them."""
    return [question.stored() | {"options": "\n".join(question.options)} for question in own_questions(event_type)]

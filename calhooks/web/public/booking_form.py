"""The form of a booking page. It keeps what was typed; `scheduling.bookings.submission` judges it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wtforms import (
    BooleanField,
    EmailField,
    Field,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice

from calhooks.scheduling.bookings.submission import (
    MAX_GUESTS,
    MAX_TYPED_GUESTS,
    Submission,
    TypedSubmission,
    check_submission,
)
from calhooks.scheduling.event_types.places import Place, chosen_before
from calhooks.scheduling.event_types.questions import Question, QuestionKind, host_answers, is_ticked
from calhooks.web.forms.fields import ServiceForm
from calhooks.web.public.visit import Visit
from calhooks.web.wording.bookings import place_label


class GuestsField(Field):  # type: ignore[misc]  # wtforms has no types
    """E-mail addresses, one input each, all of the same name. An empty one waits to be filled in."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Keep what was typed: of a form that nobody typed, one address more than is accepted."""
        self.data = valuelist[: MAX_TYPED_GUESTS + 1]


class BookingForm(ServiceForm):
    """What a booker fills in. The names are the contract's; a browser checks nothing, so that one place speaks."""

    start = HiddenField("Time", default="")
    time_zone = HiddenField("Time zone", name="timeZone", default="")
    name = StringField("Your name", default="")
    email = EmailField("Email address", default="")
    guests = GuestsField("Guests", default=())
    notes = TextAreaField("Additional notes", default="")
    reschedule_reason = TextAreaField("Reason for rescheduling", name="rescheduleReason", default="")

    most_guests = MAX_GUESTS
    questions: Sequence[Question] = ()
    places: Sequence[Place] = ()

    @property
    def asked(self) -> list[tuple[Question, Field]]:
        """Return the event type's own questions, each with its field."""
        return [(question, getattr(self, _attribute(number))) for number, question in enumerate(self.questions)]

    @property
    def may_add_guest(self) -> bool:
        """Tell whether there is room for one more guest."""
        return len(self.guests.data) < MAX_GUESTS

    def submission(self, visit: Visit, locale: str) -> Submission:
        """Return what was typed, checked, in the zone and for the length of the visit. Raises InvalidInput."""
        typed = TypedSubmission(
            start=self.start.data or "",
            time_zone=visit.zone,
            name=self.name.data or "",
            email=self.email.data or "",
            notes=self.notes.data or "",
            guests=self.guests.data,
            reschedule_reason=self.reschedule_reason.data or "",
            locale=locale,
            length=visit.length,
            answers=self._answers(),
            place=self._place(),
        )
        return check_submission(typed, questions=self.questions, places=self.places, allows_guests=visit.allows_guests)

    def typed(self) -> dict[str, Any]:
        """Return what was typed as a link carries it."""
        return {
            "name": self.name.data or "",
            "email": self.email.data or "",
            "guests": tuple(self.guests.data),
            "notes": self.notes.data or "",
            "reschedule_reason": self.reschedule_reason.data or "",
            "location": self._place(),
            "answers": {name: text for name, text in self._answers().items() if text},
        }

    def _place(self) -> str:
        return (self.location.data or "") if "location" in self else ""

    def _answers(self) -> dict[str, str]:
        return {question.identifier: _text(each.data) for question, each in self.asked}


def form_class(visit: Visit) -> type[BookingForm]:
    """Return the form with fields for an event type's own questions, named by their identifiers, and for its places."""
    questions, places = visit.questions, visit.places

    class AskingForm(BookingForm):
        pass

    AskingForm.questions, AskingForm.places = questions, places
    if len(places) > 1:
        choices = [SelectChoice(place.key, place_label(place)) for place in places]
        AskingForm.location = RadioField("Where", choices=choices, default=places[0].key, validate_choice=False)
    for number, question in enumerate(questions):
        setattr(AskingForm, _attribute(number), _field(question))
    return AskingForm


def booking_form_for(visit: Visit) -> BookingForm:
    """Return the form with what the link, or the booking that is to be moved, fills in beforehand."""
    link, replaced = visit.link, visit.replaced
    known = {"name": "", "email": "", "guests": (), "notes": ""}
    answers: dict[str, Any] = {}
    if replaced:
        booker, *guests = replaced.attendees
        known |= {
            "name": booker.name,
            "email": booker.email,
            "guests": tuple(guest.email for guest in guests),
            "notes": replaced.additional_notes,
            "location": chosen_before(replaced),
        }
        answers = {name: answer["value"] for name, answer in host_answers(replaced.responses).items()}
    typed = {
        "name": link.name,
        "email": link.email,
        "guests": link.guests,
        "notes": link.notes,
        "location": link.location,
        "reschedule_reason": link.reschedule_reason,
    }
    filled = known | {name: value for name, value in typed.items() if value}
    if filled.get("location") not in [place.key for place in visit.places]:
        filled.pop("location", None)
    answers |= link.answers
    return form_class(visit)(formdata=None, data=filled | _filled(visit.questions, answers))


def _filled(questions: Iterable[Question], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of the answers, as the form's own data."""
    given = {number: answers[each.identifier] for number, each in enumerate(questions) if each.identifier in answers}
    ticks = {number for number, each in enumerate(questions) if each.kind is QuestionKind.CHECKBOX}
    return {
        _attribute(number): is_ticked(_text(value)) if number in ticks else _text(value)
        for number, value in given.items()
    }


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "y" if value else ""
    return "" if value is None else str(value)


def _attribute(number: int) -> str:
    return f"question_{number}"


def _field(question: Question) -> Field:
    label, name = question.label, question.identifier
    if question.kind is QuestionKind.CHECKBOX:
        return BooleanField(label, name=name)
    if question.kind is QuestionKind.SELECT:
        choices = [SelectChoice("", "Choose…"), *(SelectChoice(option, option) for option in question.options)]
        return SelectField(label, name=name, choices=choices, default="", validate_choice=False)
    kinds = {QuestionKind.LONG_TEXT: TextAreaField, QuestionKind.PHONE: TelField}
    return kinds.get(question.kind, StringField)(label, name=name, default="")

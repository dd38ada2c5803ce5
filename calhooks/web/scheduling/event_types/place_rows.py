"""The further places of an event type in its form: as many rows as there are; its buttons need no script."""

from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import Form, FormField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from calhooks.scheduling.event_types.places import TypedPlace
from calhooks.scheduling.models.event_types import MAX_LOCATION_LENGTH, EventType, LocationKind
from calhooks.web.forms.rows import Rows
from calhooks.web.http.row_numbers import counted

# More than the service allows, so that it can say so; a bound for a form that nobody typed.
MAX_PLACE_ROWS = 10
LOCATIONS = (
    (LocationKind.LINK, "Online, at a link"),
    (LocationKind.IN_PERSON, "In person"),
    (LocationKind.HOST_PHONE, "People call me"),
    (LocationKind.ATTENDEE_PHONE, "I call people at their number"),
    (LocationKind.SOMEWHERE_ELSE, "Somewhere else, or not said"),
)
LOCATION_CHOICES = [SelectChoice(str(kind), label) for kind, label in LOCATIONS]


class PlaceRow(Form):  # type: ignore[misc]  # wtforms has no types
    """One further place."""

    kind = SelectField("Or", choices=LOCATION_CHOICES, default=str(LocationKind.ATTENDEE_PHONE), validate_choice=False)
    location = StringField("Where", default="", render_kw={"maxlength": MAX_LOCATION_LENGTH})


class Places(Rows):
    """The rows, and what the buttons beside them do."""

    def __init__(self, label: str, **options: Any) -> None:
        super().__init__(FormField(PlaceRow), label, max_entries=MAX_PLACE_ROWS, **options)

    def typed(self) -> tuple[TypedPlace, ...]:
        """Return what was typed."""
        return tuple(TypedPlace(entry.form.kind.data or "", entry.form.location.data or "") for entry in self)

    def change(self, sent: MultiDict[str, str]) -> bool:
        """Add or remove a place where a button for that was pressed; tell whether one was."""
        number = counted(sent.get("removePlace", ""))
        if "addPlace" in sent and len(self) < MAX_PLACE_ROWS:
            self.append_entry()
        elif number is not None and number < len(self):
            self.pop_entry(number)
        return "addPlace" in sent or "removePlace" in sent


def stored_places(event_type: EventType) -> list[dict[str, Any]]:
    """Return the further places of an event type as the rows show them."""
    return list(event_type.other_locations)

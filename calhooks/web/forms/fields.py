"""What forms share: they read what was typed, and services judge it."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from calhooks import clock
from calhooks.zones import UnknownZone, canonical_zone, zone_groups


class ServiceForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """A form whose errors come from a service. A browser checks nothing."""

    def show(self, errors: Mapping[str, str]) -> None:
        """Put each sentence at its field, by the names that are sent; rows of fields put theirs themselves."""
        for field in self:
            if callable(show := getattr(field, "show", None)):
                show(errors)
            elif field.name in errors:
                field.errors = (errors[field.name],)


class ZoneField(SelectField):  # type: ignore[misc]  # wtforms has no types
    """A list of the world's time zones. `data` is a canonical name, empty when what was sent is no time zone.

    If nothing was sent, it stays as the form was opened with.
    """

    def __init__(self, label: str, **options: Any) -> None:
        super().__init__(label, choices=_choices, validate_choice=False, **options)

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Take what was sent, under the name that the zone has today."""
        opened_with: str = self.object_data or ""
        try:
            self.data = canonical_zone(valuelist[0] if valuelist else opened_with)
        except UnknownZone:
            self.data = ""


def _choices() -> list[SelectChoice]:
    return [
        SelectChoice(zone.name, f"{zone.place} ({zone.offset})", optgroup=group.region)
        for group in zone_groups(clock.now())
        for zone in group.choices
    ]

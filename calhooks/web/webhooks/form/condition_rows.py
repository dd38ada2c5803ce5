"""The rows of the webhook box in which a filter is built: a variable, a comparison and a value."""

from collections.abc import Mapping
from typing import Any

from wtforms import Field
from wtforms.utils import unset_value

from calhooks.web.site.access import owner
from calhooks.web.webhooks.form.choices import known_to_owner
from calhooks.webhooks.editor.filter_variables import misnamed
from calhooks.webhooks.filters.conditions import FilterMatch, FilterOperator
from calhooks.webhooks.filters.typed import MAX_CONDITION_ROWS, TypedCondition, TypedFilter

MATCH, VARIABLE, OPERATOR, VALUE = "filterMatch", "filterVariable", "filterOperator", "filterValue"
MATCHES = {FilterMatch.ALL: "All are met", FilterMatch.ANY: "Any is met"}


class ConditionRows(Field):  # type: ignore[misc]  # wtforms has no types
    """The rows that were sent; a form without any says nothing about a filter, and then `typed` is None.

    `focus` is the place of the row, as shown, at which the reader goes on after adding or removing one.
    """

    operators = tuple(FilterOperator)
    matches = MATCHES
    data: TypedFilter
    typed: TypedFilter | None = None
    focus: int | None = None

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        """Read the rows, the n-th value of each name belonging to the n-th row."""
        self.process_errors: list[str] = []
        self.row_errors: dict[int, str] = {}
        self.data = TypedFilter([]) if data is unset_value or data is None else data
        if formdata is None or VARIABLE not in formdata:
            return
        operators, values = formdata.getlist(OPERATOR), formdata.getlist(VALUE)
        rows = [
            TypedCondition(str(variable), _at(operators, number) or FilterOperator.IS, _at(values, number))
            # One more than the service takes, so that it reports too many; a bound for forged forms.
            for number, variable in enumerate(formdata.getlist(VARIABLE)[: MAX_CONDITION_ROWS + 1])
        ]
        self._type(rows, str(formdata.get(MATCH, self.data.match)))
        if "addCondition" in formdata:
            self.focus = len(self.rows)
        if "removeCondition" in formdata:
            self._remove(rows, str(formdata["removeCondition"]))

    @property
    def rows(self) -> list[tuple[int, TypedCondition]]:
        """Return the rows that hold something, with the number by which they were judged."""
        return [(number, row) for number, row in enumerate(self.data.rows) if not row.is_blank]

    def show(self, errors: Mapping[str, str]) -> None:
        """Put each sentence at its row; they are named by the field and the row's number."""
        for name, sentence in errors.items():
            field, _, number = name.partition(".")
            if field == self.name and number:
                self.row_errors[int(number)] = sentence
        self.errors = (*self.row_errors.values(), *([errors[MATCH]] if MATCH in errors else []))

    def _remove(self, rows: list[TypedCondition], place: str) -> None:
        if place.isdecimal() and len(place) < 4:
            self._type(rows[: int(place)] + rows[int(place) + 1 :], self.data.match)
            self.focus = min(int(place), len(self.rows))

    def _type(self, rows: list[TypedCondition], match: str) -> None:
        typed = TypedFilter(rows, match)
        self.data = self.typed = TypedFilter(rows, match, misnamed(typed, lambda: known_to_owner(owner())))


def _at(values: list[str], number: int) -> str:
    return str(values[number]) if number < len(values) else ""

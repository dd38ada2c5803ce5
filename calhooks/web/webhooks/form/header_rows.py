"""The rows of the webhook box in which headers are typed: a name, a value, and whether the value is secret."""

from collections.abc import Mapping
from typing import Any

from wtforms import Field
from wtforms.utils import unset_value

from calhooks.webhooks.settings.headers import MAX_HEADER_ROWS, TypedHeader

NAME, VALUE, SECRET = "headerName", "headerValue", "headerSecret"


class HeaderRows(Field):  # type: ignore[misc]  # wtforms has no types
    """As many rows as were sent; a form without any says nothing about headers, and then `typed` is None."""

    data: list[TypedHeader]
    typed: list[TypedHeader] | None = None

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        """Read the rows, the n-th value of each name belonging to the n-th row."""
        self.process_errors: list[str] = []
        self.row_errors: dict[int, str] = {}
        self.data = [] if data is unset_value or data is None else list(data)
        if formdata is not None and NAME in formdata:
            values, secret = formdata.getlist(VALUE), formdata.getlist(SECRET)
            self.data = self.typed = [
                TypedHeader(name, _at(values, number), bool(_at(secret, number)))
                # One more than the service takes, so that it can say so; a bound for a form that nobody typed.
                for number, name in enumerate(formdata.getlist(NAME)[: MAX_HEADER_ROWS + 1])
            ]

    @property
    def rows(self) -> list[tuple[int, TypedHeader]]:
        """Return the rows that hold something or are wrong, with the number by which they were judged."""
        return [(number, row) for number, row in enumerate(self.data) if not row.is_blank]

    def show(self, errors: Mapping[str, str]) -> None:
        """Put each sentence at its row; they are named by the field and the row's number."""
        for name, sentence in errors.items():
            field, _, number = name.partition(".")
            if field == self.name and number:
                self.row_errors[int(number)] = sentence
        if self.row_errors:
            self.errors = tuple(self.row_errors.values())
        if self.name in errors:
            self.errors = (errors[self.name],)


def _at(values: list[str], number: int) -> str:
    return str(values[number]) if number < len(values) else ""

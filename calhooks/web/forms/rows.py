"""Forms with as many rows as there are."""

from collections.abc import Iterable, Iterator, Mapping

from wtforms import Field, FieldList

# Far more rows than any form has; what is longer was not sent by one of ours.
MAX_ROW_DIGITS = 4


class Rows(FieldList):  # type: ignore[misc]  # wtforms has no types
    """Rows of fields. Names of fields that number no row ("questions-²-label") are those of no field at all."""

    def show(self, errors: Mapping[str, str]) -> None:
        """Put each sentence at its field, and say above the form in which row it is."""
        said = [errors[self.name]] if self.name in errors else []
        for number, entry in enumerate(self, 1):
            for field in entry.form:
                if field.name in errors:
                    field.errors = (errors[field.name],)
                    said.append(f"{self.where(number, field)}: {errors[field.name]}")
        self.errors = said

    def where(self, number: int, field: Field) -> str:
        """Return how a sentence above the form names a field in a row."""
        return f"No. {number}"

    def _extract_indices(self, prefix: str, formdata: Iterable[str]) -> Iterator[int]:
        for name in formdata:
            number = name.removeprefix(f"{prefix}-").split("-", 1)[0]
            if (
                name.startswith(f"{prefix}-")
                and number.isascii()
                and number.isdecimal()
                and len(number) <= MAX_ROW_DIGITS
            ):
                yield int(number)

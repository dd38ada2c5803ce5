"""Forms with as many rows as there are."""

from collections.abc import Iterable, Iterator

from wtforms import FieldList

# Far more rows than any form has; what is longer was not sent by one of ours.
MOST_DIGITS = 4


class Rows(FieldList):  # type: ignore[misc]  # wtforms has no types
    """Rows of fields. Names of fields that number no row ("questions-²-label") are those of no field at all."""

    def _extract_indices(self, prefix: str, formdata: Iterable[str]) -> Iterator[int]:
        for name in formdata:
            number = name.removeprefix(f"{prefix}-").split("-", 1)[0]
            if name.startswith(f"{prefix}-") and number.isascii() and number.isdecimal() and len(number) <= MOST_DIGITS:
                yield int(number)

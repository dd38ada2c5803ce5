"""A webhook's filter: conditions on an event's variables, as they are stored and in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

MAX_CONDITIONS = 20
MAX_VARIABLE_LENGTH = 200
MAX_CONDITION_VALUE_LENGTH = 500


class FilterMatch(StrEnum):
    """How many of the conditions an event must meet."""

    ALL = "all"
    ANY = "any"


class FilterOperator(StrEnum):
    """What a condition asks of its variable."""

    IS = "is"
    IS_NOT = "is_not"
    ONE_OF = "is_one_of"
    CONTAINS = "contains"
    NOT_CONTAINS = "does_not_contain"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    IS_SET = "is_set"
    NOT_SET = "is_not_set"

    @property
    def takes_value(self) -> bool:
        """Tell whether a value belongs to it."""
        return self not in (FilterOperator.IS_SET, FilterOperator.NOT_SET)

    @property
    def in_words(self) -> str:
        """Return it as it is read between a variable and a value."""
        words = self.value.replace("_", " ")
        return f"is {words}" if self in (FilterOperator.AT_LEAST, FilterOperator.AT_MOST) else words


@dataclass(frozen=True, slots=True)
class FilterCondition:
    """What one variable must be. `variable` is a path as templates write it, without braces."""

    variable: str
    operator: FilterOperator
    value: str = ""

    @property
    def in_words(self) -> str:
        """Return it as part of a sentence, such as "metadata.plan is pro"."""
        words = f"{self.variable} {self.operator.in_words}"
        return f"{words} {self.value}" if self.operator.takes_value else words


@dataclass(frozen=True, slots=True)
class WebhookFilter:
    """Which events are sent; one without conditions lets all through.

    `since` is when it became what it is, in ISO 8601, empty if unknown.
    """

    conditions: Sequence[FilterCondition] = ()
    match: FilterMatch = FilterMatch.ALL
    since: str = field(default="", compare=False)

    def __bool__(self) -> bool:
        """Tell whether there is any condition."""
        return bool(self.conditions)

    @property
    def in_words(self) -> str:
        """Return the conditions as part of a sentence, joined by "and" or "or"."""
        joint = " and " if self.match is FilterMatch.ALL else " or "
        return joint.join(condition.in_words for condition in self.conditions)

    def to_store(self) -> dict[str, Any] | None:
        """Return it as the database keeps it: None without conditions."""
        if not self:
            return None
        rows = [
            {"variable": row.variable, "operator": str(row.operator), "value": row.value} for row in self.conditions
        ]
        return {"match": str(self.match), "conditions": rows, "since": self.since}


def stored_filter(stored: Mapping[str, Any] | None) -> WebhookFilter:
    """Return a filter that the database kept."""
    if not stored:
        return WebhookFilter()
    return WebhookFilter(tuple(_conditions(stored)), FilterMatch(stored["match"]), stored.get("since", ""))


def _conditions(stored: Mapping[str, Any]) -> Iterator[FilterCondition]:
    for row in stored["conditions"]:
        yield FilterCondition(row["variable"], FilterOperator(row["operator"]), row["value"])

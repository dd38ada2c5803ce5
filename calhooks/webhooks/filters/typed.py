"""A filter as it was typed: judged row by row, and what is kept of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from calhooks import clock
from calhooks.text import CONTROL_CHARACTERS, HALF_CHARACTER
from calhooks.webhooks.filters.conditions import (
    MAX_CONDITION_VALUE_LENGTH,
    MAX_CONDITIONS,
    MAX_VARIABLE_LENGTH,
    FilterCondition,
    FilterMatch,
    FilterOperator,
    WebhookFilter,
)
from calhooks.webhooks.filters.matching import JudgedEvent, is_comparable, listed, meets
from calhooks.webhooks.filters.variables import NotAVariable, path_segments, without_braces

# Rows of the form, blank ones included.
MAX_CONDITION_ROWS = 60
TOO_MANY_CONDITIONS = f"A webhook has at most {MAX_CONDITIONS} conditions."


@dataclass(frozen=True, slots=True)
class TypedCondition:
    """A row of the form."""

    variable: str
    operator: str = FilterOperator.IS
    value: str = ""

    @property
    def is_blank(self) -> bool:
        """Tell whether nothing was typed into the row."""
        return not self.variable.strip() and not self.value.strip()


@dataclass(frozen=True, slots=True)
class TypedFilter:
    """The rows of the form, and `match` as it was sent.

    `misnamed` has a sentence for each row whose variable or value does not exist in events, by the row's number.
    """

    rows: Sequence[TypedCondition]
    match: str = FilterMatch.ALL
    misnamed: Mapping[int, str] = field(default_factory=dict)


def typed_filter_of(kept: WebhookFilter) -> TypedFilter:
    """Return a filter as its form shows it."""
    return TypedFilter([TypedCondition(row.variable, row.operator, row.value) for row in kept.conditions], kept.match)


def filter_errors(typed: TypedFilter | None) -> dict[str, str]:
    """Return what is wrong with a filter by the names filterMatch and filter.0, filter.1 and so on, by its rows."""
    if typed is None:
        return {}
    errors = {f"filter.{number}": problem for number, problem in condition_errors(typed).items()}
    if typed.match not in tuple(FilterMatch):
        errors["filterMatch"] = "Choose whether all or any of the conditions have to be met."
    return errors


def condition_errors(typed: TypedFilter) -> dict[int, str]:
    """Return what is wrong with rows, by their number. Of too many rows none is looked at further."""
    filled = [number for number, row in enumerate(typed.rows) if not row.is_blank]
    if len(filled) > MAX_CONDITIONS or len(typed.rows) > MAX_CONDITION_ROWS:
        return {filled[MAX_CONDITIONS] if len(filled) > MAX_CONDITIONS else MAX_CONDITION_ROWS: TOO_MANY_CONDITIONS}
    problems = {number: _problem(typed.rows[number]) or typed.misnamed.get(number) for number in filled}
    return {number: problem for number, problem in problems.items() if problem}


def filter_to_keep(typed: TypedFilter | None, stored: WebhookFilter) -> WebhookFilter:
    """Return the filter of a webhook once this is saved; None keeps what is stored. What was typed is valid."""
    if typed is None:
        return stored
    kept = WebhookFilter(
        tuple(_condition(row) for row in typed.rows if not row.is_blank),
        FilterMatch(typed.match),
        clock.now().isoformat(),
    )
    return stored if kept == stored else kept


def would_send(typed: TypedFilter | None, stored: WebhookFilter, body: Mapping[str, Any]) -> bool | None:
    """Tell whether a filter as typed, None for the stored one, lets an event through, whose default body is `body`.

    None without conditions, or while they are incomplete.
    """
    if filter_errors(typed):
        return None
    wanted = filter_to_keep(typed, stored)
    return meets(wanted, JudgedEvent(body)) if wanted else None


def _condition(row: TypedCondition) -> FilterCondition:
    operator = FilterOperator(row.operator)
    return FilterCondition(without_braces(row.variable), operator, row.value.strip() if operator.takes_value else "")


def _problem(row: TypedCondition) -> str | None:
    variable, value = without_braces(row.variable), row.value.strip()
    if row.operator not in tuple(FilterOperator):
        return "Choose a comparison from the list."
    if not variable:
        return "Enter a variable, such as metadata.plan, or remove this condition."
    if len(variable) > MAX_VARIABLE_LENGTH:
        return f"The variable has more than {MAX_VARIABLE_LENGTH} characters."
    if CONTROL_CHARACTERS.search(variable) or HALF_CHARACTER.search(variable):
        return "The variable must be one line, without control characters."
    try:
        path_segments(variable)
    except NotAVariable as error:
        return str(error)
    return _value_problem(variable, FilterOperator(row.operator), value)


def _value_problem(variable: str, operator: FilterOperator, value: str) -> str | None:
    if not operator.takes_value:
        return None
    if not value:
        return f"Enter a value to compare {variable} with, or choose “is set” or “is not set”."
    if len(value) > MAX_CONDITION_VALUE_LENGTH:
        return f"The value has more than {MAX_CONDITION_VALUE_LENGTH} characters."
    if CONTROL_CHARACTERS.search(value) or HALF_CHARACTER.search(value):
        return "The value must be one line, without control characters."
    if operator is FilterOperator.ONE_OF and not listed(value):
        return "Enter values with commas between them."
    if operator in (FilterOperator.AT_LEAST, FilterOperator.AT_MOST) and not is_comparable(value):
        return f"“{operator.in_words}” needs a number such as 30, or a time such as 2026-12-01T09:00:00Z."
    return None

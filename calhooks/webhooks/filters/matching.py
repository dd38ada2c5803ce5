"""Judge an event by a webhook's filter. Values that cannot be compared do not match."""

import logging
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any

from calhooks.webhooks.body.payload import template_context
from calhooks.webhooks.filters.conditions import (
    FilterCondition,
    FilterMatch,
    FilterOperator,
    WebhookFilter,
    stored_filter,
)
from calhooks.webhooks.filters.variables import NotAVariable, path_segments
from calhooks.webhooks.template.values import comparing
from calhooks.webhooks.template.values.values import MISSING, lookup, text_of

log = logging.getLogger(__name__)

# Texts inside a list or an object that a condition looks at; an ordinary event has 100 in all.
MAX_LOOKED_AT_TEXTS = 2000
MAX_SHOWN_VALUE_LENGTH = 60
MAX_MOMENT_LENGTH = 40
# How many lists and times are kept as they were read from text.
MAX_KEPT_READINGS = 2000
# So that no number is taken for a time.
DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)", re.ASCII)


class JudgedEvent:
    """An event, whose default body is `body`, as the conditions of all its webhooks see it.

    What they look at is looked up once.
    """

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._context = template_context(body)
        self._values: dict[str, object] = {}
        self._texts: dict[str, str] = {}

    def value(self, variable: str) -> object:
        """Return the value of a variable, MISSING if it has none."""
        if variable not in self._values:
            try:
                self._values[variable] = lookup(self._context, path_segments(variable))
            except NotAVariable:
                self._values[variable] = MISSING
        return self._values[variable]

    def texts(self, variable: str) -> str:
        """Return all texts of a value, in lines."""
        if variable not in self._texts:
            self._texts[variable] = "\n".join(islice(_texts(self.value(variable)), MAX_LOOKED_AT_TEXTS))
        return self._texts[variable]


def lets_through(stored: Mapping[str, Any] | None, event: JudgedEvent) -> bool:
    """Tell whether a stored filter lets an event through.

    One that fails unexpectedly does: rather one delivery too many than one lost.
    """
    if not stored:
        return True
    try:
        return meets(stored_filter(stored), event)
    except Exception:
        log.exception("Judging a webhook's filter failed unexpectedly; the event is sent")
        return True


def meets(wanted: WebhookFilter, event: JudgedEvent) -> bool:
    """Tell whether an event meets a filter."""
    judged = (meets_condition(condition, event) for condition in wanted.conditions)
    return not wanted or (all(judged) if wanted.match is FilterMatch.ALL else any(judged))


def unmet(wanted: WebhookFilter, event: JudgedEvent) -> tuple[str, str]:
    """Return the variable of the first condition that an event does not meet, and the beginning of its value."""
    first = next(condition for condition in wanted.conditions if not meets_condition(condition, event))
    text = text_of(event.value(first.variable))
    return first.variable, text if len(text) <= MAX_SHOWN_VALUE_LENGTH else f"{text[:MAX_SHOWN_VALUE_LENGTH]}…"


def meets_condition(condition: FilterCondition, event: JudgedEvent) -> bool:
    """Tell whether an event meets one condition."""
    value, typed = event.value(condition.variable), condition.value
    match condition.operator:
        case FilterOperator.IS:
            return _is(value, typed)
        case FilterOperator.IS_NOT:
            return not _is(value, typed)
        case FilterOperator.ONE_OF:
            return _is_one_of(value, listed(typed))
        case FilterOperator.CONTAINS:
            return comparing.contains(event.texts(condition.variable), typed)
        case FilterOperator.NOT_CONTAINS:
            return not comparing.contains(event.texts(condition.variable), typed)
        case FilterOperator.STARTS_WITH:
            return text_of(value).startswith(typed)
        case FilterOperator.ENDS_WITH:
            return text_of(value).endswith(typed)
        case FilterOperator.AT_LEAST:
            return _is_less(value, typed) is False
        case FilterOperator.AT_MOST:
            return _is_less(typed, value) is False
        case FilterOperator.IS_SET:
            return _is_set(value)
        case FilterOperator.NOT_SET:
            return not _is_set(value)


@lru_cache(MAX_KEPT_READINGS)
def listed(typed: str) -> tuple[str, ...]:
    """Return the values of a list with commas."""
    return tuple(each.strip() for each in typed.split(",") if each.strip())


def is_comparable(typed: str) -> bool:
    """Tell whether a text has an order: it is a number or a time."""
    return is_number(typed) or moment(typed) is not None


def is_number(value: object) -> bool:
    """Tell whether a value compares as a number."""
    return comparing.less(value, math.inf) is True


def moment(value: object) -> datetime | None:
    """Return the time that a text is in ISO 8601, in UTC unless it says otherwise; None for any other value."""
    if not isinstance(value, str) or len(value) > MAX_MOMENT_LENGTH or not DAY.match(value):
        return None
    return _read_moment(value)


@lru_cache(MAX_KEPT_READINGS)
def _read_moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _is(value: object, typed: str) -> bool:
    if comparing.equal(value, typed):
        return True
    at = moment(typed)
    return at is not None and at == moment(value)


def _is_one_of(value: object, listed_values: Sequence[str]) -> bool:
    # Texts, which most values are, are the same only letter by letter, but for times.
    if isinstance(value, str) and moment(value) is None:
        return value in listed_values
    return any(_is(value, each) for each in listed_values)


def _is_less(a: object, b: object) -> bool | None:
    """Tell whether `a` comes before `b`. None where they are neither two numbers nor two times."""
    if is_number(a) or is_number(b):
        return comparing.less(a, b) if is_number(a) and is_number(b) else None
    first, second = moment(a), moment(b)
    return None if first is None or second is None else first < second


def _texts(value: object) -> Iterator[str]:
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, dict | list | tuple):
            left += reversed(each.values() if isinstance(each, dict) else each)
        else:
            yield text_of(each)


def _is_set(value: object) -> bool:
    return value is not MISSING and value is not None and value not in ("", [], {})

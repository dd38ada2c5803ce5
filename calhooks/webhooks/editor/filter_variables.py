"""What is wrong with the variables of a filter: names that no event has, and values that they never have."""

from collections.abc import Callable, Iterator
from functools import reduce

from calhooks.webhooks.editor.account_variables import Known, path_of
from calhooks.webhooks.editor.catalogue import DocumentedVariable
from calhooks.webhooks.editor.comparisons import CHOICES, MAX_CHOICE_LENGTH, near_choice
from calhooks.webhooks.editor.event_shape import SLIP, Shape, nearest, root
from calhooks.webhooks.editor.near import NearNames
from calhooks.webhooks.filters.conditions import MAX_CONDITIONS, FilterOperator
from calhooks.webhooks.filters.matching import is_number, listed, moment
from calhooks.webhooks.filters.typed import TypedCondition, TypedFilter
from calhooks.webhooks.filters.variables import NotAVariable, path_segments, without_braces

EXACT = (FilterOperator.IS, FilterOperator.IS_NOT, FilterOperator.ONE_OF)
ORDERED = (FilterOperator.AT_LEAST, FilterOperator.AT_MOST)
OF_ONE_VALUE = (*EXACT, *ORDERED, FilterOperator.STARTS_WITH, FilterOperator.ENDS_WITH)
# What values of a type are like, and what to say of others.
VALUES: dict[str, tuple[Callable[[str], bool], str]] = {
    "number": (is_number, "{} is a number. Enter one, such as 30."),
    "time": (lambda value: moment(value) is not None, "{} is a time. Enter one, such as 2026-12-01T09:00:00Z."),
    "boolean": (lambda value: value in ("true", "false"), "{} is true or false. Enter one of them."),
}


def misnamed(typed: TypedFilter, known: Callable[[], Known]) -> dict[int, str]:
    """Return what is wrong with conditions, by their rows; `known` is asked only where a name leads nowhere."""
    filled = [number for number, row in enumerate(typed.rows) if not row.is_blank][:MAX_CONDITIONS]
    search, problems = NearNames(), dict[int, str]()
    for number in filled:
        if problem := _problem(typed.rows[number], known, search):
            problems[number] = problem
    return problems


def near_metadata(typed: TypedFilter, known: Known) -> Iterator[str]:
    """Give a sentence for each key that no booking has brought and that is nearly one that some have."""
    search = NearNames()
    for row in typed.rows[:MAX_CONDITIONS]:
        segments = _segments(row)
        instead = known.instead_of(segments[0], segments[1], search) if len(segments) > 1 else None
        if instead:
            whole = ".".join((instead, *segments[2:]))
            yield f"No booking has brought {'.'.join(segments[:2])} yet. Did you mean {whole}?"


def _problem(row: TypedCondition, known: Callable[[], Known], search: NearNames) -> str | None:
    segments = _segments(row)
    if not segments:
        return None
    shape = root().follow(segments)
    if shape is None:
        written = ".".join(segments)
        near = _other_first(segments, search) or nearest(written, root(), known().paths(), search)
        return f"There is no {written}." + (f" Did you mean {near}?" if near else "")
    if (shape.children or shape.item) and row.operator in OF_ONE_VALUE:
        return _of_several(".".join(segments), shape)
    return _never_is(row, shape.variable) if shape.variable else None


def _of_several(written: str, shape: Shape) -> str:
    if "value" in shape.children:
        return f"Compare the answer: {written}.value."
    return f"{written} has several values. Name the one to compare, as in attendees.0.email, or choose “contains”."


def _never_is(row: TypedCondition, variable: DocumentedVariable) -> str | None:
    """Say that a variable never has the value of its condition."""
    value = row.value.strip()
    if not value or row.operator not in (*EXACT, *ORDERED):
        return None
    values = listed(value) if row.operator == FilterOperator.ONE_OF else [value]
    if choices := CHOICES.get(variable.path):
        other = next((each for each in values if each not in choices), None)
        return _no_choice(variable.path, other, choices) if other else None
    fits, sentence = VALUES.get(variable.type, (None, ""))
    return None if fits is None or all(map(fits, values)) else sentence.format(variable.path)


def _no_choice(path: str, value: str, choices: tuple[str, ...]) -> str:
    near = near_choice(value, choices)
    meant = f"Did you mean {near}?" if near else f"Its values are {', '.join(choices)}."
    return f"{path} is never {value[:MAX_CHOICE_LENGTH]}. {meant}"


def _segments(row: TypedCondition) -> tuple[str, ...]:
    """Return the path of a row, empty where it has none."""
    try:
        return path_segments(without_braces(row.variable)) if row.variable.strip() else ()
    except NotAVariable:
        return ()


def _other_first(segments: tuple[str, ...], search: NearNames) -> str | None:
    """Return the path with its first name put right, where it then leads somewhere, also to a key that is new."""
    first = search.nearest(segments[0], root().children, SLIP) if len(segments) > 1 else None
    path = (first or "", *segments[1:])
    return reduce(path_of, path) if first and root().follow(path) else None

"""Find values in conditions that are never equal: a trigger or a status that does not exist, a text without quotes."""

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping

from calhooks.events import Trigger
from calhooks.webhooks.editor.event_shape import Shape
from calhooks.webhooks.template.nodes import Condition, Literal, Operand, Operator, Path

COMPARING = (Operator.EQ, Operator.NE, Operator.IN)
BOOKING_STATUSES = ("ACCEPTED", "PENDING", "REJECTED", "CANCELLED")
# Variables with a few values, and what other services call these.
CHOICES: Mapping[str, tuple[str, ...]] = {
    "triggerEvent": tuple(Trigger),
    "status": BOOKING_STATUSES,
    "schedulingType": ("COLLECTIVE", "ROUND_ROBIN"),
}
CALLED_ELSEWHERE = {
    "INVITEE.CREATED": Trigger.BOOKING_CREATED,
    "INVITEE.CANCELED": Trigger.BOOKING_CANCELLED,
    "INVITEE_NO_SHOW.CREATED": Trigger.BOOKING_NO_SHOW_UPDATED,
    "BOOKING_CONFIRMED": Trigger.BOOKING_CREATED,
    "BOOKING_DECLINED": Trigger.BOOKING_REJECTED,
    "CONFIRMED": "ACCEPTED",
    "ACTIVE": "ACCEPTED",
    "APPROVED": "ACCEPTED",
    "UNCONFIRMED": "PENDING",
    "REQUESTED": "PENDING",
    "DECLINED": "REJECTED",
}


MAX_CHOICE_LENGTH = 40


def bare_words(operand: Operand) -> Iterator[Path]:
    """Yield the one-word paths with which something is compared: each may be a text without its quotation marks."""
    for condition in _comparisons(operand):
        for other in condition.operands[1:]:
            if isinstance(other, Path) and len(other.segments) == 1 and not (other.depth or other.from_root):
                yield other


def never_equal(operand: Operand, follow: Callable[[Path], Shape | None]) -> Iterator[tuple[Path, str]]:
    """Yield the objects and lists that are compared, each with the path of a value in it."""
    for condition in _comparisons(operand, (*COMPARING, Operator.GT, Operator.LT)):
        is_in, is_size = condition.operator is Operator.IN, condition.operator in (Operator.GT, Operator.LT)
        first, *others = condition.operands
        if any(isinstance(other, Literal) and other.value in ("", None) for other in others):
            # Asks whether there is one.
            continue
        for path in condition.operands:
            shape = follow(path) if isinstance(path, Path) and not path.data else None
            looked_in = is_in and path is not first and not (shape and shape.is_list and shape.item_is_object)
            if isinstance(path, Path) and shape and not looked_in and (value := shape.value_inside()):
                yield path, "length" if is_size and shape.is_list else value


def unknown_choices(operand: Operand) -> Iterator[tuple[str, Literal, str | None]]:
    """Yield the texts that a variable of CHOICES never is, each with its name and with what was probably meant."""
    for condition in _comparisons(operand):
        names = [".".join(other.segments) for other in condition.operands if isinstance(other, Path)]
        name = next((name for name in names if name in CHOICES), None)
        for other in condition.operands if name else ():
            if name and isinstance(other, Literal) and other.value not in (*CHOICES[name], "", None):
                yield name, other, near_choice(str(other.value), CHOICES[name])


def near_choice(written: str, choices: tuple[str, ...]) -> str | None:
    """Return the one of a few values that was probably meant, None if none is like it."""
    written = written[:MAX_CHOICE_LENGTH].upper()
    called = CALLED_ELSEWHERE.get(written)
    return called if called in choices else next(iter(difflib.get_close_matches(written, choices, n=1)), None)


def _comparisons(operand: Operand, operators: Collection[Operator] = COMPARING) -> Iterator[Condition]:
    if isinstance(operand, Condition):
        if operand.operator in operators:
            yield operand
        for inner in operand.operands:
            yield from _comparisons(inner, operators)

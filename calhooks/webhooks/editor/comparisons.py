"""Find values in conditions that are never equal: a trigger or a status that does not exist, a text without quotes."""

import difflib
from collections.abc import Iterator, Mapping

from calhooks.events import Trigger
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


def bare_words(operand: Operand) -> Iterator[Path]:
    """Yield the one-word paths with which something is compared: each may be a text without its quotation marks."""
    for condition in _comparisons(operand):
        for other in condition.operands[1:]:
            if isinstance(other, Path) and len(other.segments) == 1 and not (other.depth or other.from_root):
                yield other


def unknown_choices(operand: Operand) -> Iterator[tuple[str, Literal, str | None]]:
    """Yield the texts that a variable of CHOICES never is, each with its name and with what was probably meant."""
    for condition in _comparisons(operand):
        names = [".".join(other.segments) for other in condition.operands if isinstance(other, Path)]
        name = next((name for name in names if name in CHOICES), None)
        for other in condition.operands if name else ():
            if name and isinstance(other, Literal) and other.value not in (*CHOICES[name], "", None):
                yield name, other, _near(str(other.value)[:40].upper(), CHOICES[name])


def _near(written: str, choices: tuple[str, ...]) -> str | None:
    called = CALLED_ELSEWHERE.get(written)
    return called if called in choices else next(iter(difflib.get_close_matches(written, choices, n=1)), None)


def _comparisons(operand: Operand) -> Iterator[Condition]:
    if isinstance(operand, Condition):
        if operand.operator in COMPARING:
            yield operand
        for inner in operand.operands:
            yield from _comparisons(inner)

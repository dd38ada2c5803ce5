"""Conditions: eq, ne, gt, lt, in, and, or, not. A list or object of any size costs what looking through it takes."""

from collections.abc import Callable

from calhooks.webhooks.template.nodes import Condition, Operand, Operator, Path
from calhooks.webhooks.template.values.comparing import contains, equal, less
from calhooks.webhooks.template.values.frames import Frame
from calhooks.webhooks.template.values.helpers import Getter, path_getter
from calhooks.webhooks.template.values.meter import ENTRY_UNITS, cost_of_search, cost_of_text
from calhooks.webhooks.template.values.values import is_truthy

Truth = Callable[[Frame], bool]


def compile_condition(operand: Operand, *, include_zero: bool = False) -> Truth:
    """Return what decides a branch. Its work is charged to the meter of its frame, beside what its nodes cost."""
    if isinstance(operand, Condition):
        return _condition(operand)
    if isinstance(operand, Path):
        value = path_getter(operand)
        return lambda frame: is_truthy(value(frame), include_zero=include_zero)
    truth = is_truthy(operand.value, include_zero=include_zero)
    return lambda _frame: truth


def _condition(condition: Condition) -> Truth:
    operator = condition.operator
    if operator in (Operator.AND, Operator.OR, Operator.NOT):
        return _combined(operator, [compile_condition(operand) for operand in condition.operands])
    values = [_getter(operand) for operand in condition.operands]
    if operator is Operator.IN:
        return _is_in(values[0], values[1:], condition.at)
    left, right = values
    if operator is Operator.GT:
        left, right = right, left
    return _compared(operator, left, right, condition.at)


def _combined(operator: Operator, truths: list[Truth]) -> Truth:
    if operator is Operator.NOT:
        (truth,) = truths
        return lambda frame: not truth(frame)
    if operator is Operator.AND:
        return lambda frame: all(truth(frame) for truth in truths)
    return lambda frame: any(truth(frame) for truth in truths)


def _getter(operand: Operand) -> Getter:
    if isinstance(operand, Condition):
        return _condition(operand)
    if isinstance(operand, Path):
        return path_getter(operand)
    value = operand.value
    return lambda _frame: value


def _compared(operator: Operator, left: Getter, right: Getter, at: int) -> Truth:
    def compared(frame: Frame) -> bool:
        a, b = left(frame), right(frame)
        if isinstance(a, str) and isinstance(b, str):
            frame.meter.spend(cost_of_text(a if len(a) < len(b) else b), at)
        if operator is Operator.EQ:
            return equal(a, b)
        return not equal(a, b) if operator is Operator.NE else bool(less(a, b))

    return compared


def _is_in(item: Getter, containers: list[Getter], at: int) -> Truth:
    """Look in one container; of several values, find an equal one, or a list that has one."""
    alone = len(containers) == 1

    def is_in(frame: Frame) -> bool:
        wanted = item(frame)
        for get in containers:
            found = get(frame)
            if isinstance(found, list):
                frame.meter.spend(sum(ENTRY_UNITS + _length_of(entry) for entry in found), at)
            elif isinstance(found, str):
                frame.meter.spend(cost_of_search(found, wanted), at)
            if contains(found, wanted) if alone or isinstance(found, list) else equal(found, wanted):
                return True
        return False

    return is_in


def _length_of(entry: object) -> int:
    return cost_of_text(entry) if isinstance(entry, str) else 0

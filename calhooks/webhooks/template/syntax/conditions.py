"""Read conditions in parentheses: (eq type "call"), (and location (not (gt length 30)))."""

from collections.abc import Sequence

from calhooks.webhooks.template.errors import TemplateError
from calhooks.webhooks.template.nodes import Condition, Literal, Operand, Operator, operand_leaves
from calhooks.webhooks.template.syntax import unsupported
from calhooks.webhooks.template.syntax.expressions import read_argument
from calhooks.webhooks.template.syntax.scan import TOKEN, Token

MAX_CONDITION_DEPTH = 8
MAX_OPERANDS = 20
# In a whole condition, with what is nested in it.
MAX_COMPARED_VALUES = 64
# How many values each takes, at least and at most.
ARITIES = {
    **dict.fromkeys((Operator.EQ, Operator.NE, Operator.GT, Operator.LT), (2, 2)),
    **dict.fromkeys((Operator.IN, Operator.AND, Operator.OR), (2, MAX_OPERANDS)),
    Operator.NOT: (1, 1),
}
COMBINES = (Operator.AND, Operator.OR, Operator.NOT)
ONE_TEXT = "in needs a variable to look in, or several texts to choose from. For one text, write eq."


def read_operand(source: str, tokens: Sequence[Token], position: int, depth: int = 0) -> tuple[Operand, int]:
    """Read what begins at `position`, and return where it ends. Raises TemplateError."""
    token = tokens[position]
    if token.kind == "close":
        raise TemplateError.at(source, token.at, "This ) closes nothing: remove it.")
    if token.kind != "open":
        return read_argument(source, token), position + 1
    if depth == MAX_CONDITION_DEPTH:
        raise TemplateError.at(source, token.at, f"Conditions are nested more than {MAX_CONDITION_DEPTH} deep.")
    operator = _operator(source, tokens, position)
    operands, position = list[Operand](), position + 2
    while position < len(tokens) and tokens[position].kind != "close":
        _check_word(source, tokens, position)
        operand, position = read_operand(source, tokens, position, depth + 1)
        operands.append(operand)
    if position == len(tokens):
        raise TemplateError.at(source, token.at, "This ( is never closed: ) is missing.")
    condition = Condition(token.at, operator, tuple(operands))
    _check(source, condition)
    if not depth and sum(1 for _ in operand_leaves(condition)) > MAX_COMPARED_VALUES:
        raise TemplateError.at(source, token.at, f"A condition takes at most {MAX_COMPARED_VALUES} values in all.")
    return condition, position + 1


def _operator(source: str, tokens: Sequence[Token], position: int) -> Operator:
    """Read the name after the parenthesis at `position`."""
    names = [token for token in tokens[position + 1 : position + 3] if token.kind == "path"]
    known = next((token.text for token in names if token.text in tuple(Operator)), None)
    if not names or tokens[position + 1] is not names[0]:
        at = tokens[position].at
        raise TemplateError.at(source, at, 'A condition begins with its name, as in (eq type "call").')
    if names[0].text == known:
        return Operator(known)
    if known:
        third = TOKEN.match(source, tokens[position + 3].at) if len(tokens) > position + 3 else None
        last = f" {third[0]}" if third and third[0] != ")" else ""
        message = f"The name of a condition comes first: write ({known} {names[0].text}{last})."
        raise TemplateError.at(source, names[1].at, message)
    alone = len(tokens) > position + 2 and tokens[position + 2].kind == "close"
    raise TemplateError.at(source, names[0].at, unsupported.condition(names[0].text, alone=alone))


def _check_word(source: str, tokens: Sequence[Token], position: int) -> None:
    """Refuse `=` and `name=`, which no condition has."""
    for token in tokens[position : position + 2]:
        if token.kind == "equals":
            raise TemplateError.at(source, token.at, unsupported.operator("="))


def _check(source: str, condition: Condition) -> None:
    operator, operands = condition.operator, condition.operands
    least, most = ARITIES[operator]
    if len(operands) > MAX_OPERANDS:
        raise TemplateError.at(source, condition.at, f"A condition takes at most {MAX_OPERANDS} values.")
    if not least <= len(operands) <= most:
        raise TemplateError.at(source, condition.at, unsupported.usage(operator))
    if operator is Operator.IN and len(operands) == least and isinstance(operands[1], Literal):
        raise TemplateError.at(source, operands[1].at, ONE_TEXT)
    compared = next((operand for operand in operands if isinstance(operand, Condition)), None)
    if compared and operator not in COMBINES:
        message = f"{operator} compares values, not conditions: combine those with and, or and not."
        raise TemplateError.at(source, compared.at, message)

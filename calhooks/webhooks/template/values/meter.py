"""What a rendering costs, counted in units that are the same on every machine and never the clock's.

A unit stands for at most 100 ns on a busy machine with two small cores. Measured there: a body takes between 5 and
60 ns for each unit, whatever its template does; `python -m tests.attack.templates` measures it again and looks for what
costs most. All that costs something is charged here, most of it before it is done.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from calhooks.webhooks.template.nodes import (
    Block,
    BlockName,
    Call,
    Condition,
    ContentType,
    Node,
    Operand,
    Path,
    Text,
    Variable,
)

# All bodies and headers of one event together: 40 ms of the 50 ms for which a booking may hold the database.
MAX_EVENT_UNITS = 400_000
# A whole body or header, before its first node.
RENDER_UNITS = 40
TEXT_UNITS, VARIABLE_UNITS, BRANCH_UNITS, LOOP_UNITS, ITEM_UNITS = 4, 9, 5, 9, 16
STEP_UNITS, LENGTH_UNITS = 4, 64
# One condition, one value that it compares, and one entry of a list in which it looks for a value.
CONDITION_UNITS, COMPARED_UNITS, ENTRY_UNITS = 6, 8, 20
HELPER_UNITS = {"date": 30, "join": 20}
OTHER_HELPER_UNITS = 8
# A value that is not a text, before it is turned into one.
ENCODE_UNITS = 10
# A date that this event has not had yet, and each letter group of its pattern.
DATE_UNITS, DATE_FIELD_UNITS = 300, 60
# Characters for one unit, of a value and of the template's own text: escaped, copied, encoded, searched. Beyond ASCII
# a character takes several times as long.
ASCII_CHARACTERS, WIDE_CHARACTERS = 16, 8
# Characters for one unit of a path that is split at its dots, and of a form's own text.
FIELD_CHARACTERS, FORM_TEXT_CHARACTERS = 4, 4
# Units for one byte that is percent-encoded, and for one character beyond ASCII whose case changes.
FORM_BYTE_UNITS, WIDE_CASE_UNITS = 1, 1
FORM_SPACE_UNITS = 16
# Letters of a text that is looked for which may be compared at every place of another; longer ones take no longer.
SEARCHED_AT_ONCE = 100
WHITESPACE = re.compile(r"\s+")
TOO_MUCH_WORK = (
    "The template does too much work for one event. Use fewer loops inside each other, and write fewer lists, dates "
    "and long values."
)
SHARED = " What one event may take is shared by {} webhooks."


class Stopped(Exception):
    """Rendering went too far, at `at` in the source."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


class Meter:
    """Counts the units that the body and the headers of one webhook spend: its share when `webhooks` are sent an event.

    `dates` are those that the event has had already.
    """

    __slots__ = ("_left", "_limit", "_webhooks", "dates")

    def __init__(
        self, units: int = MAX_EVENT_UNITS, webhooks: int = 1, dates: set[tuple[str, ...]] | None = None
    ) -> None:
        self._limit = self._left = units
        self._webhooks = webhooks
        self.dates = set[tuple[str, ...]]() if dates is None else dates

    @property
    def limit(self) -> int:
        """Return how many units there were."""
        return self._limit

    @property
    def spent(self) -> int:
        """Return how many units were spent, at most what there were."""
        return min(self._limit - self._left, self._limit)

    @property
    def fell_short(self) -> bool:
        """Tell whether more was wanted than there was."""
        return self._left < 0

    def spend(self, units: int, at: int) -> None:
        """Count work that is about to be done at `at` in the source. Raises Stopped when there is nothing left."""
        self._left -= units
        if self._left < 0:
            shared = SHARED.format(self._webhooks) if self._webhooks > 1 else ""
            raise Stopped(TOO_MUCH_WORK + shared, at)


class Budget:
    """What the bodies and headers of one event may cost together, so that no webhook spends what others need.

    Each of `webhooks` gets an equal share of what is left. The last ones have what the first ones did not need, and
    those that fell short may be tried again with what is left by all.
    """

    def __init__(self, webhooks: int, units: int = MAX_EVENT_UNITS) -> None:
        self._all = max(webhooks, 1)
        self._units = self._left = units
        self._dates = set[tuple[str, ...]]()

    @property
    def spent(self) -> int:
        """Return how many units all webhooks have spent so far."""
        return self._units - self._left

    def share_of(self, webhooks: int) -> int:
        """Return how many units each of `webhooks` may spend now."""
        return self._left // webhooks

    @contextmanager
    def share(self, webhooks: int) -> Iterator[Meter]:
        """Give the next of `webhooks` that remain its share, and take from the budget what it spends."""
        meter = Meter(self.share_of(webhooks), self._all, self._dates)
        try:
            yield meter
        finally:
            self._left -= meter.spent


def cost_of_text(text: str) -> int:
    """Return what writing a text costs, without what is done to it for a form."""
    return len(text) // (ASCII_CHARACTERS if text.isascii() else WIDE_CHARACTERS)


def cost_of_case(text: str) -> int:
    """Return what changing the case of a text costs."""
    return cost_of_text(text) if text.isascii() else len(text) * WIDE_CASE_UNITS


def cost_of_search(text: str, wanted: object) -> int:
    """Return what looking for a text in another costs, when both are made to take long."""
    length = min(len(wanted), SEARCHED_AT_ONCE) if isinstance(wanted, str) else 0
    return (1 + len(text) // WIDE_CHARACTERS) * (1 + length // WIDE_CHARACTERS)


def cost_of_form_value(text: str) -> int:
    """Return what percent-encoding a value costs."""
    return FORM_BYTE_UNITS * (len(text) if text.isascii() else len(text.encode(errors="replace")))


def cost_of_nodes(nodes: Sequence[Node], content_type: ContentType) -> int:
    """Return what going once through `nodes` costs, besides the blocks' insides and the length of values."""
    return 1 + sum(_cost_of_node(node, content_type) for node in nodes)


def cost_of_path(path: Path) -> int:
    """Return what looking a path up costs."""
    beside = path.depth + bool(path.data) + path.from_root
    return 1 + STEP_UNITS * bool(beside) + path.depth + cost_of_segments(path.segments)


def cost_of_segments(segments: tuple[str, ...]) -> int:
    """Return what following keys costs; the length of a text has to be counted."""
    return STEP_UNITS * len(segments) + LENGTH_UNITS * segments.count("length")


def _cost_of_node(node: Node, content_type: ContentType) -> int:
    if isinstance(node, Text):
        return _cost_of_text(node.value, content_type)
    if isinstance(node, Variable):
        return VARIABLE_UNITS + _cost_of_expression(node.expression)
    if isinstance(node, Block):
        units = LOOP_UNITS if node.name is BlockName.EACH else ITEM_UNITS if node.opens_scope else BRANCH_UNITS
        return units + _cost_of_operand(node.subject)
    return 0


def _cost_of_operand(operand: Operand) -> int:
    if isinstance(operand, Path):
        return cost_of_path(operand)
    if isinstance(operand, Condition):
        return CONDITION_UNITS + sum(COMPARED_UNITS + _cost_of_operand(inner) for inner in operand.operands)
    return 1


def _cost_of_text(text: str, content_type: ContentType) -> int:
    if content_type is not ContentType.FORM:
        return TEXT_UNITS + cost_of_text(text)
    # A form's text is looked through once more when the body is whole, for its whitespace.
    return TEXT_UNITS + len(text) // FORM_TEXT_CHARACTERS + FORM_SPACE_UNITS * len(WHITESPACE.findall(text))


def _cost_of_expression(expression: Path | Call) -> int:
    if isinstance(expression, Path):
        return cost_of_path(expression)
    arguments = (*expression.arguments, *expression.options.values())
    inner = sum(_cost_of_expression(argument) for argument in arguments if isinstance(argument, Path | Call))
    return HELPER_UNITS.get(expression.helper, OTHER_HELPER_UNITS) + len(arguments) + inner

"""Split the ways through a template at a condition, soundly: whatever an event brings, its way is among them.

`and`, `or` and `not` are followed into their parts. A part that compares, or asks whether a value is there, is a
question with two answers, unless it was answered before or the loop's position answers it (`@first`, `@last`,
`@index`).
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from calhooks.webhooks.template.nodes import Block, BlockName, Condition, Data, Literal, Operand, Operator, Path
from calhooks.webhooks.template.values.comparing import equal, less
from calhooks.webhooks.template.values.values import is_truthy

# What the position in a loop decides is no branch of its own.
POSITIONS = (Data.FIRST, Data.LAST, Data.INDEX)
COMBINING = (Operator.AND, Operator.OR, Operator.NOT)
# Known facts that take as long to look through as a visit.
FACTS_OF_A_VISIT = 8


class Item(NamedTuple):
    """Which items of a loop are walked."""

    first: bool
    last: bool
    words: str


class BlockScope(NamedTuple):
    """The whole event, with number 0, or a loop or a `with` that is being walked."""

    number: int
    item: Item


class Asked(StrEnum):
    """What is asked of a value, or of two."""

    TRUE = "is it true"
    TRUE_OR_ZERO = "is it true or zero"
    ITEMS = "has it items"
    EQUAL = "are they equal"
    LESS = "is it less"
    IN = "is it in"


ASKED_BY = {Operator.EQ: Asked.EQUAL, Operator.LT: Asked.LESS, Operator.IN: Asked.IN}
# Each implies those after it.
STRONGER_FIRST = (Asked.ITEMS, Asked.TRUE, Asked.TRUE_OR_ZERO)


class AskedPath(NamedTuple):
    """A value that a question is about, in the item of a scope."""

    scope: int
    segments: tuple[str, ...]
    data: Data | None


class AskedLiteral(NamedTuple):
    """A value that a question has written in it. Its type keeps 1 and true apart."""

    type: str
    value: Hashable


class BranchQuestion(NamedTuple):
    """What decides a branch: the same question about the same values in the same items has the same answer."""

    asked: Asked
    about: tuple[AskedPath | AskedLiteral, ...]

    def concerns(self, scope: int) -> bool:
        """Tell whether the answer may be another one for the scope's next item."""
        return any(isinstance(operand, AskedPath) and operand.scope == scope for operand in self.about)

    def family(self) -> Hashable:
        """Return what questions have in common that may answer each other, in whatever items they are asked."""
        about = tuple(
            operand._replace(scope=0) if isinstance(operand, AskedPath) else operand for operand in self.about
        )
        if self.asked is Asked.EQUAL:
            return self.asked, about[:1] if isinstance(about[1], AskedLiteral) else about
        return about if len(about) == 1 else (self.asked, about)


BranchFact = tuple[BranchQuestion, bool]


class Point(NamedTuple):
    """Where a way through is: the machine's state, and the answers so far that matter again."""

    state: Hashable
    known: frozenset[BranchFact]


# The branches that led to a point, for messages: each block with what it did.
Trail = tuple[tuple[int, str], ...]
# Where several ways lead to one point, one of their trails is kept.
Points = dict[Point, Trail]


class Splitter:
    """Splits points by conditions. Counts its work with `visit`, which may raise TemplateError."""

    def __init__(self, blocks: Iterable[Block], visit: Callable[[int, int], None]) -> None:
        asked = Counter(question.family() for block in blocks for question in questions(block, lambda _path: 0))
        self._asked_again = {family for family, times in asked.items() if times > 1}
        self._simplified: dict[int, Operand] = {}
        self._visit = visit

    def by_block(self, block: Block, points: Points, scopes: Sequence[BlockScope]) -> tuple[Points, Points]:
        """Return the points for which the condition of an `if` or a `with` holds, and those for which it does not."""
        subject = self._simplified.setdefault(block.at, simplified(block.subject))
        return self._split(subject, points, scopes, _is_zero_true(block))

    def by_items(self, block: Block, points: Points, scopes: Sequence[BlockScope]) -> tuple[Points, Points]:
        """Return the points at which a loop has items, and those at which it has none."""
        items = _question(Asked.ITEMS, (block.path,), _numbering(scopes))
        return self._assume(points, (items, True), block.at), self._assume(points, (items, False), block.at)

    def _split(
        self, operand: Operand, points: Points, scopes: Sequence[BlockScope], zero_is_true: bool
    ) -> tuple[Points, Points]:
        decided = _decided(operand, scopes, zero_is_true)
        if decided is not None:
            return (points, {}) if decided else ({}, points)
        if isinstance(operand, Condition) and operand.operator in COMBINING:
            return self._combined(operand, points, scopes)
        question = _asked_by(operand, zero_is_true, _numbering(scopes))
        return self._assume(points, (question, True), operand.at), self._assume(points, (question, False), operand.at)

    def _combined(self, condition: Condition, points: Points, scopes: Sequence[BlockScope]) -> tuple[Points, Points]:
        """Ask one part after the other, until the answer is known."""
        if condition.operator is Operator.NOT:
            holds, fails = self._split(condition.operands[0], points, scopes, zero_is_true=False)
            return fails, holds
        undecided, decided = points, Points()
        for operand in condition.operands:
            self._visit(1, operand.at)
            holds, fails = self._split(operand, undecided, scopes, zero_is_true=False)
            if condition.operator is Operator.AND:
                undecided, decided = holds, decided | fails
            else:
                undecided, decided = fails, decided | holds
        return (undecided, decided) if condition.operator is Operator.AND else (decided, undecided)

    def _assume(self, points: Points, fact: BranchFact, at: int) -> Points:
        """Return the points at which a fact may hold, and know it from there on."""
        self._visit(sum(len(point.known) for point in points) // FACTS_OF_A_VISIT, at)
        kept = {fact} if fact[0].family() in self._asked_again else set[BranchFact]()
        reached: Points = {}
        for point, trail in points.items():
            if not _is_refuted(fact, point.known):
                reached.setdefault(Point(point.state, point.known | kept), trail)
        return reached


def simplified(operand: Operand) -> Operand:
    """Return the same condition with and, or, not, eq, lt and in alone, and @first in place of (eq @index 0)."""
    if not isinstance(operand, Condition):
        return operand
    operator, at, operands = operand.operator, operand.at, tuple(map(simplified, operand.operands))
    if operator is Operator.NE:
        return Condition(at, Operator.NOT, (simplified(Condition(at, Operator.EQ, operands)),))
    if operator is Operator.GT:
        operator, operands = Operator.LT, operands[::-1]
    if operator is Operator.IN and len(operands) > 2 and all(isinstance(text, Literal) for text in operands[1:]):
        equals = tuple(simplified(Condition(at, Operator.EQ, (operands[0], text))) for text in operands[1:])
        return Condition(at, Operator.OR, equals)
    if operator is Operator.EQ and isinstance(operands[0], Literal):
        operands = operands[::-1]
    first, *rest = operands
    if operator is Operator.EQ and isinstance(first, Path) and _is_index(first) and _is_zero(rest[0]):
        return replace(first, data=Data.FIRST)
    if operator is Operator.LT and _is_zero(first) and _is_index(rest[0]):
        return rest[0]
    return Condition(at, operator, operands)


def questions(block: Block, number: Callable[[Path], int]) -> Iterator[BranchQuestion]:
    """Yield what a block asks, where `number` says in which scope a path is."""
    if block.name is BlockName.EACH:
        yield _question(Asked.ITEMS, (block.path,), number)
        return
    pending = [simplified(block.subject)]
    while pending:
        operand = pending.pop()
        if isinstance(operand, Condition) and operand.operator in COMBINING:
            pending += operand.operands
        elif not is_decided(operand):
            yield _asked_by(operand, _is_zero_true(block), number)


def is_decided(operand: Operand) -> bool:
    """Tell whether a loop's position and literals alone decide a simplified condition."""
    if isinstance(operand, Condition):
        return operand.operator in COMBINING and all(map(is_decided, operand.operands))
    return isinstance(operand, Literal) or operand.data in POSITIONS


def _decided(operand: Operand, scopes: Sequence[BlockScope], zero_is_true: bool) -> bool | None:
    """Return what the position in a loop or a literal decides, or None when the event's values do."""
    if isinstance(operand, Literal):
        return is_truthy(operand.value, include_zero=zero_is_true)
    if not isinstance(operand, Path) or operand.data not in POSITIONS:
        return None
    item = scopes[-1 - operand.depth].item
    if operand.data is Data.FIRST:
        return item.first
    return item.last if operand.data is Data.LAST else zero_is_true or not item.first


def _is_zero_true(block: Block) -> bool:
    return block.include_zero or block.name is BlockName.WITH


def _asked_by(operand: Operand, zero_is_true: bool, number: Callable[[Path], int]) -> BranchQuestion:
    if isinstance(operand, Condition):
        return _question(ASKED_BY[operand.operator], operand.operands, number)
    return _question(Asked.TRUE_OR_ZERO if zero_is_true else Asked.TRUE, (operand,), number)


def _question(asked: Asked, operands: Sequence[Operand], number: Callable[[Path], int]) -> BranchQuestion:
    about = list[AskedPath | AskedLiteral]()
    for operand in operands:
        if isinstance(operand, Path):
            about.append(AskedPath(number(operand), operand.segments, operand.data))
        elif isinstance(operand, Literal):
            about.append(AskedLiteral(type(operand.value).__name__, operand.value))
    return BranchQuestion(asked, tuple(about))


def _numbering(scopes: Sequence[BlockScope]) -> Callable[[Path], int]:
    return lambda path: (scopes[0] if path.from_root else scopes[-1 - path.depth]).number


def _is_refuted(fact: BranchFact, known: frozenset[BranchFact]) -> bool:
    """Tell whether what is known rules a fact out: the same question, a stronger or weaker one, or another value."""
    question, answer = fact
    if (question, not answer) in known:
        return True
    if question.asked in STRONGER_FIRST:
        place = STRONGER_FIRST.index(question.asked)
        others = STRONGER_FIRST[place + 1 :] if answer else STRONGER_FIRST[:place]
        return any((question._replace(asked=other), not answer) in known for other in others)
    return answer and any(holds and _exclude(question, other) for other, holds in known)


def _exclude(one: BranchQuestion, other: BranchQuestion) -> bool:
    """Tell whether no value is equal to the literals of both questions."""
    if one.asked is not Asked.EQUAL or other.asked is not Asked.EQUAL or one.about[0] != other.about[0]:
        return False
    a, b = one.about[1], other.about[1]
    return isinstance(a, AskedLiteral) and isinstance(b, AskedLiteral) and exclusive(a.value, b.value)


def exclusive(a: object, b: object) -> bool:
    """Tell whether nothing is equal to both. "30" and "30.0" differ, and yet the number 30 is equal to both."""
    return not equal(a, b) and not (less(a, b) is False and less(b, a) is False)


def _is_index(operand: Operand) -> bool:
    return isinstance(operand, Path) and operand.data is Data.INDEX


def _is_zero(operand: Operand) -> bool:
    return isinstance(operand, Literal) and type(operand.value) in (int, float) and operand.value == 0

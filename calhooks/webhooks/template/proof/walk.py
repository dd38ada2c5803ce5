"""Walk all ways through a template at once, with sets of states instead of values.

A condition sends every state both ways, unless the same question was answered before or the loop's position answers it
(`@first`, `@last`, `@index`). A loop is walked for no item, for one, and for a first, any number in between and a last.
The middle is walked again until that leads to no new state, so what is proved holds for every number of items. Values
never matter: they are escaped for their place, and so the place is all there is to know about them.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from calhooks.webhooks.template.errors import Rejected, TemplateError
from calhooks.webhooks.template.nodes import Block, BlockName, BodyPlace, Data, Node, Text, Variable
from calhooks.webhooks.template.proof.combinations import POSITIONS, blocks

# Visits of a node by a state, and characters of text read by a state: 16 KB are proved or refused within 0.2 s.
MAX_VISITS = 60_000
MAX_READ = 300_000
# Rounds through a loop that keeps changing the state.
MAX_ROUNDS = 20
BRANCHES_IN_MESSAGE = 3
MAX_TAG_LENGTH = 60
UNBALANCED = "Every item of this loop must close the brackets it opens."
TOO_COMPLICATED = "The template is too complicated to be checked: it has too many loops or branches inside each other."


class Machine(Protocol):
    """What reads a body of one content type."""

    start: Any

    def feed(self, state: Any, text: str, at: int) -> Any:
        """Return the state after a text. Raises Rejected."""

    def place_value(self, state: Any, at: int) -> tuple[BodyPlace, Any]:
        """Return where a variable stands, and the state after it. Raises Rejected."""

    def finish(self, state: Any, at: int) -> None:
        """Check that a body may end. Raises Rejected."""

    def quotes(self, state: Any) -> str:
        """Return what must be the same at both ends of a block."""

    def weight(self, state: Any) -> int:
        """Return how many parts a state has, each as much work as a character."""


class Item(NamedTuple):
    """Which items of a loop are walked."""

    first: bool
    last: bool
    words: str


ONLY = Item(True, True, "has one item")
FIRST = Item(True, False, "has two items")
MIDDLE = Item(False, False, "has three items")
LAST = Item(False, True, "has two items")


class BlockScope(NamedTuple):
    """The whole event, with number 0, or a loop that is being walked."""

    number: int
    item: Item


class Asked(StrEnum):
    """What a block asks of a value."""

    TRUE = "is it true"
    TRUE_OR_ZERO = "is it true or zero"
    ITEMS = "has it items"


class BranchCondition(NamedTuple):
    """What decides a branch: the same question about the same path in the same item has the same answer."""

    scope: int
    segments: tuple[str, ...]
    data: Data | None
    asked: Asked


BranchFact = tuple[BranchCondition, bool]


class Point(NamedTuple):
    """Where a way through stands: the machine's state, and the answers so far that matter again."""

    state: Hashable
    known: frozenset[BranchFact]


# The branches that led to a point, for messages: each block with what it did.
Trail = tuple[tuple[int, str], ...]
# Where several ways lead to one point, one of their trails is kept.
Points = dict[Point, Trail]


class Walk:
    """Walks the whole template when it is made. Raises TemplateError."""

    def __init__(self, source: str, machine: Machine, nodes: Sequence[Node]) -> None:
        self.places: dict[int, BodyPlace] = {}
        self._source = source
        self._machine = machine
        self._visits = self._read = 0
        self._passed: set[int] = set()
        self._after_text: dict[tuple[int, Hashable], Hashable] = {}
        asked = Counter(block.subject.segments for block in blocks(nodes))
        self._position_asked = set(_loops_asked_for_position(nodes, ()))
        self._asked_again = {segments for segments, times in asked.items() if times > 1}
        ends = self._nodes(nodes, {Point(machine.start, frozenset()): ()}, (BlockScope(0, ONLY),))
        self._step(len(source), ends, self._finish)

    def _nodes(self, nodes: Sequence[Node], points: Points, scopes: tuple[BlockScope, ...]) -> Points:
        for node in nodes:
            self._visit(len(points), node.at)
            if isinstance(node, Text):
                points = self._step(node.at, points, self._reader(node))
            elif isinstance(node, Variable):
                points = self._step(node.at, points, self._placer(node))
            elif isinstance(node, Block):
                points = self._block(node, points, scopes)
        return points

    def _visit(self, times: int, at: int) -> None:
        """Count work. Raises TemplateError when there is too much of it."""
        self._visits += times
        if self._visits > MAX_VISITS or self._read > MAX_READ:
            raise TemplateError.at(self._source, at, TOO_COMPLICATED)

    def _step(self, node: int, points: Points, step: Callable[[Hashable], Hashable]) -> Points:
        """Move every point on. A rejection ends the walk, and says which branches led there if others pass."""
        reached: Points = {}
        failed: tuple[Rejected, Trail] | None = None
        for point, trail in points.items():
            try:
                reached.setdefault(Point(step(point.state), point.known), trail)
            except Rejected as rejected:
                failed = failed or (rejected, trail)
        if reached:
            self._passed.add(node)
        if failed:
            failure, trail = failed
            branches = [words for _, words in trail[-BRANCHES_IN_MESSAGE:]] if node in self._passed else []
            when = f" It is so when {' and '.join(branches)}." if branches else ""
            raise TemplateError.at(self._source, min(failure.at, len(self._source)), failure.message + when)
        return reached

    def _reader(self, text: Text) -> Callable[[Hashable], Hashable]:
        def read(state: Hashable) -> Hashable:
            after: Hashable = self._after_text.get((text.at, state))
            if after is None:
                self._read += len(text.value) + self._machine.weight(state)
                self._visit(1, text.at)
                after = self._after_text[text.at, state] = self._machine.feed(state, text.value, text.at)
            return after

        return read

    def _placer(self, variable: Variable) -> Callable[[Hashable], Hashable]:
        def place(state: Hashable) -> Hashable:
            after: Hashable
            found, after = self._machine.place_value(state, variable.at)
            if self.places.setdefault(variable.at, found) is not found:
                raise Rejected("This variable stands inside a text in one case and outside in another.", variable.at)
            return after

        return place

    def _finish(self, state: Hashable) -> Hashable:
        self._machine.finish(state, len(self._source))
        return state

    def _block(self, block: Block, points: Points, scopes: tuple[BlockScope, ...]) -> Points:
        before = {self._machine.quotes(point.state) for point in points}
        after = self._each(block, points, scopes) if block.name is BlockName.EACH else self._if(block, points, scopes)
        if points and {self._machine.quotes(point.state) for point in after} != before:
            raise TemplateError.at(
                self._source,
                block.at,
                "A text must not begin inside this block and end outside, or the other way round: "
                "keep both quotation marks in it or both out of it.",
            )
        return after

    def _if(self, block: Block, points: Points, scopes: tuple[BlockScope, ...]) -> Points:
        wanted = block.name is BlockName.IF
        decided = self._by_position(block, scopes)
        if decided is not None:
            return self._nodes(block.body if decided is wanted else block.otherwise or (), points, scopes)
        condition = self._condition(block, scopes, Asked.TRUE_OR_ZERO if block.include_zero else Asked.TRUE)
        taken = self._branch(points, block, "applies", (condition, wanted))
        passed = self._branch(points, block, "does not apply", (condition, not wanted))
        return self._nodes(block.body, taken, scopes) | self._nodes(block.otherwise or (), passed, scopes)

    def _each(self, block: Block, points: Points, scopes: tuple[BlockScope, ...]) -> Points:
        """Walk no item, one, two, and any number from three on."""
        items, true = (self._condition(block, scopes, asked) for asked in (Asked.ITEMS, Asked.TRUE))
        none = self._branch(points, block, "has no item", (items, False))
        some = self._branch(points, block, "has items", (items, True), (true, True))
        walk = self._by_items if block.at in self._position_asked else self._alike
        return walk(block, some, scopes) | self._nodes(block.otherwise or (), none, scopes)

    def _alike(self, block: Block, points: Points, scopes: tuple[BlockScope, ...]) -> Points:
        """Walk a loop whose items do not ask for their position."""
        seen, fresh, reached = points, points, Points()
        for item in (ONLY, LAST, *[MIDDLE] * MAX_ROUNDS):
            found = self._item(block, fresh, scopes, item)
            reached = found | reached
            fresh = {point: trail for point, trail in found.items() if point not in seen}
            if not fresh:
                return reached
            seen = seen | fresh
        raise TemplateError.at(self._source, block.at, UNBALANCED)

    def _by_items(self, block: Block, points: Points, scopes: tuple[BlockScope, ...]) -> Points:
        """Walk a loop as one item, as two, and as any number from three on."""
        one = self._item(block, points, scopes, ONLY)
        seen = fresh = self._item(block, points, scopes, FIRST)
        two = self._item(block, seen, scopes, LAST)
        for _ in range(MAX_ROUNDS):
            found = self._item(block, fresh, scopes, MIDDLE)
            fresh = {point: trail for point, trail in found.items() if point not in seen}
            if not fresh:
                return self._item(block, seen, scopes, LAST) | two | one
            seen = seen | fresh
        raise TemplateError.at(self._source, block.at, UNBALANCED)

    def _item(self, block: Block, points: Points, scopes: tuple[BlockScope, ...], item: Item) -> Points:
        """Walk the body once, and forget afterwards what was known about this item."""
        self._visit(1 + len(points), block.at)
        scope = BlockScope(block.end, item)
        entered = {point: self._follow(trail, block, item.words) for point, trail in points.items()}
        left: Points = {}
        for point, trail in self._nodes(block.body, entered, (*scopes, scope)).items():
            known = frozenset(fact for fact in point.known if fact[0].scope != scope.number)
            left.setdefault(Point(point.state, known), trail)
        return left

    def _branch(self, points: Points, block: Block, words: str, *facts: BranchFact) -> Points:
        """Return the points that may take a branch where these facts hold, and know them from there on."""
        branch: Points = {}
        kept = {fact for fact in facts if fact[0].segments in self._asked_again}
        for point, trail in points.items():
            if not any((condition, not value) in point.known for condition, value in facts):
                branch.setdefault(Point(point.state, point.known | kept), self._follow(trail, block, words))
        return branch

    def _condition(self, block: Block, scopes: tuple[BlockScope, ...], asked: Asked) -> BranchCondition:
        path = block.subject
        scope = scopes[0] if path.from_root else scopes[-1 - path.depth]
        return BranchCondition(scope.number, path.segments, path.data, asked)

    def _by_position(self, block: Block, scopes: tuple[BlockScope, ...]) -> bool | None:
        """Return what the position in a loop decides, or None when the event's values do."""
        path = block.subject
        if path.data not in POSITIONS:
            return None
        item = scopes[-1 - path.depth].item
        if path.data is Data.FIRST:
            return item.first
        return item.last if path.data is Data.LAST else block.include_zero or not item.first

    def _follow(self, trail: Trail, block: Block, words: str) -> Trail:
        tag = self._source[block.at : block.end]
        return (*(step for step in trail if step[0] != block.at), (block.at, f"{tag[:MAX_TAG_LENGTH]} {words}"))


def _loops_asked_for_position(nodes: Sequence[Node], loops: tuple[int, ...]) -> Iterator[int]:
    """Yield the `at` of each loop where a branch depends on an item's position."""
    for node in nodes:
        if not isinstance(node, Block):
            continue
        if node.name is BlockName.EACH:
            yield from _loops_asked_for_position(node.body, (*loops, node.at))
        else:
            if node.subject.data in POSITIONS:
                yield loops[-1 - node.subject.depth]
            yield from _loops_asked_for_position(node.body, loops)
        yield from _loops_asked_for_position(node.otherwise or (), loops)

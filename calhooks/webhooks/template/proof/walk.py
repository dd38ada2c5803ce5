"""Walk all ways through a template at once, with sets of states instead of values.

A condition sends every state both ways, unless it is known to hold or not to. A loop is walked for no item, for one,
and for a first, any number in between and a last. The middle is walked again until that leads to no new state, so what
is proved holds for every number of items. Values never matter: they are escaped for their place, and so the place is
all there is to know about them.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from calhooks.webhooks.template.errors import Rejected, TemplateError
from calhooks.webhooks.template.nodes import (
    Block,
    BlockName,
    BodyPlace,
    Node,
    Path,
    Text,
    Variable,
    operand_leaves,
)
from calhooks.webhooks.template.proof.combinations import blocks
from calhooks.webhooks.template.proof.conditions import (
    POSITIONS,
    BlockScope,
    Item,
    Point,
    Points,
    Splitter,
    Trail,
    is_decided,
    simplified,
)

# Visits of a node by a state, and characters of text read by a state: 16 KB are walked within 0.3 s.
MAX_VISITS = 80_000
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


ONLY = Item(True, True, "has one item")
FIRST = Item(True, False, "has two items")
MIDDLE = Item(False, False, "has three items")
LAST = Item(False, True, "has two items")
ENTERED = Item(False, False, "has a value")


@dataclass(slots=True)
class Work:
    """What was done so far. Walks that share it do together no more than one may."""

    visits: int = 0
    read: int = 0


class TooComplicated(TemplateError):
    """A template whose proof takes too much work."""


class Walk:
    """Walks the whole template when it is made. Raises TemplateError: TooComplicated where it ends early."""

    def __init__(self, source: str, machine: Machine, nodes: Sequence[Node], work: Work | None = None) -> None:
        self.places: dict[int, BodyPlace] = {}
        self._source = source
        self._machine = machine
        self._work = work or Work()
        self._passed: set[int] = set()
        self._after_text: dict[tuple[int, Hashable], Hashable] = {}
        self._position_asked = set(_loops_asked_for_position(nodes, ()))
        self._splitter = Splitter(blocks(nodes), self._visit)
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
        self._work.visits += times
        if self._work.visits > MAX_VISITS or self._work.read > MAX_READ:
            raise TooComplicated.at(self._source, at, TOO_COMPLICATED)

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
            at = min(failure.at, len(self._source))
            raise TemplateError.at(self._source, at, failure.message + when) from failure
        return reached

    def _reader(self, text: Text) -> Callable[[Hashable], Hashable]:
        def read(state: Hashable) -> Hashable:
            after: Hashable = self._after_text.get((text.at, state))
            if after is None:
                self._work.read += len(text.value) + self._machine.weight(state)
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
        walk = {BlockName.EACH: self._each, BlockName.WITH: self._with}.get(block.name, self._if)
        after = walk(block, points, scopes)
        if points and {self._machine.quotes(point.state) for point in after} != before:
            raise TemplateError.at(
                self._source,
                block.at,
                "A text must not begin inside this block and end outside, or the other way round: "
                "keep both quotation marks in it or both out of it.",
            )
        return after

    def _if(self, block: Block, points: Points, scopes: tuple[BlockScope, ...]) -> Points:
        holds, fails = self._splitter.by_block(block, points, scopes)
        taken, passed = (holds, fails) if block.name is BlockName.IF else (fails, holds)
        if not is_decided(simplified(block.subject)):
            taken = self._follow_all(taken, block, "applies")
            passed = self._follow_all(passed, block, "does not apply")
        return self._nodes(block.body, taken, scopes) | self._nodes(block.otherwise or (), passed, scopes)

    def _with(self, block: Block, points: Points, scopes: tuple[BlockScope, ...]) -> Points:
        some, none = self._splitter.by_block(block, points, scopes)
        none = self._follow_all(none, block, "has no value")
        return self._item(block, some, scopes, ENTERED) | self._nodes(block.otherwise or (), none, scopes)

    def _each(self, block: Block, points: Points, scopes: tuple[BlockScope, ...]) -> Points:
        """Walk no item, one, two, and any number from three on."""
        some, none = self._splitter.by_items(block, points, scopes)
        some, none = self._follow_all(some, block, "has items"), self._follow_all(none, block, "has no item")
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
        """Walk the body of a loop or a `with` once, and forget afterwards what was known about this item."""
        self._visit(1 + len(points), block.at)
        scope = BlockScope(block.end, item)
        entered = self._follow_all(points, block, item.words)
        left: Points = {}
        for point, trail in self._nodes(block.body, entered, (*scopes, scope)).items():
            known = frozenset(fact for fact in point.known if not fact[0].concerns(scope.number))
            left.setdefault(Point(point.state, known), trail)
        return left

    def _follow_all(self, points: Points, block: Block, words: str) -> Points:
        """Write into the trails what a block did."""
        return {point: self._follow(trail, block, words) for point, trail in points.items()}

    def _follow(self, trail: Trail, block: Block, words: str) -> Trail:
        tag = self._source[block.at : block.end]
        return (*(step for step in trail if step[0] != block.at), (block.at, f"{tag[:MAX_TAG_LENGTH]} {words}"))


def _loops_asked_for_position(nodes: Sequence[Node], scopes: tuple[int, ...]) -> Iterator[int]:
    """Yield the `at` of each loop where a branch depends on an item's position."""
    for node in nodes:
        if not isinstance(node, Block):
            continue
        inside = (*scopes, node.at) if node.opens_scope else scopes
        if not node.opens_scope:
            for leaf in operand_leaves(node.subject):
                if isinstance(leaf, Path) and leaf.data in POSITIONS:
                    yield scopes[-1 - leaf.depth]
        yield from _loops_asked_for_position(node.body, inside)
        yield from _loops_asked_for_position(node.otherwise or (), scopes)

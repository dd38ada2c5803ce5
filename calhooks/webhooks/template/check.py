"""Prove that every body a template can give is valid, and find out in which place each variable stands.

The template is walked with sets of states instead of values. A condition sends every state both ways, unless the same
condition was decided before or the loop's position decides it (`@first`, `@last`, `@index`). A loop is walked for no
item, for a single one, and for a first, any number in between, and a last: the middle is walked again until that leads
to no new state, so what is proved holds for every number of items. Values never matter: they are escaped for their
place, and so the place is all there is to know about them.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from calhooks.webhooks.template.combinations import POSITIONS, blocks, check_combinations, variables
from calhooks.webhooks.template.errors import Rejected, TemplateError
from calhooks.webhooks.template.form_machine import FormMachine
from calhooks.webhooks.template.json_machine import JsonMachine
from calhooks.webhooks.template.nodes import Block, BlockName, ContentType, Data, Node, Place, Text, Variable

# Visits of a node by a state, characters of text read by a state, rounds through a loop that keeps changing the state.
MOST_VISITS = 100_000
MOST_READ = 1_000_000
MOST_ROUNDS = 20
BRANCHES_IN_MESSAGE = 3
TOO_COMPLICATED = "The template is too complicated to be checked: it has too many loops or branches inside each other."


class Machine(Protocol):
    """What reads a body of one content type."""

    start: Any

    def feed(self, state: Any, text: str, at: int) -> Any:
        """Return the state after a text. Raises Rejected."""

    def place_value(self, state: Any, at: int) -> tuple[Place, Any]:
        """Return where a variable stands, and the state after it. Raises Rejected."""

    def finish(self, state: Any, at: int) -> None:
        """Check that a body may end. Raises Rejected."""

    def quotes(self, state: Any) -> str:
        """Return what must be the same at both ends of a block."""


class Item(NamedTuple):
    """Which items of a loop are walked."""

    first: bool
    last: bool
    words: str


ONLY = Item(True, True, "has one item")
FIRST = Item(True, False, "has two items")
MIDDLE = Item(False, False, "has three items")
LAST = Item(False, True, "has two items")


class Scope(NamedTuple):
    """The whole event, with number 0, or a loop that is being walked."""

    number: int
    item: Item


class Condition(NamedTuple):
    """What decides a branch: the same path in the same item of a loop has the same value."""

    scope: int
    segments: tuple[str, ...]
    data: Data | None
    include_zero: bool


class Point(NamedTuple):
    """Where a way through stands: the machine's state, and the conditions decided so far that are asked again."""

    state: Hashable
    known: frozenset[tuple[Condition, bool]]


# Each with the branches that led there, for messages; where several ways lead to one point, the first is kept.
Points = dict[Point, tuple[str, ...]]


def find_places(source: str, nodes: Sequence[Node], content_type: ContentType) -> dict[int, Place]:
    """Return the place of each variable by its `at`. Raises TemplateError when some way through is not valid.

    A variable to which no way leads is left out.
    """
    if not source.strip():
        raise TemplateError.at(source, 0, "The template is empty: write the body that shall be sent.")
    if content_type is ContentType.TEXT:
        return {variable.at: Place.TEXT for variable in variables(nodes)}
    check_combinations(source, nodes)
    if content_type is ContentType.FORM:
        return _Walk(source, FormMachine(), nodes).places
    # Keys that cannot meet again need not be remembered: remembering them keeps many states apart.
    machine = JsonMachine()
    places = _Walk(source, machine, nodes).places
    again = _keys_met_again(machine.keys, nodes)
    return _Walk(source, JsonMachine(again), nodes).places if again else places


def _keys_met_again(keys: Iterable[tuple[str, int]], nodes: Sequence[Node]) -> set[str]:
    """Return the keys that stand in the template twice, or inside a loop."""
    times = Counter(key for key, _ in keys)
    loops = [(block.at, block.until) for block in blocks(nodes) if block.name is BlockName.EACH]
    return {key for key, end in keys if times[key] > 1 or any(start < end < until for start, until in loops)}


class _Walk:
    """Walks the whole template when it is made. Raises TemplateError."""

    def __init__(self, source: str, machine: Machine, nodes: Sequence[Node]) -> None:
        self.places: dict[int, Place] = {}
        self._source = source
        self._machine = machine
        self._visits = self._read = 0
        self._after_text: dict[tuple[int, Hashable], Hashable] = {}
        asked = Counter(block.subject.segments for block in blocks(nodes))
        self._asked_again = {segments for segments, times in asked.items() if times > 1}
        ends = self._nodes(nodes, {Point(machine.start, frozenset()): ()}, (Scope(0, ONLY),))
        self._step(ends, self._finish)

    def _nodes(self, nodes: Sequence[Node], points: Points, scopes: tuple[Scope, ...]) -> Points:
        for node in nodes:
            self._visit(len(points), node.at)
            if isinstance(node, Text):
                points = self._step(points, self._reader(node))
            elif isinstance(node, Variable):
                points = self._step(points, self._placer(node))
            elif isinstance(node, Block):
                points = self._block(node, points, scopes)
        return points

    def _visit(self, times: int, at: int) -> None:
        """Count work. Raises TemplateError when there is too much of it."""
        self._visits += times
        if self._visits > MOST_VISITS or self._read > MOST_READ:
            raise TemplateError.at(self._source, at, TOO_COMPLICATED)

    def _step(self, points: Points, step: Callable[[Hashable], Hashable]) -> Points:
        """Move every point on. One that is rejected ends the walk, with the branches that lead there if not all do."""
        reached: Points = {}
        failure: Rejected | None = None
        branches: tuple[str, ...] = ()
        for point, trail in points.items():
            try:
                reached.setdefault(Point(step(point.state), point.known), trail)
            except Rejected as rejected:
                if failure is None:
                    failure, branches = rejected, trail
        if failure is not None:
            when = f" It is so when {' and '.join(branches[-BRANCHES_IN_MESSAGE:])}." if reached and branches else ""
            raise TemplateError.at(self._source, min(failure.at, len(self._source)), failure.message + when)
        return reached

    def _reader(self, text: Text) -> Callable[[Hashable], Hashable]:
        def read(state: Hashable) -> Hashable:
            after: Hashable = self._after_text.get((text.at, state))
            if after is None:
                self._read += len(text.value)
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

    def _block(self, block: Block, points: Points, scopes: tuple[Scope, ...]) -> Points:
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

    def _if(self, block: Block, points: Points, scopes: tuple[Scope, ...]) -> Points:
        wanted = block.name is BlockName.IF
        decided = self._by_position(block, scopes)
        if decided is not None:
            return self._nodes(block.body if decided is wanted else block.otherwise or (), points, scopes)
        taken = self._branch(points, block, scopes, wanted, "applies")
        passed = self._branch(points, block, scopes, not wanted, "does not apply")
        return self._nodes(block.body, taken, scopes) | self._nodes(block.otherwise or (), passed, scopes)

    def _each(self, block: Block, points: Points, scopes: tuple[Scope, ...]) -> Points:
        """Walk no item, one, and any number from two on."""
        none = {point: (*trail, f"{self._tag(block)} has no item") for point, trail in points.items()}
        # Nothing is known of a list that is not empty but that it is not false; an empty object is not false either.
        some = self._branch(points, block, scopes, True, "")
        one = self._item(block, some, scopes, ONLY)
        seen = fresh = self._item(block, some, scopes, FIRST)
        for _ in range(MOST_ROUNDS):
            found = self._item(block, fresh, scopes, MIDDLE)
            fresh = {point: trail for point, trail in found.items() if point not in seen}
            if not fresh:
                break
            seen = seen | fresh
        else:
            raise TemplateError.at(self._source, block.at, "Every item of this loop must close the brackets it opens.")
        several = self._item(block, seen, scopes, LAST)
        return self._nodes(block.otherwise or (), none, scopes) | one | several

    def _item(self, block: Block, points: Points, scopes: tuple[Scope, ...], item: Item) -> Points:
        """Walk the body once, and forget afterwards what was known about this item."""
        self._visit(1 + len(points), block.at)
        scope = Scope(block.end, item)
        entered = {point: (*trail, f"{self._tag(block)} {item.words}") for point, trail in points.items()}
        left: Points = {}
        for point, trail in self._nodes(block.body, entered, (*scopes, scope)).items():
            known = frozenset(fact for fact in point.known if fact[0].scope != scope.number)
            left.setdefault(Point(point.state, known), trail)
        return left

    def _branch(self, points: Points, block: Block, scopes: tuple[Scope, ...], value: bool, words: str) -> Points:
        """Return the points for which the block's condition can have this value, knowing it if it is asked again."""
        condition = self._condition(block, scopes)
        branch: Points = {}
        for point, trail in points.items():
            if (condition, not value) in point.known:
                continue
            known = point.known | {(condition, value)} if condition.segments in self._asked_again else point.known
            branch.setdefault(Point(point.state, known), (*trail, f"{self._tag(block)} {words}") if words else trail)
        return branch

    def _condition(self, block: Block, scopes: tuple[Scope, ...]) -> Condition:
        path = block.subject
        scope = scopes[0] if path.from_root else scopes[-1 - path.depth]
        return Condition(scope.number, path.segments, path.data, block.include_zero)

    def _by_position(self, block: Block, scopes: tuple[Scope, ...]) -> bool | None:
        """Return what the position in a loop decides, or None when the event's values do."""
        path = block.subject
        if path.data not in POSITIONS:
            return None
        item = scopes[-1 - path.depth].item
        if path.data is Data.FIRST:
            return item.first
        return item.last if path.data is Data.LAST else block.include_zero or not item.first

    def _tag(self, block: Block) -> str:
        return self._source[block.at : block.end]

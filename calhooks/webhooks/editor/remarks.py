"""Remarks about a template that is valid, and yet may not do what its author thinks."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from calhooks.events import TRIGGER_LABELS, Trigger
from calhooks.webhooks.editor.account_variables import Known
from calhooks.webhooks.editor.catalogue import absent_for, may_be_missing
from calhooks.webhooks.editor.event_shape import OPEN_SHAPE, Shape, nearest, root
from calhooks.webhooks.editor.near import NearNames
from calhooks.webhooks.template import Template, TemplateError
from calhooks.webhooks.template.nodes import Block, BlockName, Call, Node, Path, Variable

MAX_REMARKS = 12
ONLY_TEAMS = "Only team bookings have {}; in a personal one it is empty."


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence about a place. `instead` is the variable that was probably meant; a `note` is no mistake.

    The place is in the template, or in the value of the `header`.
    """

    line: int
    column: int
    message: str
    instead: str | None = None
    is_note: bool = False
    header: str | None = None


def remarks(
    template: Template,
    triggers: Collection[Trigger],
    known: Known,
    search: NearNames | None = None,
    *,
    for_team: bool = False,
) -> list[Remark]:
    """Return what to tell the author, warnings first, each variable once. The templates of a draft share a `search`.

    The webhook `for_team` belongs to a team, and is told of team bookings alone.
    """
    walk = _Walk(template.source, triggers, known, search or NearNames(), for_team)
    warnings, notes = list[Remark](), list[Remark]()
    for remark in walk.nodes(template.nodes, (root(),)):
        (notes if remark.is_note else warnings).append(remark)
        if len(warnings) == MAX_REMARKS:
            # Looking for what is near takes time.
            break
    return (warnings + notes)[:MAX_REMARKS]


@dataclass
class _Walk:
    source: str
    triggers: Collection[Trigger]
    known: Known
    search: NearNames
    for_team: bool
    said: set[tuple[str, str]] = field(default_factory=set)

    def nodes(self, nodes: Sequence[Node], scopes: tuple[Shape, ...]) -> Iterator[Remark]:
        for node in nodes:
            if isinstance(node, Variable):
                yield from self._variable(node, scopes)
            elif isinstance(node, Block):
                yield from self._block(node, scopes)

    def _variable(self, node: Variable, scopes: tuple[Shape, ...]) -> Iterator[Remark]:
        if isinstance(node.expression, Path):
            yield from self._path(node.expression, scopes, printed=True)
            return
        call: Call = node.expression
        for argument in (*call.arguments, *call.options.values()):
            if isinstance(argument, Path):
                yield from self._path(argument, scopes, printed=call.helper != "default")

    def _block(self, block: Block, scopes: tuple[Shape, ...]) -> Iterator[Remark]:
        yield from self._path(block.subject, scopes, printed=False)
        inside = scopes
        if block.name is BlockName.EACH:
            found = self._scope(block.subject, scopes).follow(block.subject.segments)
            inside = (*scopes, found.loops_over() if found else OPEN_SHAPE)
        yield from self.nodes(block.body, inside)
        yield from self.nodes(block.otherwise or (), scopes)

    def _scope(self, path: Path, scopes: tuple[Shape, ...]) -> Shape:
        return scopes[0] if path.from_root else scopes[-1 - path.depth]

    def _path(self, path: Path, scopes: tuple[Shape, ...], *, printed: bool) -> Iterator[Remark]:
        if path.data or not path.segments:
            return
        scope, written = self._scope(path, scopes), ".".join(path.segments)
        if (scope.path, written) in self.said:
            return
        self.said.add((scope.path, written))
        found = scope.follow(path.segments)
        if found is None:
            yield self._unknown(path, scope, written)
            return
        yield from self._never_seen(path, scope)
        if printed and found.variable:
            yield from self._absent(path, found)

    def _unknown(self, path: Path, scope: Shape, written: str) -> Remark:
        instead = nearest(written, scope, self.known.paths(), self.search)
        message = f"There is no {written}."
        if instead:
            instead = _from_here(path, instead)
        return self._remark(path, f"{message} Did you mean {instead}?" if instead else message, instead)

    def _never_seen(self, path: Path, scope: Shape) -> Iterator[Remark]:
        """Remark a metadata key that is nearly one that this account has received, and is none."""
        if scope is not root() or len(path.segments) < 2:
            return
        instead = self.known.instead_of(path.segments[0], path.segments[1], self.search)
        if instead:
            whole = _from_here(path, ".".join((instead, *path.segments[2:])))
            said = f"No booking has brought {'.'.join(path.segments[:2])} yet. Did you mean {whole}?"
            yield self._remark(path, said, whole)

    def _absent(self, path: Path, found: Shape) -> Iterator[Remark]:
        variable = found.variable
        assert variable
        if absent := absent_for(variable, self.triggers):
            labels = ", ".join(f"“{TRIGGER_LABELS[trigger]}”" for trigger in absent)
            yield self._remark(path, f"{variable.path} is never there for {labels}: then it is empty.", is_note=True)
        elif variable.of_team and not self.for_team:
            yield self._remark(path, ONLY_TEAMS.format(variable.path), is_note=True)
        elif may_be_missing(variable, self.triggers, for_team=self.for_team):
            yield self._remark(path, f"{variable.path} is not always there: without a value it is empty.", is_note=True)

    def _remark(self, path: Path, message: str, instead: str | None = None, *, is_note: bool = False) -> Remark:
        place = TemplateError.at(self.source, path.at, message)
        return Remark(place.line, place.column, message, instead, is_note)


def _from_here(path: Path, instead: str) -> str:
    """Return what to write in place of a path: from the root, or as many loops up as the path goes."""
    if path.from_root:
        return f"@root.{instead}"
    return instead if instead.startswith("@root.") else "../" * path.depth + instead

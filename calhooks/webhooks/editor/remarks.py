"""Remarks about a template that is valid, and yet may not do what its author thinks."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from calhooks.events import TRIGGER_LABELS, Trigger
from calhooks.webhooks.editor.account_variables import Known
from calhooks.webhooks.editor.catalogue import absent_for, may_be_missing
from calhooks.webhooks.editor.comparisons import bare_words, never_equal, unknown_choices
from calhooks.webhooks.editor.event_shape import OPEN_SHAPE, Shape, nearest, root
from calhooks.webhooks.editor.former_names import means_all
from calhooks.webhooks.editor.near import NearNames
from calhooks.webhooks.editor.slips import (
    IN_A_FORMAT,
    Follow,
    Slip,
    format_slip,
    inside_of,
    lines_without_ampersand,
    misused_values,
    other_engine,
    quoted_alone,
    single_braces,
    variable_in_address,
)
from calhooks.webhooks.template import Template, TemplateError
from calhooks.webhooks.template.nodes import (
    Block,
    BlockName,
    BodyPlace,
    Call,
    ContentType,
    Literal,
    Node,
    Operand,
    Path,
    Text,
    Variable,
    operand_leaves,
)

TEXTS_OF_JSON = (BodyPlace.JSON_STRING, BodyPlace.FORM_JSON_STRING)
MAX_REMARKS = 12
MAX_FOREIGN_TAG_LENGTH = 60
JSON_IN_TEXT = "{} is {}: inside quotation marks it arrives as JSON text, not as JSON."
ONE_BRACE = "{} is sent as it is written: a variable takes two braces. Did you mean {}?"
OTHER_ENGINE = (
    "{} is sent as it is written: write {{{{#if title}}}}…{{{{/if}}}} or {{{{#each attendees}}}}…{{{{/each}}}}."
)
NEVER_EQUAL = "{} has no single value to compare. Did you mean {}?"
FIELD_IN_A_FIELD = "This line belongs to the field before it. Did you mean {}?"
FIELD_NOT_JSON = (
    "This field begins like JSON and is not valid JSON, so it is sent as text, and values are not escaped for JSON. {}"
)
IN_URL = "Variables are not replaced in the URL: {} is sent as it is written."
ONLY_TEAMS = "Only team bookings have {}; in a personal one it is empty."


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence about a place. `instead` is what was probably meant; a `note` is no mistake.

    The place is in the template, in the value of the `header`, or in the URL. `instead` takes the place of `span`
    characters from there, or of the variable's path where `span` is 0.
    """

    line: int
    column: int
    message: str
    instead: str | None = None
    is_note: bool = False
    header: str | None = None
    in_url: bool = False
    span: int = 0


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
    walk = _Walk(template, triggers, known, search or NearNames(), for_team)
    warnings, notes = _not_json(template), list[Remark]()
    for remark in walk.nodes(template.nodes, (root(),)):
        (notes if remark.is_note else warnings).append(remark)
        if len(warnings) >= MAX_REMARKS:
            # Looking for what is near takes time.
            break
    return (warnings + notes)[:MAX_REMARKS]


def _not_json(template: Template) -> list[Remark]:
    mistakes = template.not_json[:MAX_REMARKS]
    return [Remark(found.line, found.column, FIELD_NOT_JSON.format(found.message)) for found in mistakes]


def remark_about_url(url: str) -> Remark | None:
    """Return what to tell the author of an address that has a variable in it, None if it has none."""
    slip = variable_in_address(url)
    return slip and Remark(1, slip.at + 1, IN_URL.format(slip.written), in_url=True)


@dataclass
class _Walk:
    template: Template
    triggers: Collection[Trigger]
    known: Known
    search: NearNames
    for_team: bool
    said: set[tuple[str, str]] = field(default_factory=set)

    def nodes(self, nodes: Sequence[Node], scopes: tuple[Shape, ...]) -> Iterator[Remark]:
        for node in nodes:
            if isinstance(node, Text):
                yield from self._text(node, scopes)
            elif isinstance(node, Variable):
                yield from self._variable(node, scopes)
            elif isinstance(node, Block):
                yield from self._block(node, scopes)

    def _text(self, node: Text, scopes: tuple[Shape, ...]) -> Iterator[Remark]:
        for slip in single_braces(self.template.source, node, scopes[-1]):
            if self._is_new("{", slip.meant):
                yield self._slip(slip, ONE_BRACE.format(slip.written, slip.meant), is_note=True)
        if self.template.content_type is ContentType.FORM:
            for slip in lines_without_ampersand(self.template.source, node):
                yield self._slip(slip, FIELD_IN_A_FIELD.format(slip.meant), is_note=True)
        tag = other_engine(self.template.source, node)
        if tag and self._is_new("{%", ""):
            yield self._slip(tag, OTHER_ENGINE.format(tag.written[:MAX_FOREIGN_TAG_LENGTH]))

    def _variable(self, node: Variable, scopes: tuple[Shape, ...]) -> Iterator[Remark]:
        if isinstance(node.expression, Path):
            yield from self._in_a_text(node, node.expression, scopes)
            yield from self._path(node.expression, scopes, printed=True)
            return
        yield from self._call(node.expression, scopes, printed=True)

    def _call(self, call: Call, scopes: tuple[Shape, ...], *, printed: bool) -> Iterator[Remark]:
        if slip := format_slip(self.template.source, call):
            yield self._slip(slip, IN_A_FORMAT.format(slip.meant))
        for path, message, instead in misused_values(self.template.source, call, self._follow(scopes)):
            yield self._remark(path, message, instead)
        printed = printed and call.helper != "default"
        for argument in (*call.arguments, *call.options.values()):
            if isinstance(argument, Path):
                yield from self._path(argument, scopes, printed=printed)
            elif isinstance(argument, Call):
                yield from self._call(argument, scopes, printed=printed)

    def _in_a_text(self, node: Variable, path: Path, scopes: tuple[Shape, ...]) -> Iterator[Remark]:
        """Remark an object or a list between the quotation marks of a text."""
        if path.data or self.template.places.get(node.at) not in TEXTS_OF_JSON:
            return
        found = self._scope(path, scopes).follow(path.segments)
        written = _written(path) or "this"
        if found is None or found.is_open or not (found.children or found.item):
            return
        if len(path.segments) > 1 and not self.known.asks(*path.segments[:2]):
            # It is said that this is empty.
            return
        if self._is_new('"', f"{found.path} {written}"):
            message = JSON_IN_TEXT.format(written, "a list" if found.is_list else "an object")
            if "value" in found.children:
                answer = inside_of(self.template.source, path, "value")
                yield self._remark(path, f"{message} Did you mean {answer}?", answer)
                return
            whole = quoted_alone(self.template.source, node.at)
            if whole:
                yield self._slip(whole, f"{message} Did you mean {whole.meant} without them?")
            else:
                yield self._remark(path, message)

    def _block(self, block: Block, scopes: tuple[Shape, ...]) -> Iterator[Remark]:
        yield from self._condition(block.subject, scopes)
        for path, value in never_equal(block.subject, self._follow(scopes)):
            instead = inside_of(self.template.source, path, value)
            yield self._remark(path, NEVER_EQUAL.format(_written(path) or "this", instead), instead)
        inside = (*scopes, self._entered(block, scopes)) if block.opens_scope else scopes
        yield from self.nodes(block.body, inside)
        yield from self.nodes(block.otherwise or (), scopes)

    def _condition(self, subject: Operand, scopes: tuple[Shape, ...]) -> Iterator[Remark]:
        words = set(bare_words(subject))
        for operand in operand_leaves(subject):
            if (
                isinstance(operand, Path)
                and operand in words
                and self._scope(operand, scopes).follow(operand.segments) is None
            ):
                word = operand.segments[0]
                yield self._remark(operand, f'There is no {word}. For a text, write "{word}".', f'"{word}"')
            elif isinstance(operand, Path):
                yield from self._path(operand, scopes, printed=False)
        for variable, literal, near in unknown_choices(subject):
            meant = f' Did you mean "{near}"?' if near else ""
            message = f'No event has "{literal.value}" as {variable}.{meant}'
            yield self._remark(literal, message, f'"{near}"' if near else None)

    def _entered(self, block: Block, scopes: tuple[Shape, ...]) -> Shape:
        found = None if block.path.data else self._scope(block.path, scopes).follow(block.path.segments)
        if found is None:
            return OPEN_SHAPE
        return found.loops_over() if block.name is BlockName.EACH else found

    def _follow(self, scopes: tuple[Shape, ...]) -> Follow:
        return lambda path: self._scope(path, scopes).follow(path.segments)

    def _scope(self, path: Path, scopes: tuple[Shape, ...]) -> Shape:
        return scopes[0] if path.from_root else scopes[-1 - path.depth]

    def _path(self, path: Path, scopes: tuple[Shape, ...], *, printed: bool) -> Iterator[Remark]:
        if path.data or not path.segments:
            return
        scope = self._scope(path, scopes)
        if not self._is_new(scope.path, _written(path)):
            return
        found = scope.follow(path.segments)
        if found is None:
            yield self._unknown(path, scope)
            return
        yield from self._never_seen(path, scope)
        if printed and found.variable:
            yield from self._absent(path, found)

    def _unknown(self, path: Path, scope: Shape) -> Remark:
        instead = nearest(".".join(path.segments), scope, self.known.paths(), self.search)
        message = f"There is no {_written(path)}."
        if instead:
            instead = _from_here(path, instead)
        elif means_all(".".join(path.segments)):
            instead = "this" if scope is root() and not (path.depth or path.from_root) else "@root"
        return self._remark(path, f"{message} Did you mean {instead}?" if instead else message, instead)

    def _never_seen(self, path: Path, scope: Shape) -> Iterator[Remark]:
        """Remark a metadata key that is probably another one, and a question that no event type asks."""
        if scope is not root() or len(path.segments) < 2:
            return
        parent, key, *rest = path.segments
        instead = self.known.instead_of(parent, key, self.search)
        whole = ".".join((instead, *rest)) if instead else self.known.former(parent, key)
        asks = not self.known.asks(parent, key)
        if not whole and not asks:
            return
        said = (
            f"No event type asks “{key}”, so this is empty." if asks else f"No booking has brought {parent}.{key} yet."
        )
        if whole:
            whole = _from_here(path, whole)
            said = f"{said} Did you mean {whole}?"
        yield self._remark(path, said, whole or None)

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

    def _is_new(self, where: str, written: str) -> bool:
        """Tell whether this was not said before, and note that it is said now."""
        if (where, written) in self.said:
            return False
        self.said.add((where, written))
        return True

    def _slip(self, slip: Slip, message: str, *, is_note: bool = False) -> Remark:
        place = TemplateError.at(self.template.source, slip.at, message)
        return Remark(place.line, place.column, message, slip.meant or None, is_note, span=len(slip.written))

    def _remark(
        self, path: Path | Literal, message: str, instead: str | None = None, *, is_note: bool = False
    ) -> Remark:
        place = TemplateError.at(self.template.source, path.at, message)
        return Remark(place.line, place.column, message, instead, is_note)


def _written(path: Path) -> str:
    """Return a path as a message names it."""
    return ".".join((path.name, *path.segments) if path.name else path.segments)


def _from_here(path: Path, instead: str) -> str:
    """Return what to write in place of a path: from the root or a name, or as many loops up as the path goes."""
    if path.from_root:
        return f"@root.{instead}"
    if instead.startswith("@root."):
        return instead
    return f"{path.name}.{instead}" if path.name else "../" * path.depth + instead

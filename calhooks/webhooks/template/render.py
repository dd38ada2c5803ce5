"""Turn a checked template into functions that write bodies."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from calhooks.webhooks.template.errors import TemplateError
from calhooks.webhooks.template.nodes import (
    Block,
    BlockName,
    BodyPlace,
    Call,
    Comment,
    ContentType,
    Node,
    Path,
    Text,
    Variable,
)
from calhooks.webhooks.template.proof.check import prove
from calhooks.webhooks.template.proof.combinations import variables
from calhooks.webhooks.template.syntax.parse import parse_template
from calhooks.webhooks.template.values.conditions import compile_condition
from calhooks.webhooks.template.values.escape import finished, finished_parts, text_escaper, value_writer
from calhooks.webhooks.template.values.frames import MAX_BODY_BYTES, Frame, MarkedOutput, Output
from calhooks.webhooks.template.values.helpers import Getter, compile_call, path_getter
from calhooks.webhooks.template.values.meter import (
    ITEM_UNITS,
    RENDER_UNITS,
    Meter,
    Stopped,
    cost_of_nodes,
)
from calhooks.webhooks.template.values.values import is_truthy

Writer = Callable[[Frame, Output], None]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a body. `variable` is the tag it came from, such as {{title}}, or None for the template's own text."""

    text: str
    variable: str | None


class Template:
    """A template that has been read and proved to give a valid body for every event. Use compile_template.

    `not_json` has why fields of a form that begin as JSON does are text.
    """

    def __init__(self, source: str, content_type: ContentType) -> None:
        self.source = source.replace("\r\n", "\n")
        self.content_type = content_type
        self.nodes = parse_template(self.source)
        proved = prove(self.source, self.nodes, content_type)
        self.places, self.not_json = proved.places, proved.not_json
        self._write = _Compiler(self.places, content_type).sequence(self.nodes)

    def render(self, context: Mapping[str, object], meter: Meter | None = None) -> bytes:
        """Return the body for one event. Raises TemplateError when it spends what `meter` has, or grows too large."""
        output = Output()
        self._run(context, output, meter or Meter())
        body = finished("".join(output.parts), self.content_type)
        if len(body) > MAX_BODY_BYTES:
            raise TemplateError.at(self.source, 0, f"The body is larger than {MAX_BODY_BYTES // 1024} KiB.")
        return body

    def pieces(self, context: Mapping[str, object]) -> list[Piece]:
        """Return the same body as `render` in parts, the empty ones of its text left out. Raises TemplateError."""
        output = MarkedOutput()
        self._run(context, output, Meter())
        parts = finished_parts(output.alternating(), self.content_type)
        tags = {variable.at: self.source[variable.at : variable.end] for variable in variables(self.nodes)}
        pieces = [Piece(parts[0], None)]
        for at, value, text in zip(output.variables, parts[1::2], parts[2::2], strict=True):
            pieces += [Piece(value, tags[at]), Piece(text, None)]
        return [piece for piece in pieces if piece.text or piece.variable]

    def _run(self, context: Mapping[str, object], output: Output, meter: Meter) -> None:
        try:
            meter.spend(RENDER_UNITS, 0)
            self._write(Frame(dict(context), meter), output)
        except Stopped as stopped:
            raise TemplateError.at(self.source, stopped.at, stopped.message) from stopped


class _Compiler:
    def __init__(self, places: Mapping[int, BodyPlace], content_type: ContentType) -> None:
        self._places = places
        self._content_type = content_type
        self._escape_text = text_escaper(content_type)

    def sequence(self, nodes: Sequence[Node]) -> Writer:
        writers = tuple(self._writer(node) for node in nodes if not isinstance(node, Comment))
        units, at = cost_of_nodes(nodes, self._content_type), nodes[0].at if nodes else 0

        def write(frame: Frame, output: Output) -> None:
            frame.meter.spend(units, at)
            for writer in writers:
                writer(frame, output)

        return write

    def _writer(self, node: Node) -> Writer:
        if isinstance(node, Text):
            return self._text(node)
        if isinstance(node, Variable):
            return self._variable(node)
        assert isinstance(node, Block)
        if node.name is BlockName.EACH:
            return self._each(node)
        return self._with(node) if node.name is BlockName.WITH else self._if(node)

    def _text(self, text: Text) -> Writer:
        value, at = self._escape_text(text.value), text.at

        def write(_frame: Frame, output: Output) -> None:
            output.write(value, at)

        return write

    def _variable(self, variable: Variable) -> Writer:
        at = variable.at
        place = self._places.get(at)
        if place is None:
            return _unreachable(at)
        value, text_of = self._getter(variable.expression, place), value_writer(place, at)

        def write(frame: Frame, output: Output) -> None:
            output.write_value(text_of(value(frame), frame.meter), at)

        return write

    def _getter(self, expression: Path | Call, place: BodyPlace) -> Getter:
        return compile_call(expression, place) if isinstance(expression, Call) else path_getter(expression)

    def _if(self, block: Block) -> Writer:
        applies = compile_condition(block.subject, include_zero=block.include_zero)
        body, otherwise = self.sequence(block.body), self.sequence(block.otherwise or ())
        if block.name is BlockName.UNLESS:
            body, otherwise = otherwise, body

        def write(frame: Frame, output: Output) -> None:
            branch = body if applies(frame) else otherwise
            branch(frame, output)

        return write

    def _with(self, block: Block) -> Writer:
        value = path_getter(block.path)
        body, otherwise = self.sequence(block.body), self.sequence(block.otherwise or ())

        def write(frame: Frame, output: Output) -> None:
            entered = value(frame)
            if is_truthy(entered, include_zero=True):
                body(Frame(entered, frame.meter, frame), output)
            else:
                otherwise(frame, output)

        return write

    def _each(self, block: Block) -> Writer:
        value, at = path_getter(block.path), block.at
        body, otherwise = self.sequence(block.body), self.sequence(block.otherwise or ())

        def write(frame: Frame, output: Output) -> None:
            items = value(frame)
            pairs = list(
                items.items() if isinstance(items, dict) else enumerate(items) if isinstance(items, list) else ()
            )
            if not pairs:
                otherwise(frame, output)
            for index, (key, item) in enumerate(pairs):
                frame.meter.spend(ITEM_UNITS, at)
                position = {"index": index, "key": key, "first": index == 0, "last": index == len(pairs) - 1}
                body(Frame(item, frame.meter, frame, position), output)

        return write


def _unreachable(at: int) -> Writer:
    def write(_frame: Frame, _output: Output) -> None:
        raise Stopped("No event should lead here.", at)

    return write

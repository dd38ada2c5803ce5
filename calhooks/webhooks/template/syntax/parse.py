"""Build the tree of a template from its text and tags."""

from calhooks.webhooks.template.errors import TemplateError
from calhooks.webhooks.template.nodes import (
    Argument,
    Block,
    BlockName,
    Call,
    Comment,
    Literal,
    Node,
    Path,
    Text,
    Variable,
)
from calhooks.webhooks.template.syntax import unsupported
from calhooks.webhooks.template.syntax.expressions import read_arguments, read_expression, read_path
from calhooks.webhooks.template.syntax.scan import Chunk, Kind, Tag, Token, scan
from calhooks.webhooks.template.syntax.whitespace import strip_whitespace
from calhooks.webhooks.template.values.helpers import check_call

MAX_SOURCE_LENGTH = 65_536
MAX_BLOCK_DEPTH = 32


def parse_template(source: str) -> list[Node]:
    """Read a template whose line ends are \\n. Raises TemplateError."""
    if len(source) > MAX_SOURCE_LENGTH:
        raise TemplateError.at(
            source, MAX_SOURCE_LENGTH, f"The template is longer than {MAX_SOURCE_LENGTH:,} characters."
        )
    if (position := source.find("\0")) >= 0:
        raise TemplateError.at(source, position, "An invisible NUL character stands here: remove it.")
    parser = _Parser(source)
    for piece in scan(source):
        parser.take(piece)
    nodes = parser.finish()
    strip_whitespace(nodes)
    return nodes


class _Parser:
    """Keeps the blocks that are open, chained ones included; `_target` is where the next node goes."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._root: list[Node] = []
        self._target = self._root
        self._open: list[Block] = []
        self._targets: list[list[Node]] = []

    def take(self, piece: Chunk | Tag) -> None:
        if isinstance(piece, Chunk):
            if piece.text:
                self._target.append(Text(piece.at, piece.text))
        elif piece.kind is Kind.COMMENT:
            self._target.append(Comment(piece.at, piece.strip))
        elif piece.kind is Kind.VARIABLE:
            self._variable(piece)
        elif piece.kind is Kind.OPEN:
            self._begin(piece, chained=False)
        elif piece.kind is Kind.ELSE:
            self._else(piece)
        else:
            self._close(piece)

    def finish(self) -> list[Node]:
        if self._open:
            block = self._chain()[0]
            missing = f"{{{{#{block.name}}}}} is never closed: {{{{/{block.name}}}}} is missing."
            raise TemplateError.at(self._source, block.at, missing)
        return self._root

    def _variable(self, tag: Tag) -> None:
        expression = read_expression(self._source, tag.tokens, tag.at)
        arguments: tuple[Argument, ...] = ()
        if isinstance(expression, Call):
            check_call(self._source, expression)
            arguments = (*expression.arguments, *expression.options.values())
        else:
            arguments = (expression,)
        for argument in arguments:
            if isinstance(argument, Path):
                self._check_depth(argument)
        self._target.append(Variable(tag.at, tag.end, expression, tag.strip))

    def _begin(self, tag: Tag, *, chained: bool) -> None:
        if len(self._open) == MAX_BLOCK_DEPTH:
            raise TemplateError.at(
                self._source, tag.at, f"Blocks stand inside each other more than {MAX_BLOCK_DEPTH} deep."
            )
        name, subject, include_zero = self._read_opening(tag.tokens, tag.at)
        block = Block(tag.at, tag.end, name, subject, tag.strip, include_zero, chained)
        self._target.append(block)
        if not chained:
            self._targets.append(self._target)
        self._open.append(block)
        self._target = block.body

    def _else(self, tag: Tag) -> None:
        if not self._open:
            raise TemplateError.at(self._source, tag.at, "{{else}} stands outside of any block.")
        block = self._open[-1]
        if block.otherwise is not None:
            raise TemplateError.at(self._source, tag.at, f"This {{{{#{block.name}}}}} already has an {{{{else}}}}.")
        block.otherwise, block.else_strip = [], tag.strip
        self._target = block.otherwise
        if tag.tokens:
            self._begin(tag, chained=True)

    def _close(self, tag: Tag) -> None:
        name = tag.tokens[0].text if len(tag.tokens) == 1 else ""
        if not self._open:
            raise TemplateError.at(self._source, tag.at, f"{{{{/{name}}}}} closes a block that is not open.")
        chain = self._chain()
        if name != chain[0].name:
            line = TemplateError.at(self._source, chain[0].at, "").line
            wanted = f"{{{{/{chain[0].name}}}}} is needed here first, for the {{{{#{chain[0].name}}}}} in line {line}."
            raise TemplateError.at(self._source, tag.at, wanted)
        for block in chain:
            block.until = tag.at
        for block in chain[:2]:
            block.close_strip = tag.strip
        for block in chain[2:]:
            # Handlebars does so.
            block.close_strip = block.open_strip
        del self._open[-len(chain) :]
        self._target = self._targets.pop()

    def _chain(self) -> list[Block]:
        """Return the innermost open block with all its {{else if}}."""
        start = len(self._open) - 1
        while self._open[start].chained:
            start -= 1
        return self._open[start:]

    def _read_opening(self, tokens: tuple[Token, ...], at: int) -> tuple[BlockName, Path, bool]:
        name = tokens[0].text if tokens else ""
        if name not in tuple(BlockName):
            raise TemplateError.at(self._source, at, unsupported.block(name))
        values, options = read_arguments(self._source, tokens[2:])
        zero = options.pop("includeZero", None)
        if len(tokens) < 2 or values or options or (zero and not (name != "each" and isinstance(zero, Literal))):
            raise TemplateError.at(self._source, at, unsupported.more_than_one_variable(name))
        subject = read_path(self._source, tokens[1])
        self._check_depth(subject)
        return BlockName(name), subject, isinstance(zero, Literal) and bool(zero.value)

    def _check_depth(self, path: Path) -> None:
        """Refuse `../` that leads out of the template, and `@index` outside of a loop."""
        loops = sum(block.name is BlockName.EACH and self._is_inside(block) for block in self._open)
        if path.data and path.depth >= loops:
            raise TemplateError.at(
                self._source, path.at, f"@{path.data} has a meaning only inside {{{{#each}}}}…{{{{/each}}}}."
            )
        if path.depth > loops:
            raise TemplateError.at(
                self._source, path.at, "../ leads out of {{#each}}, and there are not that many around."
            )

    def _is_inside(self, block: Block) -> bool:
        """Tell whether the next node belongs to the block's body, not to what stands after its {{else}}."""
        return block.otherwise is None

"""Build the tree of a template from its text and tags."""

from calhooks.webhooks.template.errors import TemplateError
from calhooks.webhooks.template.nodes import (
    Block,
    BlockName,
    Call,
    Comment,
    Literal,
    Node,
    Operand,
    Text,
    Variable,
)
from calhooks.webhooks.template.syntax import unsupported
from calhooks.webhooks.template.syntax.conditions import read_operand
from calhooks.webhooks.template.syntax.expressions import read_arguments, read_expression, read_path
from calhooks.webhooks.template.syntax.scan import Chunk, Kind, Tag, Token, scan
from calhooks.webhooks.template.syntax.scopes import read_names, settle_call, settle_operand, settle_path
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
        if isinstance(expression, Call):
            check_call(self._source, expression)
            expression = settle_call(self._source, expression, self._scopes())
        else:
            expression = settle_path(self._source, expression, self._scopes())
        self._target.append(Variable(tag.at, tag.end, expression, tag.strip))

    def _begin(self, tag: Tag, *, chained: bool) -> None:
        if len(self._open) == MAX_BLOCK_DEPTH:
            raise TemplateError.at(
                self._source, tag.at, f"Blocks stand inside each other more than {MAX_BLOCK_DEPTH} deep."
            )
        name, subject, include_zero, names = self._read_opening(tag)
        block = Block(tag.at, tag.end, name, subject, tag.strip, include_zero, chained, names)
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

    def _read_opening(self, tag: Tag) -> tuple[BlockName, Operand, bool, tuple[str, ...]]:
        tokens, source = tag.tokens, self._source
        written = tokens[0].text if tokens else ""
        if tokens and tokens[0].kind == "open":
            raise TemplateError.at(source, tokens[0].at, "The name of a block is missing before (: write if.")
        if written not in tuple(BlockName):
            raise TemplateError.at(source, tag.at, unsupported.block(written))
        name, names = BlockName(written), tuple[str, ...]()
        if tokens[-1].kind == "names":
            names = read_names(source, tokens[-1], name)
            tokens = tokens[:-1]
        if len(tokens) < 2:
            raise TemplateError.at(source, tag.at, unsupported.more_than_one_variable(name))
        if name in (BlockName.IF, BlockName.UNLESS):
            subject, end = read_operand(source, tokens, 1)
        elif tokens[1].kind == "open":
            raise TemplateError.at(source, tokens[1].at, unsupported.more_than_one_variable(name))
        else:
            subject, end = read_path(source, tokens[1]), 2
        self._check_alone(tag, tokens, end)
        values, options = read_arguments(source, tokens[end:])
        zero = options.pop("includeZero", None)
        if values or options or (zero and not (name in (BlockName.IF, BlockName.UNLESS) and isinstance(zero, Literal))):
            raise TemplateError.at(source, tag.at, unsupported.more_than_one_variable(name))
        subject = settle_operand(source, subject, self._scopes())
        return name, subject, isinstance(zero, Literal) and bool(zero.value), names

    def _check_alone(self, tag: Tag, tokens: tuple[Token, ...], end: int) -> None:
        """Say what to write when more follows a block's condition or variable, as in {{#if eq a b}}."""
        rest = tokens[end:]
        if not rest or (rest[0].kind == "path" and rest[1:] and rest[1].kind == "equals"):
            return
        if rest[0].kind == "close":
            raise TemplateError.at(self._source, rest[0].at, "This ) closes nothing: remove it.")
        ends = [*(token.at for token in tokens[2:]), tag.end]
        words = [
            self._source[token.at : until].rstrip("~} \t\n") for token, until in zip(tokens[1:], ends, strict=True)
        ]
        if rest[0].kind == "equals":
            message = unsupported.operator("=", words[end - 2], words[end] if len(words) > end else "")
            raise TemplateError.at(self._source, rest[0].at, message)
        message = unsupported.without_parentheses(tokens[0].text, words)
        raise TemplateError.at(self._source, tokens[1].at, message)

    def _scopes(self) -> list[Block]:
        """Return the loops and `with` blocks around the next node, which is in their body, not after their {{else}}."""
        return [block for block in self._open if block.opens_scope and block.otherwise is None]

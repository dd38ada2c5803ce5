"""Find out to which loop or `with` each path leads, and refuse paths that lead out of the template."""

import re
from collections.abc import Sequence
from dataclasses import replace

from calhooks.webhooks.template.errors import TemplateError
from calhooks.webhooks.template.nodes import Argument, Block, BlockName, Call, Condition, Data, Operand, Path
from calhooks.webhooks.template.syntax.expressions import CONSTANTS
from calhooks.webhooks.template.syntax.scan import IDENTIFIER, Token

# What a loop and a `with` can name: the item, and its number or key.
MAX_BLOCK_NAMES = {BlockName.EACH: 2, BlockName.WITH: 1}
NO_NAMES = (*CONSTANTS, "this", "as", "else")
# Lists of every event that has them: the key of an item is its number, of which the proof knows that the first is 0.
EVENT_LISTS = (("attendees",), ("team", "members"), ("team", "hosts"))


def read_names(source: str, token: Token, block: BlockName) -> tuple[str, ...]:
    """Read `as |person index|`. Raises TemplateError."""
    names = tuple(token.text.split("|")[1].split())
    most = MAX_BLOCK_NAMES.get(block, 0)
    if not 1 <= len(names) <= most:
        each = "{{#each attendees as |person|}} or {{#each attendees as |person index|}}"
        usage = {
            2: f"A loop has one name or two, as in {each}.",
            1: "Write one name, as in {{#with organizer as |host|}}.",
        }
        nothing = f"{{{{#{block}}}}} has nothing to name: remove {token.text}."
        raise TemplateError.at(source, token.at, usage.get(most, nothing))
    for name in names:
        if name in NO_NAMES or not re.fullmatch(IDENTIFIER, name):
            raise TemplateError.at(source, token.at, f"{name} cannot be a name here: choose a word of letters.")
    return names


def settle_call(source: str, call: Call, scopes: Sequence[Block]) -> Call:
    """Settle the paths of a helper's arguments. Raises TemplateError."""
    arguments = tuple(_settle_argument(source, argument, scopes) for argument in call.arguments)
    options = {name: _settle_argument(source, value, scopes) for name, value in call.options.items()}
    return replace(call, arguments=arguments, options=options)


def settle_operand(source: str, operand: Operand, scopes: Sequence[Block]) -> Operand:
    """Settle the paths of a condition. Raises TemplateError."""
    if isinstance(operand, Condition):
        operands = tuple(settle_operand(source, inner, scopes) for inner in operand.operands)
        return replace(operand, operands=operands)
    return settle_path(source, operand, scopes) if isinstance(operand, Path) else operand


def settle_path(source: str, path: Path, scopes: Sequence[Block]) -> Path:
    """Return the path with its depth in `scopes`, the blocks around it that open one. Raises TemplateError."""
    if path.data:
        loops = [depth for depth, block in enumerate(reversed(scopes)) if block.name is BlockName.EACH]
        if path.depth >= len(loops):
            message = f"@{path.data} has a meaning only inside {{{{#each}}}}…{{{{/each}}}}."
            raise TemplateError.at(source, path.at, message)
        return replace(path, depth=loops[path.depth])
    if path.depth > len(scopes):
        message = "../ leads out of {{#each}} and {{#with}}, and there are not that many around."
        raise TemplateError.at(source, path.at, message)
    if path.depth or path.from_root or not path.segments or source.startswith((".", "this.", "this/"), path.at):
        return path
    return _named(path, scopes)


def _settle_argument(source: str, argument: Argument, scopes: Sequence[Block]) -> Argument:
    if isinstance(argument, Call):
        return settle_call(source, argument, scopes)
    return settle_path(source, argument, scopes) if isinstance(argument, Path) else argument


def _named(path: Path, scopes: Sequence[Block]) -> Path:
    """Follow a name from `as |person index|` to the scope that it names."""
    first, *rest = path.segments
    for depth, block in enumerate(reversed(scopes)):
        if first in block.names:
            data = _key_of(block, scopes[: len(scopes) - 1 - depth]) if block.names.index(first) else None
            return Path(path.at, tuple(rest), depth, data=data, name=first)
    return path


def _key_of(loop: Block, around: Sequence[Block]) -> Data:
    """Return what the second name of a loop is."""
    looped = loop.path
    is_of_event = looped.from_root or (looped.data is None and not looped.name and looped.depth == len(around))
    return Data.INDEX if is_of_event and looped.segments in EVENT_LISTS else Data.KEY

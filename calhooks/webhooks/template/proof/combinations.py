"""Count in how many ways the branches of a template combine, and find the conditions they ask."""

from collections.abc import Iterator, Sequence
from math import prod

from calhooks.webhooks.template.errors import TemplateError
from calhooks.webhooks.template.nodes import Block, BlockName, Data, Node, Variable

MAX_COMBINATIONS = 512
# What the position in a loop decides is no branch of its own.
POSITIONS = (Data.FIRST, Data.LAST, Data.INDEX)


def check_combinations(source: str, nodes: Sequence[Node]) -> None:
    """Refuse more than MAX_COMBINATIONS. Raises TemplateError at the block with which there are too many."""
    combinations = 1
    for node in nodes:
        if not isinstance(node, Block):
            continue
        combinations *= _of_block(node)
        if combinations > MAX_COMBINATIONS:
            raise TemplateError.at(
                source,
                node.at,
                f"The template is too complicated: its branches combine in more than {MAX_COMBINATIONS} ways. "
                'Often {{default name "…"}} can replace an {{#if}}.',
            )


def blocks(nodes: Sequence[Node]) -> Iterator[Block]:
    """Yield every block, inner ones included, in order."""
    for node in nodes:
        if isinstance(node, Block):
            yield node
            yield from blocks(node.body)
            yield from blocks(node.otherwise or ())


def variables(nodes: Sequence[Node]) -> Iterator[Variable]:
    """Yield every variable that is printed, in order."""
    for node in nodes:
        if isinstance(node, Variable):
            yield node
        elif isinstance(node, Block):
            yield from variables(node.body)
            yield from variables(node.otherwise or ())


def _of_block(block: Block) -> int:
    body, otherwise = _of_nodes(block.body), _of_nodes(block.otherwise or ())
    if block.name is not BlockName.EACH and block.subject.data in POSITIONS:
        return max(body, otherwise)
    return body + otherwise


def _of_nodes(nodes: Sequence[Node]) -> int:
    return prod(_of_block(node) for node in nodes if isinstance(node, Block))

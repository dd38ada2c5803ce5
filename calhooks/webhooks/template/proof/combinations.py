"""Count in how many ways the branches of a template combine, and find the conditions they ask."""

from collections.abc import Iterator, Sequence
from math import prod

from calhooks.webhooks.template.errors import TemplateError
from calhooks.webhooks.template.nodes import Block, Node, Variable
from calhooks.webhooks.template.proof.conditions import (
    Asked,
    AskedLiteral,
    AskedPath,
    is_decided,
    questions,
    simplified,
)

MAX_COMBINATIONS = 512


def check_combinations(source: str, nodes: Sequence[Node]) -> None:
    """Refuse more than MAX_COMBINATIONS. Raises TemplateError at the block with which there are too many."""
    for block, combinations in _running(nodes):
        if combinations > MAX_COMBINATIONS:
            raise TemplateError.at(
                source,
                block.at,
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
    if not block.opens_scope and is_decided(simplified(block.subject)):
        return max(body, otherwise)
    return body + otherwise


def _of_nodes(nodes: Sequence[Node]) -> int:
    return max((combinations for _, combinations in _running(nodes)), default=1)


def _running(nodes: Sequence[Node]) -> Iterator[tuple[Block, int]]:
    """Yield each block of `nodes` with the number of combinations up to it.

    Blocks that compare one variable with literals decide together: it is equal to one of them, or to none.
    """
    others, compared = 1, dict[AskedPath, set[AskedLiteral]]()
    for node in nodes:
        if not isinstance(node, Block):
            continue
        equals = list(_equals(node))
        if len({pair and pair[0] for pair in equals}) == 1 and equals[0]:
            compared.setdefault(equals[0][0], set()).update(pair[1] for pair in equals if pair)
        else:
            others *= _of_block(node)
        yield node, others * prod(len(literals) + 1 for literals in compared.values())


def _equals(block: Block) -> Iterator[tuple[AskedPath, AskedLiteral] | None]:
    """Yield what is compared with which literal inside a block; None for a question of another kind."""
    for inner in blocks([block]):
        if inner.opens_scope:
            yield None
            continue
        for asked, about in questions(inner, lambda path: -1 if path.from_root else path.depth):
            match about:
                case (AskedPath() as path, AskedLiteral() as literal) if asked is Asked.EQUAL:
                    yield path, literal
                case _:
                    yield None

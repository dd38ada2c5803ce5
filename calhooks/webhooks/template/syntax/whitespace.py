"""Remove whitespace where Handlebars 4.7 does: beside a `~`, and around a tag that has its line to itself.

A line counts as a tag's own when it is a comment, or the opening, the {{else}} or the closing of a block.
The order of the steps, and which texts they look at before and after earlier steps, follow Handlebars exactly.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from calhooks.webhooks.template.nodes import Block, Comment, Node, Strip, Text, Variable

# What \s means in JavaScript.
SPACE_CHARACTERS = " \t\n\r\v\f\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x200B))
)
REST_OF_LINE = re.compile(r"[ \t]*\n?")


@dataclass(frozen=True, slots=True)
class _Tag:
    """What a node asks of its neighbours."""

    strip: Strip
    opens_line: bool = False
    closes_line: bool = False
    alone: bool = False


def strip_whitespace(nodes: list[Node]) -> None:
    """Change the texts of a whole template in place."""
    _strip(nodes, is_root=True)


def _strip(nodes: list[Node], *, is_root: bool) -> None:
    for index, node in enumerate(nodes):
        if isinstance(node, Text):
            continue
        tag = _inside(node)
        before = _line_is_blank_before(nodes, index, is_root=is_root)
        after = _line_is_blank_after(nodes, index, is_root=is_root)
        if tag.strip.right:
            _cut_right_of(nodes, index, everything=True)
        if tag.strip.left:
            _cut_left_of(nodes, index, everything=True)
        if tag.alone and before and after:
            _cut_right_of(nodes, index)
            _cut_left_of(nodes, index)
        if isinstance(node, Block):
            if tag.opens_line and before:
                _cut_right_of(node.body, -1)
                _cut_left_of(nodes, index)
            if tag.closes_line and after:
                _cut_right_of(nodes, index)
                last = node.body if node.otherwise is None else node.otherwise
                _cut_left_of(last, len(last))


def _inside(node: Variable | Comment | Block) -> _Tag:
    if isinstance(node, Variable):
        return _Tag(node.strip)
    if isinstance(node, Comment):
        return _Tag(node.strip, alone=True)
    return _inside_block(node)


def _inside_block(block: Block) -> _Tag:
    _strip(block.body, is_root=False)
    if block.otherwise is not None:
        _strip(block.otherwise, is_root=False)
    first = _after_else(block)
    closing = block.body if first is None else first
    tag = _Tag(
        Strip(block.open_strip.left, block.close_strip.right),
        opens_line=_line_is_blank_after(block.body, -1),
        closes_line=_line_is_blank_before(closing, len(closing)),
    )
    if block.open_strip.right:
        _cut_right_of(block.body, -1, everything=True)
    if first is None:
        if block.close_strip.left:
            _cut_left_of(block.body, len(block.body), everything=True)
        return tag
    if block.else_strip.left:
        _cut_left_of(block.body, len(block.body), everything=True)
    if block.else_strip.right:
        _cut_right_of(first, -1, everything=True)
    if block.close_strip.left:
        _cut_left_of(first, len(first), everything=True)
    if _line_is_blank_before(block.body, len(block.body)) and _line_is_blank_after(first, -1):
        _cut_left_of(block.body, len(block.body))
        _cut_right_of(first, -1)
    return tag


def _after_else(block: Block) -> list[Node] | None:
    """Return what follows the first {{else}}, or the first {{else if}}, if there is one."""
    if block.otherwise and isinstance(block.otherwise[0], Block) and block.otherwise[0].chained:
        return block.otherwise[0].body
    return block.otherwise


def _line_is_blank_before(nodes: Sequence[Node], index: int, *, is_root: bool = False) -> bool:
    """Tell whether only whitespace stands between the node at `index` and the start of its line."""
    if index == 0:
        return is_root
    before = nodes[index - 1]
    if not isinstance(before, Text):
        return False
    blank = before.original[len(before.original.rstrip(SPACE_CHARACTERS)) :]
    return "\n" in blank or (is_root and index == 1 and blank == before.original)


def _line_is_blank_after(nodes: Sequence[Node], index: int, *, is_root: bool = False) -> bool:
    """Tell whether only whitespace stands between the node at `index` and the end of its line."""
    if index + 1 == len(nodes):
        return is_root
    after = nodes[index + 1]
    if not isinstance(after, Text):
        return False
    blank = after.original[: len(after.original) - len(after.original.lstrip(SPACE_CHARACTERS))]
    return "\n" in blank or (is_root and index + 2 == len(nodes) and blank == after.original)


def _cut_right_of(nodes: Sequence[Node], index: int, *, everything: bool = False) -> None:
    """Shorten the text after the node at `index`: by the rest of the line, or by all its leading whitespace."""
    text = nodes[index + 1] if index + 1 < len(nodes) else None
    if not isinstance(text, Text) or (text.right_cut and not everything):
        return
    left = text.value.lstrip(SPACE_CHARACTERS) if everything else REST_OF_LINE.sub("", text.value, count=1)
    text.right_cut = left != text.value
    text.at += len(text.value) - len(left)
    text.value = left


def _cut_left_of(nodes: Sequence[Node], index: int, *, everything: bool = False) -> None:
    """Shorten the text before the node at `index`: by its indentation, or by all its trailing whitespace."""
    text = nodes[index - 1] if index > 0 else None
    if not isinstance(text, Text) or (text.left_cut and not everything):
        return
    left = text.value.rstrip(SPACE_CHARACTERS if everything else " \t")
    text.left_cut = left != text.value
    text.value = left

"""Slips that are no error: one pair of braces, variables in an address, another engine’s tags, months as minutes."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from calhooks.webhooks.editor.event_shape import Shape, root
from calhooks.webhooks.editor.former_names import meant_by
from calhooks.webhooks.template.nodes import Call, Literal, Path, Text
from calhooks.webhooks.template.syntax.scan import TOKEN
from calhooks.webhooks.template.values.dates import probable_format

STEP = r"[A-Za-z_][\w-]*"
SINGLE = re.compile(rf"(?<![{{\\])\$?\{{\s*(?P<path>{STEP}(?:\.(?:{STEP}|\d+)|\.?\[\w+\])*)\s*\}}(?!\}})")
# What Liquid and Jinja, and what EJS and ERB have.
OTHER_ENGINES = re.compile(r"\{%-?\s*\w.*?%\}|<%.*?%>", re.DOTALL)
IN_ADDRESS = re.compile(r"\{\{[^{}]*\}\}|(?:%7B){2}.*?(?:%7D){2}", re.IGNORECASE)
# A variable that is all there is between two quotation marks.
ALONE = re.compile(r'"(\{\{\{?[^{}"]*\}?\}\})"')


class Slip(NamedTuple):
    """A span of a source, by its offset and what is there, and what was probably meant."""

    at: int
    written: str
    meant: str


def single_braces(source: str, text: Text, scope: Shape) -> Iterator[Slip]:
    """Give the variables in a text of a template that have one pair of braces."""
    if source[text.at : text.at + len(text.value)] != text.value:
        # An escaped tag: its author knows about braces.
        return
    for found in SINGLE.finditer(source, text.at, text.at + len(text.value)):
        if path := _path(found["path"], scope):
            yield Slip(found.start(), found[0], f"{{{{{path}}}}}")


def other_engine(source: str, text: Text) -> Slip | None:
    """Return the first tag of another template language in a text, None if there is none."""
    found = OTHER_ENGINES.search(source, text.at, text.at + len(text.value))
    return Slip(found.start(), found[0], "") if found else None


def quoted_alone(source: str, at: int) -> Slip | None:
    """Return the whole text that the variable at `at` is, with its quotation marks, None if there is more in it."""
    found = ALONE.match(source, at - 1) if at > 0 else None
    return Slip(at - 1, found[0], found[1]) if found else None


def format_slip(source: str, call: Call) -> Slip | None:
    """Return the format of a date that has minutes for a month, or a month for minutes, None where it has not."""
    form = call.options.get("format") if call.helper == "date" else None
    if not isinstance(form, Literal) or not isinstance(form.value, str):
        return None
    written, meant = TOKEN.match(source, form.at), probable_format(form.value)
    return Slip(form.at, written[0], f"{written[0][0]}{meant}{written[0][0]}") if written and meant else None


def path_in(source: str, path: Path) -> str:
    """Return a path as the source has it."""
    written = TOKEN.match(source, path.at)
    return written[0] if written else ".".join(path.segments)


def joined_objects(call: Call, follow: Callable[[Path], Shape | None]) -> Iterator[Path]:
    """Yield the list of a `join` that writes whole objects."""
    if call.helper == "join" and "field" not in call.options and isinstance(call.arguments[0], Path):
        found = follow(call.arguments[0])
        if found and found.item and found.item.children:
            yield call.arguments[0]


def variable_in_address(url: str) -> Slip | None:
    """Return the first variable of an address, where none is replaced."""
    found = IN_ADDRESS.search(url)
    if found:
        return Slip(found.start(), found[0], "")
    for single in SINGLE.finditer(url):
        if _path(single["path"], root()):
            return Slip(single.start(), single[0], "")
    return None


def _path(written: str, scope: Shape) -> str | None:
    """Return the path that a name in one pair of braces means, None if it means none."""
    segments = tuple(re.split(r"[.\[\]]+", written.rstrip("]")))
    for shape in (scope, root()):
        if shape.follow(segments):
            return written if shape is scope else f"@root.{written}"
    meant = meant_by(written)
    return meant if scope is root() else None

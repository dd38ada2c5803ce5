"""Slips that are no error: one pair of braces, variables in an address, another engine’s tags, months as minutes."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
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


FIELD_LINE = re.compile(r"\n[ \t]*(?P<name>[A-Za-z_][\w.\[\]-]*)=")
Follow = Callable[[Path], Shape | None]
IN_A_FORMAT = "In a format, M is a month, m a minute and a AM or PM. Did you mean {}?"
JOINS_OBJECTS = 'The items of {0} are objects: say what to write of each, as in {{{{join {0} field="name"}}}}.'
AS_JSON = "{} has no single value: {} writes it as JSON text. Did you mean {}?"
LINK_IN_MARKDOWN = "{} is no longer a link after markdown: write it without."
NOT_A_PERSON = "for= takes a person. Did you mean {}?"
WRITE_TEXTS = ("upper", "lower", "words", "truncate", "html", "slack", "markdown", "url", "csv")


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


def inside_of(source: str, path: Path, key: str) -> str:
    """Return the path of a value in an object, as the source has the object's."""
    written = TOKEN.match(source, path.at)
    whole = written[0] if written else ".".join(path.segments)
    return f"{'this' if whole == '.' else whole}.{key}"


def misused_values(source: str, call: Call, follow: Follow) -> Iterator[tuple[Path, str, str | None]]:
    """Yield the variables that a helper makes little of, each with what to say and what was probably meant."""
    value = call.arguments[0]
    if isinstance(value, Path) and call.helper == "markdown" and "".join(value.segments[-1:]).endswith(("Url", "url")):
        yield value, LINK_IN_MARKDOWN.format(".".join(value.segments)), None
    if isinstance(value, Path) and not value.data and (found := follow(value)) and found.is_several:
        written = ".".join(value.segments) or "this"
        if call.helper in WRITE_TEXTS:
            meant = inside_of(source, value, found.value_inside())
            yield value, AS_JSON.format(written, call.helper, meant), meant
        elif call.helper == "join" and "field" not in call.options and found.item_is_object:
            yield value, JOINS_OBJECTS.format(written), None
    person = call.options.get("for")
    if isinstance(person, Path) and not person.data and (found := follow(person)) and not _is_person(found):
        meant = _person(source, person, follow)
        yield person, NOT_A_PERSON.format(meant), meant


def _is_person(shape: Shape | None) -> bool:
    return shape is not None and (shape.is_open or "timeZone" in shape.children)


def _person(source: str, path: Path, follow: Follow) -> str:
    """Return the person whose time zone a path is, else the booker."""
    written = TOKEN.match(source, path.at)
    if written and _is_person(follow(replace(path, segments=path.segments[:-1]))):
        return written[0].rpartition(".")[0] or "this"
    booker = Path(path.at, ("attendees", "0"))
    return "attendees.0" if _is_person(follow(booker)) else "@root.attendees.0"


def lines_without_ampersand(source: str, text: Text) -> Iterator[Slip]:
    """Yield the lines of a form that look like a field and belong to the one before."""
    for found in FIELD_LINE.finditer(source, text.at, text.at + len(text.value)):
        before = source[: found.start()].rstrip()
        tag = before[before.rfind("{{") :].removeprefix("{{").lstrip("~{") if before.endswith("}}") else ""
        if not before.endswith("&") and not tag.startswith(("#", "/", "else", "!")):
            yield Slip(found.start("name"), found["name"], f"&{found['name']}")


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

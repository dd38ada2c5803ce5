"""What shape an event has, by the catalogue: which paths lead somewhere, and what is near those that do not."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from calhooks.webhooks.editor.catalogue import CATALOGUE, DocumentedVariable
from calhooks.webhooks.editor.former_names import has_no_counterpart, meant_by
from calhooks.webhooks.editor.near import NearNames

# A slip of the hand, and what may be one.
SLIP, NEAR = 0.8, 0.6
# Types whose values are texts, of which a number gives one character.
TEXTS = ("string", "time")
# What of an object is meant, where only the object is named.
LIKELIEST = ("value", "email", "name", "url")


@dataclass(slots=True)
class Shape:
    """A value: `children` of an object, `item` of a list or of an object with keys of any name, neither for a text.

    `is_open` says that nothing is known about it, so that every path may lead somewhere.
    """

    path: str = ""
    children: dict[str, "Shape"] = field(default_factory=dict)
    item: "Shape | None" = None
    is_list: bool = False
    is_open: bool = False
    variable: DocumentedVariable | None = None

    def step(self, segment: str) -> "Shape | None":
        """Return what stands under a key or a number, None where nothing can."""
        if self.is_open:
            return self
        if segment == "length" and not (self.children or (self.item and not self.is_list)):
            return Shape(f"{self.path}.length")
        if segment in self.children:
            return self.children[segment]
        if self.item and (not self.is_list or segment.isdecimal()):
            return self.item
        if segment.isdecimal() and self.variable and self.variable.type in TEXTS:
            return Shape(f"{self.path}.{segment}")
        return None

    def follow(self, segments: tuple[str, ...]) -> "Shape | None":
        """Return what a whole path leads to."""
        shape: Shape | None = self
        for segment in segments:
            shape = shape.step(segment) if shape else None
        return shape

    def loops_over(self) -> "Shape":
        """Return what {{this}} is inside an {{#each}} over it."""
        return self.item or OPEN_SHAPE

    @property
    def is_several(self) -> bool:
        """Tell whether it is an object or a list."""
        return not self.is_open and bool(self.children or self.item)

    @property
    def item_is_object(self) -> bool:
        """Tell whether the items of a list are objects."""
        return self.item is not None and self.item.is_several

    def value_inside(self) -> str:
        """Return the path of a value in an object or a list, the likeliest to be meant, "" for anything else."""
        if not self.is_several:
            return ""
        key = next((key for key in LIKELIEST if key in self.children), next(iter(self.children), "0"))
        child = self.children.get(key, self.item)
        inside = child.value_inside() if child else ""
        return f"{key}.{inside}" if inside else key

    def paths(self, prefix: str = "") -> Iterator[str]:
        """Give every path below, the first of each list for all of it."""
        for key, child in self.children.items():
            yield f"{prefix}{key}"
            yield from child.paths(f"{prefix}{key}.")
        if self.item and self.is_list:
            yield f"{prefix}0"
            yield from self.item.paths(f"{prefix}0.")


OPEN_SHAPE = Shape(is_open=True)


@cache
def root() -> Shape:
    """Return the shape of a whole event."""
    shape = Shape()
    for variable in CATALOGUE:
        _add(shape, variable)
    metadata, responses = shape.children["metadata"], shape.children["responses"]
    metadata.children, metadata.item = {}, Shape("metadata")
    answer = responses.children["name"]
    answer.children["value"] = OPEN_SHAPE
    responses.item = answer
    shape.children["userFieldsResponses"].item = answer
    members = shape.children["team"].children["members"]
    members.item, members.is_list = Shape("team.members.0", variable=members.variable), True
    return shape


def _add(shape: Shape, variable: DocumentedVariable) -> None:
    for segment in variable.path.split("."):
        path = f"{shape.path}.{segment}" if shape.path else segment
        if segment.isdecimal():
            shape.is_list = True
            shape.item = shape.item or Shape(path)
            shape = shape.item
        else:
            shape = shape.children.setdefault(segment, Shape(path))
    shape.variable = variable


def nearest(written: str, scope: Shape, own: Mapping[str, str], search: NearNames) -> str | None:
    """Return the path that was probably meant: one of this scope, or of the whole event by @root.

    `own` are paths that only this account has, by what they are without brackets.
    """
    here = {path.lower(): path for path in scope.paths()}
    up = "" if scope is root() else "@root."
    mine = {path.lower(): f"{up}{own[path]}" for path in own}
    whole = {path.lower(): f"{up}{path}" for path in root().paths()} | mine
    if scope is root():
        here = whole
    text = written.lower().removeprefix("payload.").removeprefix("this.")

    def near(cutoff: float) -> Callable[[str, Mapping[str, str]], str | None]:
        return lambda name, offered: offered.get(search.nearest(name, offered, cutoff) or "")

    known = next((path for offered in (here, whole) if (path := _same(text, offered))), None)
    if found := known or _own(text, mine) or _former(text, scope):
        return found
    if has_no_counterpart(text):
        return None
    ways = (near(SLIP), _other_start, near(NEAR))
    return next((path for find in ways for offered in (here, whole) if (path := find(text, offered))), None)


def _same(text: str, offered: Mapping[str, str]) -> str | None:
    return offered.get(text)


def _own(text: str, offered: Mapping[str, str]) -> str | None:
    """Find a question, or a key of the metadata, that has this very name."""
    text = text.removeprefix("custominputs.").removeprefix("answers.")
    return offered.get(f"responses.{text}") or offered.get(f"metadata.{text}")


def _former(text: str, scope: Shape) -> str | None:
    """Find a path by what it is called elsewhere; inside a loop over people, that of the same person."""
    path = meant_by(text)
    if path is None or scope is root():
        return path
    inside = f"{scope.path}."
    return path.removeprefix(inside) if path.startswith(inside) else f"@root.{path}"


def _other_start(text: str, offered: Mapping[str, str]) -> str | None:
    """Find a path without what it belongs to, or with too much before it. Of all people the booker is meant."""
    found = [path for path in offered if path.endswith(f".{text}") or text.endswith(f".{path}")]
    return offered[min(found, key=lambda path: not path.startswith("attendees."))] if found else None

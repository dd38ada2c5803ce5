"""What a template is made of once it has been read. Every `at` is a character offset in the source."""

from dataclasses import dataclass, field
from enum import StrEnum


class ContentType(StrEnum):
    """What a body can be sent as."""

    JSON = "application/json"
    FORM = "application/x-www-form-urlencoded"
    TEXT = "text/plain"


class BodyPlace(StrEnum):
    """Where a value stands, which says how it is escaped."""

    JSON_STRING = "inside a JSON string"
    JSON_VALUE = "a JSON value"
    FORM_VALUE = "inside a form field's value"
    TEXT = "plain text"


class BlockName(StrEnum):
    """The blocks there are."""

    IF = "if"
    UNLESS = "unless"
    EACH = "each"


class Data(StrEnum):
    """What a loop knows about its current item."""

    INDEX = "index"
    KEY = "key"
    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Path:
    """A variable: `depth` loops up (`../`), or from `@root`; then key by key. With `data`, `@index` and its like."""

    at: int
    segments: tuple[str, ...] = ()
    depth: int = 0
    from_root: bool = False
    data: Data | None = None


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in a helper's call."""

    at: int
    value: str | int | float | bool | None


Argument = Path | Literal


@dataclass(frozen=True, slots=True)
class Call:
    """A helper with its arguments."""

    at: int
    helper: str
    arguments: tuple[Argument, ...]
    options: dict[str, Argument]


@dataclass(frozen=True, slots=True)
class Strip:
    """Which sides of a tag carry a `~`, which removes the whitespace there."""

    left: bool = False
    right: bool = False


@dataclass(slots=True, eq=False)
class Text:
    """What is sent as it stands. `original` is what it was before whitespace went from its ends."""

    at: int
    value: str
    original: str = ""
    left_cut: bool = False
    right_cut: bool = False

    def __post_init__(self) -> None:
        """Remember the value as it is in the source."""
        self.original = self.value


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """A value to print."""

    at: int
    end: int
    expression: Path | Call
    strip: Strip


@dataclass(frozen=True, slots=True, eq=False)
class Comment:
    """Nothing, though its line goes with it when it stands alone."""

    at: int
    strip: Strip


@dataclass(slots=True, eq=False)
class Block:
    """`if`, `unless` or `each`. `chained` is an `{{else if}}`: then it is alone in its parent's `otherwise`.

    The opening tag stands from `at` to `end`, the closing one begins at `until`.
    """

    at: int
    end: int
    name: BlockName
    subject: Path
    open_strip: Strip
    include_zero: bool = False
    chained: bool = False
    body: "list[Node]" = field(default_factory=list)
    otherwise: "list[Node] | None" = None
    else_strip: Strip = field(default_factory=Strip)
    close_strip: Strip = field(default_factory=Strip)
    until: int = 0


Node = Text | Variable | Comment | Block

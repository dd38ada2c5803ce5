"""What a template is made of once it has been read. Every `at` is a character offset in the source."""

from collections.abc import Iterator
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
    FORM_JSON_STRING = "inside a JSON string in a form field"
    FORM_JSON_VALUE = "a JSON value in a form field"
    TEXT = "plain text"


class BlockName(StrEnum):
    """The blocks there are."""

    IF = "if"
    UNLESS = "unless"
    EACH = "each"
    WITH = "with"


class Operator(StrEnum):
    """The conditions there are, written in parentheses: (eq type "call")."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    LT = "lt"
    IN = "in"
    AND = "and"
    OR = "or"
    NOT = "not"


class Data(StrEnum):
    """What a loop knows about its current item."""

    INDEX = "index"
    KEY = "key"
    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Path:
    """A variable: `depth` scopes up (`../`), or from `@root`; then key by key. With `data`, `@index` and its like.

    A scope is an item of `each`, or what `with` enters. Names from `as |person|` have become paths to their scope;
    `name` is the one with which it was written.
    """

    at: int
    segments: tuple[str, ...] = ()
    depth: int = 0
    from_root: bool = False
    data: Data | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in a helper's call or in a condition."""

    at: int
    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Call:
    """A helper with its arguments, which may be calls themselves."""

    at: int
    helper: str
    arguments: "tuple[Argument, ...]"
    options: "dict[str, Argument]"


Argument = Path | Literal | Call


@dataclass(frozen=True, slots=True)
class Condition:
    """A question about values, or about other conditions."""

    at: int
    operator: Operator
    operands: "tuple[Operand, ...]"


Operand = Path | Literal | Condition


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
    """A block with its `subject`: a path for `each` and `with`. `names` are those of `as |person index|`.

    `chained` is an `{{else if}}`: then it is alone in its parent's `otherwise`. The opening tag is from `at` to `end`,
    the closing one begins at `until`.
    """

    at: int
    end: int
    name: BlockName
    subject: Operand
    open_strip: Strip
    include_zero: bool = False
    chained: bool = False
    names: tuple[str, ...] = ()
    body: "list[Node]" = field(default_factory=list)
    otherwise: "list[Node] | None" = None
    else_strip: Strip = field(default_factory=Strip)
    close_strip: Strip = field(default_factory=Strip)
    until: int = 0

    @property
    def path(self) -> Path:
        """Return the subject of `each` and `with`."""
        assert isinstance(self.subject, Path)
        return self.subject

    @property
    def opens_scope(self) -> bool:
        """Tell whether names in the body are looked up in another value than outside."""
        return self.name in (BlockName.EACH, BlockName.WITH)


Node = Text | Variable | Comment | Block


def operand_leaves(operand: Operand) -> Iterator[Path | Literal]:
    """Yield the paths and literals of a condition, in order."""
    if isinstance(operand, Condition):
        for inner in operand.operands:
            yield from operand_leaves(inner)
    else:
        yield operand

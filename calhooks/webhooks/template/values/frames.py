"""Where a rendering stands: the loops it is in, and how much it has written and done."""

from calhooks.webhooks.template.nodes import Path
from calhooks.webhooks.template.values.values import MISSING, lookup

MAX_BODY_BYTES = 262_144
MAX_STEPS = 250_000


class Stopped(Exception):
    """Rendering went too far, at `at` in the source."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


class Frame:
    """One item of a loop, or the whole event at the root, where `parent` is None."""

    __slots__ = ("data", "parent", "root", "this")

    def __init__(self, this: object, parent: "Frame | None" = None, data: dict[str, object] | None = None) -> None:
        self.this = this
        self.parent = parent
        self.data = data
        self.root: object = parent.root if parent else this

    def find(self, path: Path) -> object:
        """Return a path's value, or MISSING."""
        frame = self
        for _ in range(path.depth):
            frame = frame.parent or frame
        if path.data:
            return frame.data.get(path.data, MISSING) if frame.data else MISSING
        return lookup(self.root if path.from_root else frame.this, path.segments)


class Output:
    """Collects a body. Raises Stopped when it grows past LARGEST_BODY characters or takes more than MOST_STEPS."""

    __slots__ = ("_length", "_steps", "parts")

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._length = 0
        self._steps = 0

    def write(self, text: str, at: int) -> None:
        """Add text of the template."""
        self._length += len(text)
        if self._length > MAX_BODY_BYTES:
            raise Stopped(f"The body grows past {MAX_BODY_BYTES // 1024} KiB here.", at)
        self.parts.append(text)

    def write_value(self, text: str, at: int) -> None:
        """Add what a variable stands for."""
        self.write(text, at)

    def spend(self, steps: int, at: int) -> None:
        """Count work that a loop does."""
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise Stopped("This loop would take too long: it does too much, too often.", at)


class MarkedOutput(Output):
    """An output that keeps what is a value apart: `parts` are text, value, text, value … text.

    `variables` has the `at` of each value's variable.
    """

    __slots__ = ("variables",)

    def __init__(self) -> None:
        super().__init__()
        self.parts.append("")
        self.variables: list[int] = []

    def write(self, text: str, at: int) -> None:
        """Add text of the template to the text before it."""
        super().write(text, at)
        self.parts[-2:] = ["".join(self.parts[-2:])]

    def write_value(self, text: str, at: int) -> None:
        """Add a value, and begin the text after it."""
        super().write(text, at)
        self.parts.append("")
        self.variables.append(at)

"""Where a rendering is: the loops and `with` blocks around it, and the body so far."""

from calhooks.webhooks.template.nodes import Path
from calhooks.webhooks.template.values.meter import Meter, Stopped
from calhooks.webhooks.template.values.values import MISSING, lookup

MAX_BODY_BYTES = 262_144


class Frame:
    """One item of a loop, the value of a `with`, or the whole event, without a `parent`. `meter` counts the work."""

    __slots__ = ("data", "meter", "parent", "root", "this")

    def __init__(
        self, this: object, meter: Meter, parent: "Frame | None" = None, data: dict[str, object] | None = None
    ) -> None:
        self.this = this
        self.meter = meter
        self.parent = parent
        self.data = data
        self.root: object = parent.root if parent else this

    def find(self, path: Path) -> object:
        """Return a path's value, or MISSING."""
        frame = self
        for _ in range(path.depth):
            frame = frame.parent or frame
        if path.data:
            return lookup(frame.data.get(path.data, MISSING), path.segments) if frame.data else MISSING
        return lookup(self.root if path.from_root else frame.this, path.segments)


class Output:
    """Collects a body. Raises Stopped when it grows past MAX_BODY_BYTES characters."""

    __slots__ = ("length", "parts")

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0

    def write(self, text: str, at: int) -> None:
        """Add text of the template."""
        self.length += len(text)
        if self.length > MAX_BODY_BYTES:
            raise Stopped(f"The body grows past {MAX_BODY_BYTES // 1024} KiB here.", at)
        self.parts.append(text)

    def write_value(self, text: str, at: int) -> None:
        """Add the value of a variable."""
        self.write(text, at)


class MarkedOutput(Output):
    """An output that remembers which parts are values: `variables` has the `at` of each one's variable."""

    __slots__ = ("_values", "variables")

    def __init__(self) -> None:
        super().__init__()
        self.variables: list[int] = []
        self._values: list[int] = []

    def write_value(self, text: str, at: int) -> None:
        """Add the value of a variable, and remember which."""
        super().write(text, at)
        self.variables.append(at)
        self._values.append(len(self.parts) - 1)

    def alternating(self) -> list[str]:
        """Return the body as text, value, text, value … text."""
        parts, start = list[str](), 0
        for position in self._values:
            parts += ["".join(self.parts[start:position]), self.parts[position]]
            start = position + 1
        return [*parts, "".join(self.parts[start:])]

"""Lines of the table, and the few statistics they need."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from bench.place import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table, as it is printed; `limit` says what kept it from being better."""

    figure: str
    ours: str
    baseline: str
    ratio: float
    must_reach: str
    ok: bool
    limit: str = ""


Row = Callable[[Place], list[Line]]

HEADINGS = ("figure", "ours", "baseline", "ratio", "must reach", "ok")


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that is at least as large as `share` of them."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def milliseconds(seconds: float) -> str:
    """Write a short time."""
    return f"{seconds * 1000:.1f} ms"


def spread(values: Sequence[float], unit: str = "/s") -> str:
    """Write the median of several rounds, with the least and the most."""
    return f"{median(values):.0f}{unit} ({min(values):.0f} to {max(values):.0f})"


def as_table(lines: Sequence[Line]) -> str:
    """Lay the lines out as a Markdown table, the limits below it."""
    cells = [HEADINGS] + [
        (line.figure, line.ours, line.baseline, f"{line.ratio:.2f}", line.must_reach, "yes" if line.ok else "NO")
        for line in lines
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADINGS))]
    rows = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    rows.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    limits = [f"- {line.figure}: {line.limit}" for line in lines if line.limit]
    return "\n".join([*rows, *([""] if limits else []), *limits])

"""The picture of a webhook as a drawing: bars of what was delivered and failed, and below them the response times."""

from collections.abc import Sequence
from dataclasses import dataclass

from calhooks.delivery.status.picture import Picture, PicturePeriod

# In units of the drawing.
STEP, BARS_HEIGHT = 10, 48
TIMES_TOP, TIMES_HEIGHT = 56, 24
# A single attempt among thousands is still visible.
LEAST_HEIGHT = 2.0


@dataclass(frozen=True, slots=True)
class Bar:
    """What is drawn of one period. A height is 0 for nothing; a place is None where there was no response."""

    period: PicturePeriod
    x: int
    delivered_y: float
    delivered_height: float
    failed_y: float
    failed_height: float
    p50_y: float | None
    p95_y: float | None


@dataclass(frozen=True, slots=True)
class Chart:
    """A row of bars, and what they are of as a whole."""

    bars: Sequence[Bar]
    whole: PicturePeriod

    @property
    def width(self) -> int:
        """Return the width of the drawing."""
        return STEP * len(self.bars)


@dataclass(frozen=True, slots=True)
class Drawing:
    """The last 24 hours and the last 30 days."""

    hours: Chart
    days: Chart


def drawn(found: Picture) -> Drawing | None:
    """Return what is drawn of a picture; None where there is nothing to draw."""
    if found.is_empty:
        return None
    return Drawing(_chart(found.hours, found.last_day), _chart(found.days, found.last_month))


def _chart(periods: Sequence[PicturePeriod], whole: PicturePeriod) -> Chart:
    most = max(1, *(period.delivered + period.failed for period in periods))
    slowest = max(1, *(period.p95_ms or 0 for period in periods))
    return Chart([_bar(number, period, most, slowest) for number, period in enumerate(periods)], whole)


def _bar(number: int, period: PicturePeriod, most: int, slowest: int) -> Bar:
    delivered, failed = _height(period.delivered, most), _height(period.failed, most)
    # Where the least heights add up to more than there is, the larger part gives way.
    if (over := delivered + failed - BARS_HEIGHT) > 0:
        delivered, failed = (delivered - over, failed) if delivered > failed else (delivered, failed - over)
    top = BARS_HEIGHT - delivered
    places = [
        None if value is None else round(TIMES_TOP + TIMES_HEIGHT * (1 - value / slowest), 1)
        for value in (period.p50_ms, period.p95_ms)
    ]
    return Bar(period, number * STEP, round(top, 1), delivered, round(top - failed, 1), failed, *places)


def _height(count: int, most: int) -> float:
    return max(LEAST_HEIGHT, round(BARS_HEIGHT * count / most, 1)) if count else 0.0

"""What a day of one temper comes to: a line of the table, and the promises that it breaks."""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf

from bench.figures import percentile
from bench.simulate.engine import Day, Delivery
from bench.simulate.receivers import Receiver
from bench.simulate.tempers import Temper

HEADINGS = (
    *("receivers", "number", "deliveries", "delivered", "waiting", "given up", "refused", "out of order"),
    *("delay p50", "p99", "others' delay", "recovery's first second", "time over the limit's"),
)
MAX_REFUSED = 0.1
MAX_OVER_LIMIT = 1.2
MAX_DELAY = 5.0
MAX_FIRST_SECOND = 10
# Shorter bursts end before a limit can be known, and promise nothing about it.
LONG_SECONDS = 120.0


@dataclass
class Tally:
    """All receivers of one temper, added up."""

    temper: Temper
    receivers: int = 0
    deliveries: int = 0
    delivered: int = 0
    waiting: int = 0
    lost: int = 0
    given_up: int = 0
    out_of_order: int = 0
    requests: int = 0
    refused: int = 0
    delays: list[float] = field(default_factory=list)
    first_second: int = 0
    later: list[float] = field(default_factory=list)
    over_limit: list[float] = field(default_factory=list)

    def add(self, day: Day, without: Day | None) -> None:
        """Add one receiver's day, and how much later than `without` its refusals what it does take arrived."""
        receiver = day.receiver
        self.receivers += 1
        self.out_of_order += day.out_of_order
        self.deliveries += len(day.deliveries)
        for place, each in enumerate(day.deliveries):
            wanted = _would_arrive(each, receiver)
            if each.taken_at is not None:
                self.delivered += 1
                self.delays.append(each.taken_at - each.at)
                if wanted and without is not None:
                    self.later.append(each.taken_at - (without.deliveries[place].taken_at or each.at))
            elif each.over:
                self.given_up += wanted
            else:
                self.waiting += 1
                self.lost += wanted
        # Requests are noted as they leave; the way there changes their order a little.
        requests = sorted(day.requests)
        for began in day.recoveries if self.temper.waiting else []:
            count = bisect(requests, began + 1) - bisect(requests, began)
            self.first_second = max(self.first_second, count)
        burst = [each for each in day.deliveries if each.is_burst]
        counted = burst or day.deliveries
        self.requests += sum(each.requests for each in counted)
        self.refused += sum(each.refused for each in counted)
        if burst:
            self._add_burst(burst, day)

    def _add_burst(self, burst: list[Delivery], day: Day) -> None:
        """Compare how long a burst took with how long its receiver needs for all that it took meanwhile."""
        begin, end = burst[0].at, max(each.taken_at or inf for each in burst)
        meanwhile = sum(each.taken_at is not None and begin <= each.taken_at <= end for each in day.deliveries)
        if (least := day.receiver.least_seconds(meanwhile)) >= LONG_SECONDS:
            self.over_limit.append((end - begin) / least)

    @property
    def refused_share(self) -> float:
        """Return which part of the requests was refused."""
        return self.refused / max(self.requests, 1)

    def broken(self) -> Iterator[str]:
        """Give the promises that were not kept."""
        name = self.temper.name
        if self.given_up or self.out_of_order:
            yield f"{name}: {self.given_up} given up, {self.out_of_order} out of order"
        if self.temper.arrives and self.lost:
            yield f"{name}: {self.lost} still wait that would be taken"
        if self.temper.paced and self.refused_share > MAX_REFUSED:
            yield f"{name}: {self.refused_share:.1%} of the requests were refused"
        if self.temper.paced and self.over_limit and percentile(self.over_limit, 0.95) > MAX_OVER_LIMIT:
            yield f"{name}: {percentile(self.over_limit, 0.95):.2f} times the time of the limit"
        if self.first_second > MAX_FIRST_SECOND:
            yield f"{name}: {self.first_second} requests in the first second of a recovery"
        if self.later and max(self.later) > MAX_DELAY:
            yield f"{name}: a refused booking delayed another by {max(self.later):.1f} s"

    def cells(self) -> tuple[str, ...]:
        """Return the line of the table."""
        over = [f"{percentile(self.over_limit, share):.2f}" for share in (0.5, 0.95)] if self.over_limit else []
        return (
            *(self.temper.name, f"{self.receivers:,}", f"{self.deliveries:,}", f"{self.delivered:,}"),
            *(f"{self.waiting:,}", f"{self.given_up:,}", f"{self.refused_share:.1%}", str(self.out_of_order)),
            *(_seconds(percentile(self.delays, share)) if self.delays else "" for share in (0.5, 0.99)),
            _seconds(max(self.later)) if self.later else "",
            str(self.first_second) if self.first_second else "",
            f"{over[0]}, at most {over[1]} in 95 %" if over else "",
        )


def _would_arrive(delivery: Delivery, receiver: Receiver) -> bool:
    """Tell whether a delivery, and those of its booking before it, would be taken sooner or later."""
    before: Delivery | None = delivery
    while before is not None:
        if not receiver.would_take(before.number):
            return False
        before = before.after
    return True


def _seconds(seconds: float) -> str:
    """Write a time in a unit that fits."""
    if seconds < 100:
        return f"{seconds:.2f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"

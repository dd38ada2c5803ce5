"""The receivers: how many of each temper, what they are sent, and what is promised about them."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.simulate.engine import Delivery
from bench.simulate.receivers import (
    BROKEN,
    SILENT,
    Bucket,
    Choosy,
    Down,
    Gone,
    Interval,
    Limited,
    Minutes,
    Penalty,
    Receiver,
    Said,
    Window,
    as_date,
    flapping,
    in_fractions,
    nothing,
    ten,
    zero,
)
from calhooks.egress.failures import Failure

HOUR = 3600.0
# The fewest and the most bookings an hour in quiet times.
FEW_AN_HOUR = (0.5, 2.0)
# The part of them that is moved or cancelled, how often at most, and after how many seconds on average.
MOVED = 0.25
MAX_EVENTS = 3
MOVED_AFTER = 300.0
# The bookings of a burst, and the part of the bursts that are replays.
BURST = (100, 600)
REPLAYS = 0.25
REPLAY = 700
# The part of a day in which something happens.
LAST = 23 / 24
Make = Callable[[random.Random, float], Receiver]


@dataclass(frozen=True, slots=True, kw_only=True)
class Temper:
    """A kind of receiver; `count` is its number in about ten thousand.

    Of them the share `bursting` has a burst of hundreds or a replay, and `waiting` deliveries are queued for one that
    is down. Its answers take between the two times of `quick`, in seconds. `paced`: in a long burst at most one request
    in ten is refused, and all takes at most 1.2 times the time that the limit allows. `prompt`: what it refuses delays
    nothing else by more than five seconds. `arrives`: by the end of the day nothing waits that it takes.
    """

    name: str
    make: Make
    count: int
    bursting: float = 0.0
    waiting: int = 0
    quick: tuple[float, float] = (0.005, 0.3)
    paced: bool = False
    prompt: bool = False
    arrives: bool = True


def _limited(name: str, make: Callable[[], Limited], *, paced: bool = True) -> Temper:
    return Temper(name=name, make=lambda _chance, _day: make(), count=160, bursting=0.5, paced=paced)


def _refusing(count: int) -> Make:
    """Return one that always refuses `count` of the first thirty deliveries, each time for an hour."""

    def make(chance: random.Random, _day: float) -> Receiver:
        chosen = set(chance.sample(range(2, 30), count))
        return Choosy(Said(429, "3600", Failure.STATUS), chosen.__contains__)

    return make


def _one_in(number: int, said: Said) -> Make:
    def make(chance: random.Random, _day: float) -> Receiver:
        place = chance.randrange(number)
        return Choosy(said, lambda each: each % number == place)

    return make


def _down(seconds: float, rate: tuple[float, float]) -> Make:
    def make(chance: random.Random, day: float) -> Receiver:
        begin = chance.uniform(0.1, 0.4) * day
        return Down([(begin, begin + min(seconds, day / 4))], chance.uniform(*rate))

    return make


TEMPERS = (
    Temper(name="healthy", make=lambda *_: Receiver(), count=5000, bursting=0.03),
    Temper(name="slow", make=lambda *_: Receiver(), count=800, bursting=0.05, quick=(1.0, 6.0)),
    _limited("1/s apart", lambda: Interval(1)),
    _limited("1/s by the clock", lambda: Window(1)),
    _limited("5/s, burst of 10", lambda: Bucket(5, 10)),
    _limited("5/s by the clock", lambda: Window(5)),
    _limited("60 a minute", lambda: Minutes(1)),
    _limited("5/s, or 30 s nothing", lambda: Penalty(5), paced=False),
    _limited("5/s, no Retry-After", lambda: Window(5, nothing)),
    _limited("2.5/s, fractions", lambda: Bucket(2.5, 5, in_fractions)),
    _limited("1/s, 503 and a date", lambda: Interval(1, as_date, 503)),
    _limited("5/s, Retry-After: 10", lambda: Bucket(5, 5, ten)),
    _limited("1/s, Retry-After: 0", lambda: Interval(1, zero)),
    Temper(name="refuses one for 1 h", make=_refusing(1), count=300, bursting=0.2, prompt=True),
    Temper(name="refuses three for 1 h", make=_refusing(3), count=300, bursting=0.2, arrives=False),
    Temper(name="fails for one in ten", make=_one_in(10, BROKEN), count=400, bursting=0.1),
    Temper(name="hangs for one in twenty", make=_one_in(20, SILENT), count=300, bursting=0.1),
    Temper(name="flaps", make=flapping, count=400, bursting=0.1, arrives=False),
    Temper(name="down for 10 min", make=_down(600, (1e9, 1e9)), count=300, waiting=50),
    Temper(name="down for 3 h, then weak", make=_down(3 * HOUR, (5, 20)), count=60, waiting=2000, arrives=False),
    Temper(name="dead", make=lambda *_: Gone(), count=400),
)


def owed(temper: Temper, receiver: Receiver, chance: random.Random, day: float) -> list[Delivery]:
    """Return what one receiver is owed in a day, in order: a few an hour, and a burst if it has one."""
    # Whatever is owed has some time left at the end of the day.
    last = day * LAST
    stories = [[at] for at in _now_and_then(chance, last)]
    if temper.waiting and isinstance(receiver, Down):
        begin, end = receiver.stretches[0]
        stories += [[chance.uniform(begin, end)] for _ in range(temper.waiting)]
    first_of_burst = len(stories)
    if chance.random() < temper.bursting:
        stories += [[at] for at in _burst(chance, last)]
    for story in stories:
        while chance.random() < MOVED and len(story) < MAX_EVENTS:
            # A person who moves a booking does so at once or after a while.
            story.append(min(story[-1] + chance.expovariate(1 / MOVED_AFTER), last))
    moments = sorted((at, place) for place, story in enumerate(stories) for at in story)
    before: dict[int, Delivery] = {}
    deliveries = []
    for number, (at, place) in enumerate(moments):
        is_burst = place >= first_of_burst and place not in before
        delivery = Delivery(number, at, before.get(place), is_burst=is_burst)
        before[place] = delivery
        deliveries.append(delivery)
    return deliveries


def _now_and_then(chance: random.Random, last: float) -> Iterator[float]:
    rate, at = chance.uniform(*FEW_AN_HOUR) / HOUR, 0.0
    while (at := at + chance.expovariate(rate)) < last:
        yield at


def _burst(chance: random.Random, last: float) -> Iterator[float]:
    """Give the moments of a burst of hundreds over a minute at most, or of a replay, which is all at once."""
    begin = chance.uniform(0, last / 2)
    if chance.random() < REPLAYS:
        yield from [begin] * REPLAY
        return
    seconds = chance.uniform(1, 60)
    for _ in range(chance.randint(*BURST)):
        yield begin + chance.uniform(0, seconds)

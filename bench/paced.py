"""What a receiver's limit, its failures and a pace cost: itself, and the receivers beside it."""

import time
from statistics import median

from sqlalchemy import update

from bench import backlog
from bench.bookings import Booker, at_rate
from bench.figures import Line, milliseconds, percentile, spread
from bench.latency import prepared
from bench.place import Place, Stage
from bench.receivers import Receiver
from bench.throughput import BACKLOG, ROUNDS, SECRET, warm_up
from calhooks.db import writing
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.queue import wake
from tests import factories

LIMIT = 5
BURST = 600
BESIDE = 20
FAIL_ONE_IN = 10
HEALTHY = 4
# Bookings a second, to twenty endpoints and to four.
SLOW_RATE, RATE = 2, 15
SECONDS = 20
PATIENCE_SECONDS = 2.0 * BURST / LIMIT
NO_LIMIT = 100_000.0


def limited_receiver(place: Place) -> list[Line]:
    """A burst to a receiver that takes five a second, and what twenty endpoints beside it notice."""
    count, seconds = place.some(BURST), place.some(SECONDS)
    with place.stage() as stage:
        booker, receiver = _healthy(stage, BESIDE, SLOW_RATE)
        without = _waits(booker, receiver, SLOW_RATE, seconds)
        limited = stage.receiver("--limit", str(LIMIT))
        endpoint = factories.create_endpoint(factories.create_user("otto"), limited.url, SECRET)
        began = time.monotonic()
        backlog.owe([endpoint], count)
        wake.wake()
        beside = _waits(booker, receiver, SLOW_RATE, seconds)
        taken = _until_taken(limited, count)
        without += _waits(booker, receiver, SLOW_RATE, seconds)
        refused = len(limited.take_others())
    took, least, share = taken - began, (count - LIMIT) / LIMIT, refused / (refused + count)
    return [
        Line(
            figure=f"{count} deliveries to a receiver of {LIMIT} a second, over the time that its limit allows",
            ours=f"{took:.1f} s",
            baseline=f"{least:.1f} s",
            ratio=took / max(least, 1.0),
            must_reach="at most 1.2",
            ok=took <= 1.2 * max(least, 1.0),
            limit="the pace has to be found out: each refusal costs a moment, and what follows it is slower.",
        ),
        Line(
            figure="of these, refused requests",
            ours=f"{refused}",
            baseline=f"{refused + count}",
            ratio=share,
            must_reach="at most 0.1",
            ok=share <= 0.1,
        ),
        _beside(f"p99 of {BESIDE} endpoints beside a limited one, over p99 without it", beside, without),
    ]


def failing_for_some(place: Place) -> list[Line]:
    """The slowest hundredth to four healthy endpoints, with and without one that fails for one in ten."""
    seconds = place.some(SECONDS)
    with place.stage() as stage:
        booker, receiver = _healthy(stage, HEALTHY, RATE)
        without = _waits(booker, receiver, RATE, seconds)
        failing = stage.receiver("--fail-one-in", str(FAIL_ONE_IN))
        webhook = factories.create_webhook(booker.host, failing.url, SECRET)
        beside = _waits(booker, receiver, RATE, seconds)
        with writing() as session:
            off = update(Endpoint).where(Endpoint.id == webhook.endpoint_id)
            session.execute(off.values(active=False, next_due_at=None))
        without += _waits(booker, receiver, RATE, seconds)
    return [_beside(f"p99 beside one that fails for one in {FAIL_ONE_IN}, over p99 without it", beside, without)]


def cost_of_a_pace(place: Place) -> list[Line]:
    """The `worker` row to an endpoint with a limit that is never reached, in turns with one that has none."""
    count = place.some(BACKLOG)
    rates: dict[float | None, list[float]] = {None: [], NO_LIMIT: []}
    with place.stage() as stage:
        receiver, owner = stage.receiver(), factories.create_user("rick")
        targets = {limit: factories.create_endpoint(owner, receiver.url, SECRET, rate_limit=limit) for limit in rates}
        stage.start("worker")
        for target in targets.values():
            warm_up([target])
        for _ in range(ROUNDS):
            for limit, target in targets.items():
                backlog.owe([target], count)
                rates[limit].append(backlog.deliver(count))
                receiver.take()
    ratio = median(rates[NO_LIMIT]) / median(rates[None])
    return [
        Line(
            figure=f"deliveries a second with a limit of {NO_LIMIT:,.0f} a second, over those without one",
            ours=spread(rates[NO_LIMIT]),
            baseline=spread(rates[None]),
            ratio=ratio,
            must_reach="0.9",
            ok=ratio >= 0.9,
            limit="a few columns of the endpoint's row, read and written with each claim and each record.",
        )
    ]


def _healthy(stage: Stage, endpoints: int, rate: float) -> tuple[Booker, Receiver]:
    """Start what `prepared` starts, with so many endpoints of one receiver, and have each take something."""
    booker, receiver = prepared(stage)
    for number in range(endpoints - 1):
        factories.create_webhook(booker.host, f"{receiver.url}/{number}", SECRET)
    at_rate(rate, 2, booker.book)
    backlog.wait_until_done()
    receiver.take()
    return booker, receiver


def _waits(booker: Booker, receiver: Receiver, rate: float, seconds: float) -> list[float]:
    """Book for some seconds, and return how long the receiver waited for each delivery."""
    receiver.take()
    at_rate(rate, seconds, booker.book)
    time.sleep(1.0)
    return booker.waits(receiver.take())


def _until_taken(receiver: Receiver, count: int) -> float:
    """Wait until a receiver has taken so many, and return when the last of them came."""
    taken: list[tuple[float, str]] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(taken) < count:
        assert time.monotonic() < deadline, f"{len(taken)} of {count} were taken"
        time.sleep(0.1)
        taken += receiver.take()
    return max(at for at, _ in taken)


def _beside(figure: str, beside: list[float], without: list[float]) -> Line:
    slow, usual = percentile(beside, 0.99), percentile(without, 0.99)
    return Line(
        figure=figure,
        ours=milliseconds(slow),
        baseline=milliseconds(usual),
        ratio=slow / usual,
        must_reach="at most 1.2",
        ok=slow <= 1.2 * usual,
        limit=f"median {milliseconds(median(beside))} of {len(beside)}, {milliseconds(median(without))} without it.",
    )

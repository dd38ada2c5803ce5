"""What receivers that never answer cost those that do."""

from collections.abc import Callable
from itertools import count

from sqlalchemy import update

from bench.bookings import Booker, at_rate
from bench.figures import Line, milliseconds, percentile
from bench.latency import prepared
from bench.place import Place
from bench.receivers import Receiver
from calhooks.db import writing
from calhooks.delivery.models.endpoints import Endpoint
from tests import factories

HANGING = 20
HEALTHY = 4
RATE = 20
# Longer than the deadline of fifteen seconds, so that sends hang, end and are tried again.
SECONDS = 24


def hanging_endpoints(place: Place) -> list[Line]:
    """The slowest hundredth to four healthy receivers, with and without another host whose twenty never answer."""
    seconds = place.some(SECONDS)
    with place.stage() as stage:
        booker, receiver = prepared(stage)
        receivers = [receiver, *(stage.receiver() for _ in range(HEALTHY - 1))]
        for other in receivers[1:]:
            factories.create_webhook(booker.host, other.url, "a secret of some length")
        at_rate(RATE, 2, booker.book)
        without = _waits(booker, receivers, seconds, booker.book)
        unlucky, silent = Booker("otto"), stage.receiver("--hang")
        for number in range(HANGING):
            factories.create_webhook(unlucky.host, f"{silent.url}/{number}", "a secret of some length")
        turns = count()

        def book() -> None:
            # Once a second the other host gets a booking too, which twenty endpoints are owed.
            if next(turns) % RATE == 0:
                unlucky.book()
            booker.book()

        beside = _waits(booker, receivers, seconds, book)
        with writing() as session:
            session.execute(
                update(Endpoint).where(Endpoint.owner_id == unlucky.host.id).values(active=False, next_due_at=None)
            )
        without += _waits(booker, receivers, seconds, booker.book)
    slow, usual = percentile(beside, 0.99), percentile(without, 0.99)
    return [
        Line(
            figure=f"p99 of healthy receivers with {HANGING} endpoints hanging, over p99 without them",
            ours=milliseconds(slow),
            baseline=milliseconds(usual),
            ratio=slow / usual,
            must_reach="at most 1.5",
            ok=slow <= 1.5 * usual,
            limit=f"{HANGING} threads that wait; {RATE * HEALTHY} deliveries a second to healthy receivers and "
            f"{HANGING} to hanging ones, over {seconds} s.",
        )
    ]


def _waits(booker: Booker, receivers: list[Receiver], seconds: float, action: Callable[[], None]) -> list[float]:
    for receiver in receivers:
        receiver.take()
    at_rate(RATE, seconds, action)
    return [wait for receiver in receivers for wait in booker.waits(receiver.take())]

"""One claim, with a thousand deliveries waiting and with a million."""

import time
from secrets import token_hex
from statistics import median

from sqlalchemy import text

from bench import backlog
from bench.figures import Line, milliseconds
from bench.place import Place
from calhooks import clock
from calhooks.db import db, writing
from calhooks.delivery.pump.claim import claim_deliveries
from calhooks.delivery.pump.room import UnderWay
from tests import factories

FEW = 1_000
MANY = 1_000_000
ENDPOINTS = 10
CLAIMS = 50


def a_million_waiting(place: Place) -> list[Line]:
    """Claim sixteen at a time, each claim with its commit."""
    few, many = _claim_seconds(place, FEW), _claim_seconds(place, place.some(MANY))
    return [
        Line(
            figure=f"one claim with {place.some(MANY):,} waiting deliveries, over one with {FEW:,}",
            ours=milliseconds(many),
            baseline=milliseconds(few),
            ratio=many / few,
            must_reach="at most 2",
            ok=many <= 2 * few,
            limit="a range of the index (endpoint, state, due_at); what differs is the depth of the tree.",
        )
    ]


def _claim_seconds(place: Place, waiting: int) -> float:
    with place.stage():
        owner = factories.create_user("rick")
        backlog.owe([factories.create_endpoint(owner, secret="secret") for _ in range(ENDPOINTS)], waiting, b"{}")
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
        return median(_seconds_of_a_claim() for _ in range(CLAIMS))


def _seconds_of_a_claim() -> float:
    began = time.monotonic()
    with writing() as session:
        claims = claim_deliveries(session.connection(), now=clock.now(), token=token_hex(16), room=UnderWay()).claims
    assert claims
    return time.monotonic() - began

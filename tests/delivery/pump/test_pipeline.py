"""Writes of the pump that PostgreSQL is sent without waiting for each: none is lost, and none is half done."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.config import current_config
from calhooks.db import db, writing
from calhooks.delivery.counting.counters import tallies
from calhooks.delivery.models.deliveries import Attempt, Delivery
from calhooks.delivery.pump.attempt_log import write_attempts
from calhooks.delivery.pump.ended import Finished
from calhooks.delivery.pump.pump import Pump
from calhooks.delivery.pump.record import record_attempts
from calhooks.delivery.sending.sender import OutgoingRequest, Result
from calhooks.delivery.tables import deliveries
from calhooks.egress.failures import Failure
from tests import factories
from tests.delivery.helpers import happen
from tests.delivery.pump.test_record import take

COUNT = {"name": "attempts", "label": "2xx", "shard": 1, "value": 5}
ODD = 'Zoë said "no\\yes" {1,2} \U0001f600'


def attempt(delivery: Delivery, number: int) -> dict[str, object]:
    """Return an attempt with everything that is hard to write down."""
    return {
        "delivery_id": delivery.id,
        "number": number,
        "started_at": clock.now() + timedelta(microseconds=number),
        "duration_ms": 12,
        "url": "https://example.org/'%s",
        "request_headers": [["X-Name", ODD]],
        "status": None,
        "response_headers": [],
        "response_body": bytes(range(256)),
        "response_truncated": True,
        "error": None,
        "error_detail": ODD,
    }


@pytest.mark.parametrize("count", [1, 3])
def test_attempts_are_written_as_they_were(session: Session, owner: User, count: int) -> None:
    [delivery] = happen(owner, [factories.create_endpoint(owner, "https://example.org/")])
    rows = [attempt(delivery, number) for number in range(1, count + 1)]
    with writing(pipelined=True) as writer:
        write_attempts(writer.connection(), rows)
    written = session.scalars(select(Attempt).order_by(Attempt.number)).all()
    assert [{name: getattr(each, name) for name in rows[0]} for each in written] == rows


def test_what_is_only_written_is_committed(session: Session) -> None:
    with writing(pipelined=True) as writer:
        writer.connection().execute(insert(tallies), [COUNT, COUNT | {"shard": 2}])
    assert set(session.scalars(select(tallies.c.shard))) == {1, 2}


@pytest.mark.parametrize("reads", [True, False])
def test_an_error_in_a_write_is_raised_and_nothing_is_stored(session: Session, *, reads: bool) -> None:
    with pytest.raises(DBAPIError):
        write_twice(reads=reads)
    assert session.scalars(select(tallies.c.value)).all() == []
    session.rollback()
    with writing(pipelined=True) as writer:
        writer.connection().execute(insert(tallies), [COUNT])
        assert writer.connection().execute(select(tallies.c.value)).scalars().all() == [5]


def write_twice(*, reads: bool) -> None:
    """Write a row that is there already, after others that are not."""
    with writing(pipelined=True) as writer:
        writer.connection().execute(insert(tallies), [COUNT])
        writer.connection().execute(insert(tallies), [COUNT | {"shard": 2}, COUNT])
        if reads:
            writer.connection().execute(select(tallies.c.value)).all()


def test_deliveries_that_end_alike_are_changed_together_and_keep_their_own_times(session: Session, owner: User) -> None:
    endpoint = factories.create_endpoint(owner, "https://example.org/")
    for _ in range(5):
        happen(owner, [endpoint])
    statuses = [200, 200, 201, 500, 200]
    began = [clock.now() + timedelta(milliseconds=number) for number in range(5)]
    finished = [
        Finished(claim, result(at, status), slot_ms=1)
        for claim, at, status in zip(take(), began, statuses, strict=True)
    ]
    with counted_changes() as changes, writing(pipelined=True) as writer:
        record_attempts(writer.connection(), finished, waits=[60.0], now=clock.now())
    rows = session.execute(
        select(deliveries.c.last_status, deliveries.c.state, deliveries.c.last_attempt_at).order_by(deliveries.c.id)
    ).all()
    assert [row.last_status for row in rows] == statuses
    assert [row.last_attempt_at for row in rows] == began
    assert [row.state for row in rows] == ["delivered"] * 3 + ["due", "delivered"]
    assert len(changes) == 2, "one for all that got 200, one for each of the others"


def test_a_result_that_the_database_refuses_does_not_take_others_with_it(session: Session, owner: User) -> None:
    endpoint = factories.create_endpoint(owner, "https://example.org/")
    for _ in range(6):
        happen(owner, [endpoint])
    sent: list[OutgoingRequest] = []

    def send(request: OutgoingRequest, _: object) -> Result:
        sent.append(request)
        return result(clock.now(), 200, detail="\0" if len(sent) == 5 else None)

    Pump(current_config(), send).run()
    assert len(sent) == 6
    assert session.scalars(select(Delivery.state)).all() == ["delivered"] * 6
    assert len(session.scalars(select(Attempt.id)).all()) == 6


def result(began: datetime, status: int, *, detail: str | None = None) -> Result:
    """Return how an attempt ended."""
    failure = None if status < 300 else Failure.STATUS
    return Result(started_at=began, duration_ms=1, request_headers=(), status=status, failure=failure, detail=detail)


@contextmanager
def counted_changes() -> Iterator[list[str]]:
    """Collect the statements that change deliveries' states."""
    changes: list[str] = []

    def note(*args: Any) -> None:
        if args[2].startswith("UPDATE deliveries SET state"):
            changes.append(args[2])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield changes
    finally:
        event.remove(db.engine, "before_cursor_execute", note)

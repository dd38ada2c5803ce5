"""Shorthands for tests of what is owed and sent."""

import time as real_time
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from calhooks import clock, ids
from calhooks.accounts.models import User
from calhooks.config import current_config
from calhooks.db import db, writing
from calhooks.delivery import outbox
from calhooks.delivery.models.deliveries import Delivery
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.outbox import NewEvent, Owed
from calhooks.delivery.pump.pump import Pump


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for what comes about by itself, by the real clock."""
    until = real_time.monotonic() + seconds
    while not condition():
        assert real_time.monotonic() < until, "it did not come about"
        real_time.sleep(0.01)


def happen(owner: User, endpoints: Iterable[Endpoint], *, sequence: str = "", body: bytes = b"{}") -> list[Delivery]:
    """Have something happen that is owed to endpoints, as webhooks would say it, and commit."""
    owner_id, endpoint_ids = owner.id, [endpoint.id for endpoint in endpoints]
    with writing() as session:
        new = NewEvent(
            owner_id=owner_id,
            trigger="BOOKING_CREATED",
            occurred_at=clock.now(),
            sequence_key=sequence or ids.new_uid(),
            subject=ids.new_uid(),
            summary="Quick chat with Ann Lee",
            payload=body,
        )
        happened = outbox.record_event(session, new)
        owed = [Owed(endpoint_id=each, body=body, content_type="application/json") for each in endpoint_ids]
        outbox.owe(session, happened, owed)
        return list(session.scalars(select(Delivery).where(Delivery.event_id == happened.id).order_by(Delivery.id)))


def deliver(pump: Pump | None = None) -> None:
    """Run a pump until nothing is due."""
    (pump or Pump(current_config())).run()


def fresh(session: Session, row: Any) -> Any:
    """Return a row as the database has it now."""
    session.rollback()
    session.expire_all()
    return session.get(type(row), row.id)


by_plan = pytest.mark.only_on("sqlite", "PostgreSQL chooses plans by its statistics, and the tables are almost empty")


def query_plans(session: Session, action: Callable[[], object]) -> list[str]:
    """Return the steps in which SQLite would carry out what an action asks of it; for tests marked `by_plan`."""
    statements: list[tuple[str, Any]] = []

    def note(*args: Any) -> None:
        statements.append((args[2], args[3]))

    event.listen(db.engine, "before_cursor_execute", note)
    action()
    event.remove(db.engine, "before_cursor_execute", note)
    steps: list[str] = []
    for statement, parameters in statements:
        if statement.startswith(("SELECT", "UPDATE")):
            values = parameters[0] if isinstance(parameters, list) else parameters
            rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            steps += [row[3] for row in rows]
    return steps


def states(session: Session) -> list[str]:
    """Return the state of every delivery, oldest first."""
    session.rollback()
    return [str(state) for state in session.scalars(select(Delivery.state).order_by(Delivery.id))]

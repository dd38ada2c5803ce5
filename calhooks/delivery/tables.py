"""The models' tables, for the statements that the pump runs all the time and that are made once, without objects."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Table, bindparam, literal_column, select

from calhooks.delivery.models.deliveries import Attempt, Delivery, Event, EventHost
from calhooks.delivery.models.endpoints import Endpoint, KeyPair, SigningKey

attempts = cast(Table, Attempt.__table__)
deliveries = cast(Table, Delivery.__table__)
endpoints = cast(Table, Endpoint.__table__)
events = cast(Table, Event.__table__)
event_hosts = cast(Table, EventHost.__table__)
key_pairs = cast(Table, KeyPair.__table__)
signing_keys = cast(Table, SigningKey.__table__)

# Written as the partial index ix_deliveries_open_sequence has it: SQLite uses one only where it can read its condition.
IS_OPEN: ColumnElement[bool] = literal_column("deliveries.state IN ('blocked', 'due')")

# Endpoints are held first and in order, by everyone who owes to them, claims from them or records what became of it.
HOLD_ENDPOINTS = (
    select(endpoints.c.id)
    .where(endpoints.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(endpoints.c.id)
    .with_for_update(key_share=True)
)


def execute_each(connection: Connection, statement: Any, parameters: Sequence[Mapping[str, Any]]) -> None:
    """Execute a statement once for each of the parameters, and not at all where there are none."""
    if parameters:
        connection.execute(statement, parameters)

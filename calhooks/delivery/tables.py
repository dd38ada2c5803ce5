"""The models' tables, for the statements that the pump runs all the time and that are made once, without objects."""

from typing import cast

from sqlalchemy import ColumnElement, Table, literal_column

from calhooks.delivery.models.deliveries import Attempt, Delivery, Event
from calhooks.delivery.models.endpoints import Endpoint, SigningKey

attempts = cast(Table, Attempt.__table__)
deliveries = cast(Table, Delivery.__table__)
endpoints = cast(Table, Endpoint.__table__)
events = cast(Table, Event.__table__)
signing_keys = cast(Table, SigningKey.__table__)

# Written as the partial index ix_deliveries_open_sequence has it: SQLite uses one only where it can read its condition.
IS_OPEN: ColumnElement[bool] = literal_column("deliveries.state IN ('blocked', 'due')")

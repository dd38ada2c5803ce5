"""Attempts by endpoint, hour and response time, for the picture of a webhook.

They are counted in the transaction that records the attempts, so drawing them costs the same however long the log is.
"""

from bisect import bisect_left
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ForeignKey, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, mapped_column

from calhooks.db import Base

HOUR_SECONDS = 3600
# Each bucket of response times ends a quarter beyond the one before.
BUCKET_GROWTH = 1.25
# Their upper ends, in milliseconds, up to the 15 seconds that an attempt has.
RESPONSE_MS = tuple(round(10 * BUCKET_GROWTH**step) for step in range(34))
# The bucket of attempts that got no response.
NO_RESPONSE = -1


class DeliveryStatistic(Base):
    """Attempts to deliver to an endpoint that began in one hour and whose response took about as long.

    `hour` counts hours since 1970 in UTC; `bucket` is a place in RESPONSE_MS, one beyond its end, or NO_RESPONSE.
    Attempts that the receiver answered with “not now” are not counted, nor those that were cut off on this side.
    """

    __tablename__ = "delivery_statistics"

    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoints.id", ondelete="CASCADE"), primary_key=True)
    hour: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, index=True)
    bucket: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    delivered: Mapped[int] = mapped_column()
    failed: Mapped[int] = mapped_column()


# Endpoint, hour and bucket.
StatisticSlot = tuple[int, int, int]


def hour_of(moment: datetime) -> int:
    """Return the number of an hour since 1970."""
    return int(moment.timestamp()) // HOUR_SECONDS


def bucket_of(duration_ms: int, *, has_response: bool) -> int:
    """Return the bucket of an attempt."""
    return bisect_left(RESPONSE_MS, duration_ms) if has_response else NO_RESPONSE


def count_attempts(connection: Connection, counts: Mapping[StatisticSlot, tuple[int, int]]) -> None:
    """Add how many attempts of each slot were delivered and failed. The caller holds the endpoints' rows."""
    rows = [
        {"e": endpoint, "h": hour, "b": bucket, "d": delivered, "f": failed}
        for (endpoint, hour, bucket), (delivered, failed) in sorted(counts.items())
    ]
    if rows:
        connection.execute(_COUNT[connection.dialect.name], rows)


def _count(dialect: Any) -> Any:
    table = cast(Table, DeliveryStatistic.__table__)
    row = dialect.insert(table).values(
        endpoint_id=bindparam("e"),
        hour=bindparam("h"),
        bucket=bindparam("b"),
        delivered=bindparam("d"),
        failed=bindparam("f"),
    )
    more = {name: table.c[name] + row.excluded[name] for name in ("delivered", "failed")}
    return row.on_conflict_do_update(index_elements=["endpoint_id", "hour", "bucket"], set_=more)


_COUNT = {"sqlite": _count(sqlite), "postgresql": _count(postgresql)}

"""What has been counted since the beginning, for /metrics: in the transaction of whatever is counted, so it is exact.

Each counter has a row for each of a few shards, by process, so that workers seldom wait for one another; and reading
them costs the same however large the log is.
"""

import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

from sqlalchemy import BigInteger, String, Table, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, Session, mapped_column

from calhooks.db import Base

SHARDS = 16
# Upper ends of the latency's buckets, in seconds: an idle system, a busy one, a receiver that was down.
LATENCY_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0)
BEYOND = "+Inf"

DELIVERIES, ATTEMPTS, LATENCY, LATENCY_MS, SLOT_MS = "deliveries", "attempts", "latency", "latency_ms", "slot_ms"


class Tally(Base):
    """One shard of one counter. The sum of its shards is what was counted."""

    __tablename__ = "tallies"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    label: Mapped[str] = mapped_column(String(20), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[int] = mapped_column(BigInteger)


tallies = cast(Table, Tally.__table__)


def add(connection: Connection, counts: Counter[tuple[str, str]]) -> None:
    """Add to counters, by their name and label."""
    shard = os.getpid() % SHARDS
    # Sorted, so that two who count the same never wait for each other in a circle.
    rows = [{"n": name, "l": label, "s": shard, "v": value} for (name, label), value in sorted(counts.items()) if value]
    if rows:
        connection.execute(_ADD[connection.dialect.name], rows)


def read_counters(session: Session) -> dict[str, dict[str, int]]:
    """Return every counter's value, by name and label."""
    query = select(Tally.name, Tally.label, func.sum(Tally.value)).group_by(Tally.name, Tally.label)
    found: dict[str, dict[str, int]] = {}
    for name, label, value in session.execute(query):
        found.setdefault(name, {})[label] = int(value)
    return found


def status_class(status: int | None) -> str:
    """Return the class of an answer: 2xx to 5xx, none where no answer came."""
    return f"{status // 100}xx" if status else "none"


def latency(counts: Counter[tuple[str, str]], owed_at: datetime, delivered_at: datetime) -> None:
    """Count how long it took from owing to having delivered."""
    seconds = max(0.0, (delivered_at - owed_at).total_seconds())
    index = bisect_left(LATENCY_SECONDS, seconds)
    counts[LATENCY, f"{LATENCY_SECONDS[index]:g}" if index < len(LATENCY_SECONDS) else BEYOND] += 1
    counts[LATENCY_MS, ""] += round(seconds * 1000)


def cumulated(buckets: dict[str, int]) -> Iterable[tuple[str, int]]:
    """Give each upper bound in seconds with how many attempts stayed within it, as Prometheus wants it."""
    total = 0
    for end in (*(f"{seconds:g}" for seconds in LATENCY_SECONDS), BEYOND):
        total += buckets.get(end, 0)
        yield end, total


def _add(dialect: Any) -> Any:
    row = dialect.insert(tallies).values(
        name=bindparam("n"), label=bindparam("l"), shard=bindparam("s"), value=bindparam("v")
    )
    return row.on_conflict_do_update(
        index_elements=["name", "label", "shard"], set_={"value": tallies.c.value + row.excluded.value}
    )


_ADD = {"sqlite": _add(sqlite), "postgresql": _add(postgresql)}

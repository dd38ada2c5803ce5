"""Watching, on PostgreSQL, that transactions lock hosts before they change them, and in the order of their ids.

Then no two can wait for each other. A deadlock itself needs two that meet at the right instant.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event

UPDATED = "SELECT id FROM users WHERE xmin = pg_current_xact_id()::xid"
OWNER_OF = "SELECT owner_id FROM event_types WHERE id = %(event_type)s"


@contextmanager
def watching_locks(engine: Engine) -> Iterator[list[str]]:
    """Give a list that gets a line for each host that a transaction locked too late, or changed without a lock."""
    faults: list[str] = []
    locked: dict[Connection, list[int]] = {}

    def begin(connection: Connection) -> None:
        locked[connection] = []

    def executed(connection: Connection, _cursor: object, statement: str, given: Any, *_: object) -> None:
        if "FROM users" not in statement or "FOR NO KEY UPDATE" not in statement or "SKIP LOCKED" in statement:
            return
        so_far = locked.setdefault(connection, [])
        new = sorted(set(_hosts(connection, given)).difference(so_far))
        if so_far and new and new[0] < max(so_far):
            faults.append(f"locked {new} after {so_far}")
        so_far.extend(new)

    def commit(connection: Connection) -> None:
        mine = locked.pop(connection, [])
        unlocked = {number for (number,) in connection.exec_driver_sql(UPDATED)}.difference(mine)
        if unlocked:
            faults.append(f"changed {sorted(unlocked)} with locks of {mine}")

    if engine.dialect.name != "postgresql":
        yield faults
        return
    listeners = {"begin": begin, "after_cursor_execute": executed, "commit": commit}
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
    try:
        yield faults
    finally:
        for name, listener in listeners.items():
            event.remove(engine, name, listener)


def _hosts(connection: Connection, given: dict[str, int]) -> list[int]:
    if "event_type" not in given:
        return list(given.values())
    return [number for (number,) in connection.exec_driver_sql(OWNER_OF, given) if number is not None]

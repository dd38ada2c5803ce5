"""What has become of the deliveries of runs, counted in the transaction that ends them."""

from collections import Counter
from collections.abc import Iterable
from typing import cast

from sqlalchemy import Table, bindparam, update
from sqlalchemy.engine import Connection

from calhooks.delivery.models.deliveries import DeliveryState
from calhooks.delivery.models.runs import ResendRun

_runs = cast(Table, ResendRun.__table__)


def count_ended(connection: Connection, ended: Iterable[tuple[int | None, str]]) -> None:
    """Count deliveries that are over, by their run (None for no run) and their new state.

    The caller holds their endpoints' rows, as does a run that counts for itself.
    """
    counts = Counter((run_id, state) for run_id, state in ended if run_id is not None)
    by_run: dict[int, list[int]] = {}
    for (run_id, state), number in counts.items():
        changes = by_run.setdefault(run_id, [0, 0])
        changes[0] += number if state == DeliveryState.DELIVERED else 0
        changes[1] += number if state == DeliveryState.FAILED else 0
    rows = [{"run": run, "more": delivered, "gone": failed} for run, (delivered, failed) in sorted(by_run.items())]
    if rows:
        connection.execute(_COUNT, rows)


_COUNT = (
    update(_runs)
    .where(_runs.c.id == bindparam("run"))
    .values(delivered=_runs.c.delivered + bindparam("more"), failed=_runs.c.failed + bindparam("gone"))
)

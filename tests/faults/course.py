"""The course that most tests take, and which process is sending."""

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sqlalchemy import text

from calhooks.delivery.models.deliveries import INTERRUPTED
from tests.faults.reconcile import Row
from tests.faults.system import System
from tests.faults.witness import Witness

Report = Callable[[Row], None]

STORIES = 150
PER_SECOND = 15
PAGE_STORIES = 24
PAGE_PER_SECOND = 3
MIDDLE = 100
CUT_OFF = text(
    "SELECT endpoints.url, events.message_id, attempts.number FROM attempts"
    " JOIN deliveries ON deliveries.id = attempts.delivery_id JOIN events ON events.id = deliveries.event_id"
    f" JOIN endpoints ON endpoints.id = deliveries.endpoint_id WHERE attempts.error = '{INTERRUPTED}'"
)


def book_until_the_middle(calhooks: System, held: Witness) -> None:
    """Have people book, and come back when many have and requests are waiting for an answer of `held`."""
    calhooks.bookers.start(STORIES, PER_SECOND)
    calhooks.bookers.start(PAGE_STORIES, PAGE_PER_SECOND, page=True)
    calhooks.bookers.wait_for(MIDDLE)
    held.hold()
    held.wait_until_held(2)


def finish(calhooks: System, report: Report, fault: str, over: float, remark: str = "") -> Row:
    """Wait until all is quiet, write the line and return it; `over` is when the fault was, or when it ended."""
    calhooks.settle()
    row = calhooks.row(fault, over)
    row.remark = remark
    report(row)
    assert "is locked" not in "".join([calhooks.said, *calhooks.bookers.troubles])
    # What works in the background knows the fault and has a sentence for it.
    surprises = [
        line for line in calhooks.said.splitlines() if re.match(r"(worker|scheduler)[ 0-9]+\| .*Traceback", line)
    ]
    assert surprises == [], calhooks.said
    return row


def sent_again(calhooks: System, over: float) -> float:
    """Return how many seconds after `over` the last of what a dead process had claimed went out again."""
    with calhooks.engine.connect() as connection:
        cut_off = {(row.url, row.message_id, row.number + 1) for row in connection.execute(CUT_OFF)}
    again = [
        arrival.at - over
        for witness in calhooks.witnesses
        for arrival in witness.arrivals
        if (witness.url, arrival.message_id, arrival.attempt) in cut_off
    ]
    assert again, "nothing was cut off"
    return max(again)


def workers_of(calhooks: System) -> list[int]:
    """Return the ids of the worker processes."""
    return [calhooks.running.pid_of(f"worker {number}") for number in range(1, calhooks.config.workers + 1)]


def sending_to(calhooks: System, held: Witness) -> int:
    """Return the id of the worker that waits for an answer of `held`, or of one of them."""
    connections = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ports = {f":{port:04X}" for port in held.in_flight}
    sockets = {f"socket:[{each[9]}]" for each in connections if each[1][-5:] in ports}
    return next(worker for worker in workers_of(calhooks) if sockets & _descriptors(worker))


def _descriptors(pid: int) -> set[str]:
    links = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            links.add(str(descriptor.readlink()))
    return links

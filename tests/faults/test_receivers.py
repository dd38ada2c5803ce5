"""Receivers that misbehave, all at once, beside two that do not."""

import time
from itertools import pairwise
from pathlib import Path
from statistics import quantiles

import pytest

from calhooks import create_app
from calhooks.db import writing
from calhooks.delivery.models.endpoints import InactiveReason
from calhooks.delivery.sending.response import MAX_RESPONSE_BYTES
from calhooks.delivery.sending.sender import DEADLINE_SECONDS
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings import subscriptions
from tests.delivery.receivers import CERTIFICATES
from tests.faults import behaviours
from tests.faults.behaviours import RETRY_AFTER_SECONDS, Deaf, after, always, at_first
from tests.faults.conftest import Start
from tests.faults.course import Report, workers_of
from tests.faults.reconcile import Row, owed_to_all, reconcile
from tests.faults.system import System
from tests.faults.witness import FAIL, Witness

long = pytest.mark.faults
on_both = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)

STORIES = 80
PER_SECOND = 5
UNTIL_GONE = 40
UNTIL_DEADLINE = (
    "SELECT count(DISTINCT deliveries.endpoint_id) FROM attempts"
    " JOIN deliveries ON deliveries.id = attempts.delivery_id WHERE attempts.duration_ms >= :milliseconds"
)
SWITCHED_OFF = "SELECT count(*) FROM endpoints WHERE inactive_reason = :reason"
TRUNCATED = "SELECT count(*) FROM attempts WHERE response_truncated"
LONGEST_BODY = "SELECT max(length(response_body)) FROM attempts"
MOST_MEMORY_KILOBYTES = 250 * 1024
# A delivery that waited for somebody else's receiver would come later than this.
PROMPT_SECONDS = DEADLINE_SECONDS / 2


class Bad:
    """The receivers that misbehave. `slow` ones keep a send until its deadline."""

    def __init__(self) -> None:
        self.deaf = Deaf()
        self.refusing = Witness("refuses connections", listening=False)
        self.unaccepting = Witness("hangs before accepting", listening=False, port=self.deaf.port)
        self.uncertified = Witness("presents a bad certificate", certificate="other-name")
        self.slow = [
            Witness("says nothing", always(behaviours.SILENT)),
            Witness("drips headers, a byte a second", always(behaviours.DRIPS_HEADERS)),
        ]
        self.slow_bodies = [
            Witness("drips a body, a byte a second", always(behaviours.DRIPS_BODY)),
            Witness("never ends the body", always(behaviours.NEVER_ENDS)),
        ]
        self.quick = [
            Witness("sends 300 MB", always(behaviours.FLOODS)),
            Witness("sends garbage", always(behaviours.GARBAGE)),
            Witness("closes in the middle", always(behaviours.CLOSES)),
            Witness("redirects", always(behaviours.REDIRECTS)),
        ]
        self.failing = Witness("500 five times, then 200", at_first(5, FAIL, one_in=4))
        self.later = [
            Witness("429 with Retry-After in seconds", at_first(1, behaviours.LATER, one_in=12)),
            Witness("503 with Retry-After as a date", at_first(1, behaviours.LATER_BY_DATE, one_in=12)),
        ]
        self.gone = Witness("410, switched on again", after(UNTIL_GONE, behaviours.GONE))
        self.all_but_gone = [
            *(self.refusing, self.unaccepting, *self.slow, *self.slow_bodies, *self.quick, self.uncertified),
            *(self.failing, *self.later),
        ]

    def heal(self) -> None:
        """Have them all behave."""
        self.deaf.close()
        for witness in (*self.slow, *self.slow_bodies, *self.quick, self.gone):
            witness.heal()
        self.refusing.listen()
        self.unaccepting.listen()
        self.uncertified.listen("good")


@long
@on_both
def test_bad_receivers_get_everything_once_they_behave_and_slow_nobody_down(start: Start, report: Report) -> None:
    good, bad = [Witness("good"), Witness("good as well")], Bad()
    calhooks = start(*good, *bad.all_but_gone, bad.gone, CALHOOKS_CA_BUNDLE=str(CERTIFICATES / "ca.pem"))
    calhooks.bookers.start(STORIES, PER_SECOND)
    calhooks.bookers.start(20, 1, page=True)
    calhooks.wait_until(UNTIL_DEADLINE, len(bad.slow) + 1, milliseconds=int(DEADLINE_SECONDS * 1000 - 500))
    calhooks.wait_until(SWITCHED_OFF, 1, reason=InactiveReason.GONE)
    before_gone = len(bad.gone.arrivals)
    while_bad = calhooks.bookers.all
    bad.heal()
    over = time.monotonic()
    asked_while_off = len(bad.gone.arrivals) - before_gone
    switch_on(calhooks, bad.gone)
    calhooks.settle()

    lateness = _lateness(calhooks, good, {(each.trigger, each.uid) for each in while_bad})
    rows = [_row(calhooks, [witness], f"receiver: {witness.name}", over) for witness in bad.all_but_gone]
    gone = Row(f"receiver: {bad.gone.name}", calhooks.database)
    reconcile(gone, calhooks.engine, calhooks.bookers.all, [bad.gone], over)
    beside = _row(calhooks, good, "receivers: two good ones beside them", over)
    beside.recovery = 0.0
    beside.remark = f"after the booking: median {lateness[49] * 1000:.0f} ms, 99 % {lateness[98] * 1000:.0f} ms"
    for row in (*rows, gone, beside):
        report(row)

    assert lateness[98] < PROMPT_SECONDS
    assert beside.duplicates == 0
    assert asked_while_off == 0
    assert calhooks.count(TRUNCATED) > 0
    assert calhooks.count(LONGEST_BODY) <= MAX_RESPONSE_BYTES
    assert max(map(_most_memory, workers_of(calhooks))) < MOST_MEMORY_KILOBYTES
    for witness in bad.later:
        assert min(_gaps(witness)) >= RETRY_AFTER_SECONDS - 0.1
    assert {each.attempt for each in bad.failing.arrivals if each.taken} == {1, 6}


def switch_on(calhooks: System, witness: Witness) -> None:
    """Do what the owner of a webhook does."""
    app = create_app(calhooks.config)
    with app.app_context(), writing() as session:
        webhooks = session.query(Webhook).all()
        webhook = next(each for each in webhooks if each.endpoint.url == witness.url)
        subscriptions.set_active(session, webhook, True)


def _row(calhooks: System, witnesses: list[Witness], fault: str, over: float) -> Row:
    row = Row(fault, calhooks.database)
    reconcile(row, calhooks.engine, calhooks.bookers.all, witnesses, over)
    row.missing += owed_to_all(calhooks.engine, witnesses)
    return row


def _lateness(calhooks: System, witnesses: list[Witness], wanted: set[tuple[str, str]]) -> list[float]:
    """Return, as percentiles, how long after a booking was made its deliveries arrived."""
    done = {(each.trigger, each.uid): each.at for each in calhooks.bookers.all}
    found = [
        max(0.0, arrival.at - done[arrival.trigger, arrival.uid])
        for witness in witnesses
        for arrival in witness.arrivals
        if (arrival.trigger, arrival.uid) in wanted
    ]
    return quantiles(found, n=100)


def _gaps(witness: Witness) -> list[float]:
    """Return the seconds between attempts of the same delivery."""
    moments: dict[str, list[float]] = {}
    for arrival in witness.arrivals:
        moments.setdefault(arrival.message_id, []).append(arrival.at)
    return [after - before for each in moments.values() for before, after in pairwise(each)]


def _most_memory(pid: int) -> int:
    """Return the most memory that a process has used, in kilobytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])

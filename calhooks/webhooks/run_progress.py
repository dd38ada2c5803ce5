"""How far a run is, and what it waits for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from calhooks.delivery.endpoint_state import OUTAGE_FAILURES
from calhooks.delivery.models.deliveries import Delivery
from calhooks.delivery.models.runs import ResendRun, RunState
from calhooks.delivery.outbox import OPEN_STATES
from calhooks.delivery.status.endpoint_status import asked_to_wait_until, requests_a_second


class RunWait(StrEnum):
    """What a running run waits for: its webhook to be on and not paused, its receiver to work again or to take more."""

    SWITCH = "switch"
    PAUSE = "pause"
    RECEIVER = "receiver"
    ASKED = "asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is.

    Of those that were let go, `on_the_way` wait for their first answer, `refused` go out again when the receiver said,
    `retried` failed at first, `dropped` are gone without an end; `left` are to come. `pace` is in requests a second,
    None where the receiver sets none; `waits_until` is when the receiver asked to be sent to again.
    """

    total: int
    delivered: int
    failed: int
    retried: int
    on_the_way: int
    refused: int
    dropped: int
    left: int
    waits_for: RunWait | None
    waits_until: datetime | None = None
    pace: float | None = None

    @property
    def answered(self) -> int:
        """Return how many had their first answer."""
        return self.delivered + self.failed + self.retried + self.dropped

    @property
    def time_left(self) -> timedelta | None:
        """Return about how long it takes until all have been sent; None where the receiver sets no pace."""
        to_send = self.left + self.on_the_way + self.refused
        return timedelta(seconds=to_send / self.pace) if self.pace and to_send else None


# Let go and not answered since. An interrupted attempt is no answer.
IS_UNANSWERED: ColumnElement[bool] = or_(
    Delivery.last_attempt_at.is_(None),
    and_(Delivery.resent_at.is_not(None), Delivery.last_attempt_at < Delivery.resent_at),
)
# Answered with "not now" and nothing else: its attempts are all to come.
IS_REFUSED: ColumnElement[bool] = and_(~IS_UNANSWERED, Delivery.refusals > 0, Delivery.tries == 0)


def count_open(session: Session, run: ResendRun, *conditions: ColumnElement[bool]) -> int:
    """Return how many deliveries of a run are not over and meet the conditions."""
    query = select(func.count()).where(Delivery.run_id == run.id, Delivery.state.in_(OPEN_STATES), *conditions)
    return session.scalar(query) or 0


def find_run(session: Session, endpoint_id: int, run_id: int) -> ResendRun | None:
    """Return one run of an endpoint."""
    return session.scalar(select(ResendRun).where(ResendRun.endpoint_id == endpoint_id, ResendRun.id == run_id))


def latest(session: Session, endpoint_id: int) -> ResendRun | None:
    """Return the newest run of an endpoint."""
    query = select(ResendRun).where(ResendRun.endpoint_id == endpoint_id).order_by(ResendRun.id.desc())
    return session.scalar(query.limit(1))


def progress(session: Session, run: ResendRun) -> Progress:
    """Return how far a run is. What has ended was counted when it did; what is open is counted now."""
    open_ones = _open_ones(session, run)
    dropped = max(0, run.released - run.delivered - run.failed - sum(open_ones.values()))
    waits_for = _waits_for(run)
    return Progress(
        total=run.total,
        delivered=run.delivered,
        failed=run.failed,
        dropped=dropped,
        left=max(0, run.total - run.released),
        waits_for=waits_for,
        waits_until=run.endpoint.held_until if waits_for is RunWait.ASKED else None,
        pace=requests_a_second(run.endpoint) if run.state == RunState.RUNNING else None,
        **open_ones,
    )


def _open_ones(session: Session, run: ResendRun) -> Mapping[str, int]:
    on_the_way, refused = count_open(session, run, IS_UNANSWERED), count_open(session, run, IS_REFUSED)
    return {
        "on_the_way": on_the_way,
        "refused": refused,
        "retried": count_open(session, run) - on_the_way - refused,
    }


def _waits_for(run: ResendRun) -> RunWait | None:
    if run.state != RunState.RUNNING:
        return None
    if not run.endpoint.active:
        return RunWait.SWITCH
    if run.endpoint.paused_until is not None:
        return RunWait.PAUSE
    if run.endpoint.consecutive_failures >= OUTAGE_FAILURES:
        return RunWait.RECEIVER
    return RunWait.ASKED if asked_to_wait_until(run.endpoint) is not None else None

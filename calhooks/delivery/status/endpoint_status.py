"""How an endpoint is doing, and what its owner needs to know to do something about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ScalarSelect, bindparam, func, select
from sqlalchemy.orm import Session, defer

from calhooks import clock
from calhooks.delivery.endpoint_state import FAILING_FOR
from calhooks.delivery.models.deliveries import INTERRUPTED, Attempt, Delivery, DeliveryState
from calhooks.delivery.models.endpoints import Endpoint, InactiveReason
from calhooks.delivery.outbox import OPEN_STATES
from calhooks.delivery.pace import PACE_FORGOTTEN_AFTER
from calhooks.delivery.status.tones import Tone

# Beyond this, how much it is exactly helps nobody, and counting it takes its time.
COUNTED = 1000
LOOKED_THROUGH = 100
# A shorter wait is over before anyone has read of it, or is for the answer that finds out the pace (`pace.ANSWER`).
HELD_NOTICEABLY = timedelta(seconds=20)
NOT_DELIVERED = tuple(state for state in DeliveryState if state is not DeliveryState.DELIVERED)


class EndpointCondition(StrEnum):
    """What to say first: it is off or paused, it was never called, it took the last delivery, it did not."""

    OFF = "off"
    PAUSED = "paused"
    NEVER_CALLED = "never_called"
    DELIVERED = "delivered"
    RETRYING = "retrying"
    FAILING = "failing"


_TONES = {
    EndpointCondition.PAUSED: Tone.INFO,
    EndpointCondition.NEVER_CALLED: Tone.NEUTRAL,
    EndpointCondition.DELIVERED: Tone.SUCCESS,
    EndpointCondition.RETRYING: Tone.WARNING,
    EndpointCondition.FAILING: Tone.DANGER,
}


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """The condition and what belongs to it; moments that say nothing are None.

    `next_attempt_at` is when the next retry is due; without one, a failing endpoint is tried with its next event.
    `pace` is how many requests a second its receiver was found to take, None where it has not refused any lately;
    `held_until` is until when it asked to be sent nothing, `paused_until` until when its owner paused it.
    """

    condition: EndpointCondition
    delivered_at: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    next_attempt_at: datetime | None = None
    off_since: datetime | None = None
    off_reason: InactiveReason | None = None
    pace: float | None = None
    held_until: datetime | None = None
    paused_until: datetime | None = None

    @property
    def tone(self) -> Tone:
        """Return how good that is. Off is as its owner wants it, unless something else switched it off."""
        if self.condition is EndpointCondition.OFF:
            return Tone.NEUTRAL if self.off_reason in (InactiveReason.OWNER, None) else Tone.DANGER
        return _TONES[self.condition]


@dataclass(frozen=True, slots=True)
class NextAttempt:
    """What goes out next to an endpoint: a delivery, the number that its attempt will have, and when."""

    delivery_id: int
    number: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """How an endpoint is doing, and why.

    `waiting` and `failed` count up to 1,000. `last_failure` is the newest attempt that says what is wrong;
    `off_at` is when it is switched off should nothing but failures follow. `slowed_by` is the newest attempt that was
    refused or failed, where there is a pace.
    """

    status: EndpointStatus
    waiting: int
    failed: int
    next_attempt: NextAttempt | None = None
    last_failure: Attempt | None = None
    off_at: datetime | None = None
    slowed_by: Attempt | None = None

    @property
    def is_not_getting_through(self) -> bool:
        """Tell whether it is on and did not take the last delivery."""
        return self.status.condition in (EndpointCondition.RETRYING, EndpointCondition.FAILING)

    @property
    def is_being_tried(self) -> bool:
        """Tell whether the next attempt is under way at this moment."""
        return self.status.condition is EndpointCondition.RETRYING and self.next_attempt is None

    @property
    def tone(self) -> Tone:
        """Return how good that is. Failures are as bad as they get where nothing is left to wait for."""
        if self.is_not_getting_through:
            return Tone.WARNING if self.next_attempt else Tone.DANGER
        return self.status.tone


def endpoint_status(endpoint: Endpoint) -> EndpointStatus:
    """Return how an endpoint is doing."""
    if not endpoint.active:
        condition = EndpointCondition.OFF
    elif endpoint.paused_until is not None:
        condition = EndpointCondition.PAUSED
    elif endpoint.failing_since is not None:
        condition = EndpointCondition.RETRYING if endpoint.next_due_at else EndpointCondition.FAILING
    else:
        condition = EndpointCondition.DELIVERED if endpoint.last_success_at else EndpointCondition.NEVER_CALLED
    return EndpointStatus(
        condition,
        delivered_at=endpoint.last_success_at,
        failing_since=endpoint.failing_since,
        failures=endpoint.consecutive_failures,
        next_attempt_at=endpoint.next_due_at if condition is EndpointCondition.RETRYING else None,
        off_since=endpoint.inactive_since,
        off_reason=InactiveReason(endpoint.inactive_reason) if endpoint.inactive_reason else None,
        pace=_pace(endpoint) if endpoint.active else None,
        held_until=asked_to_wait_until(endpoint) if endpoint.active else None,
        paused_until=endpoint.paused_until if condition is EndpointCondition.PAUSED else None,
    )


def requests_a_second(endpoint: Endpoint) -> float | None:
    """Return how many requests a second go to an endpoint at most; None where neither owner nor receiver limits it."""
    return min((rate for rate in (_pace(endpoint), endpoint.rate_limit) if rate is not None), default=None)


def _pace(endpoint: Endpoint) -> float | None:
    """Return the pace that the next delivery goes by."""
    is_forgotten = endpoint.paced_at is not None and clock.now() - endpoint.paced_at > PACE_FORGOTTEN_AFTER
    return None if is_forgotten else endpoint.pace


def asked_to_wait_until(endpoint: Endpoint) -> datetime | None:
    """Return until when the receiver asked to be sent nothing; None where that is over or soon will be."""
    held_until = endpoint.held_until
    return held_until if held_until is not None and held_until > clock.now() + HELD_NOTICEABLY else None


def diagnose(session: Session, endpoint: Endpoint) -> Diagnosis:
    """Return how an endpoint is doing, and why."""
    status = endpoint_status(endpoint)
    waiting, failed = session.execute(_COUNTS, {"endpoint": endpoint.id}).one()
    if status.condition is EndpointCondition.PAUSED:
        return Diagnosis(status, waiting, failed)
    if status.condition in (EndpointCondition.NEVER_CALLED, EndpointCondition.DELIVERED):
        is_slowed = status.pace is not None or status.held_until is not None
        slowed_by = _last_failure(session, endpoint.id, tuple(DeliveryState)) if is_slowed else None
        return Diagnosis(status, waiting, failed, slowed_by=slowed_by)
    return Diagnosis(
        status,
        waiting,
        failed,
        next_attempt=_next_attempt(session, endpoint.id) if endpoint.active else None,
        last_failure=_last_failure(session, endpoint.id),
        off_at=status.failing_since + FAILING_FOR if status.failing_since else None,
    )


def _count(*states: DeliveryState) -> ScalarSelect[int]:
    of_endpoint = Delivery.endpoint_id == bindparam("endpoint")
    some = select(Delivery.id).where(of_endpoint, Delivery.state.in_(states)).limit(COUNTED)
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


_COUNTS = select(_count(*OPEN_STATES), _count(DeliveryState.FAILED))


def _next_attempt(session: Session, endpoint_id: int) -> NextAttempt | None:
    row = session.execute(
        select(Delivery.id, Delivery.attempt_count, Delivery.lease_token, Delivery.due_at)
        .where(Delivery.endpoint_id == endpoint_id, Delivery.state == DeliveryState.DUE)
        .order_by(Delivery.due_at)
        .limit(1)
    ).first()
    if row is None or row.due_at is None or row.lease_token is not None:
        return None
    return NextAttempt(row.id, row.attempt_count + 1, row.due_at)


def _last_failure(
    session: Session, endpoint_id: int, states: Sequence[DeliveryState] = NOT_DELIVERED
) -> Attempt | None:
    """Return the newest failed attempt among the last deliveries in these states, but none that calhooks cut off."""
    lately = (
        select(Delivery.id)
        .where(Delivery.endpoint_id == endpoint_id, Delivery.state.in_(states))
        .order_by(-Delivery.id)
        .limit(LOOKED_THROUGH)
    )
    return session.scalar(
        select(Attempt)
        .where(Attempt.delivery_id.in_(lately), Attempt.error != INTERRUPTED)
        .order_by(Attempt.started_at.desc(), Attempt.id.desc())
        .limit(1)
        .options(defer(Attempt.response_body), defer(Attempt.request_headers), defer(Attempt.response_headers))
    )

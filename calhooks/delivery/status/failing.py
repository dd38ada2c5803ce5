"""Like failures of an endpoint: what waits after a failed attempt and what was given up, by what the receiver said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, String, case, cast, func, or_, select
from sqlalchemy.orm import Session

from calhooks.delivery.models.deliveries import Attempt, Delivery, DeliveryState
from calhooks.delivery.outbox import OPEN_STATES
from calhooks.delivery.status.given_up import NO_BODY, UNKNOWN
from calhooks.delivery.status.log_query import IdSpan, LogQuery, matching

# Looked through are the newest of each kind.
MAX_FAILURES_GROUPED = 500
MAX_LIKE_FAILURES = 5
# What was given up longer ago is news no more; it is on the page of what was given up.
RECENTLY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class LikeFailures:
    """Deliveries that failed for one `reason`, as in GivenUpGroup, and wait for their next attempt or were given up.

    `since` is when the first of them was made.
    """

    reason: str
    is_given_up: bool
    count: int
    since: datetime

    @property
    def status(self) -> int | None:
        """Return the status that the receiver answered, None where the reason is another."""
        return int(self.reason) if self.reason.isdigit() else None


def like_failures(session: Session, endpoint_id: int, now: datetime) -> list[LikeFailures]:
    """Group what fails now and what was given up within a week, the largest groups first."""
    waiting = [
        LikeFailures(row.reason, False, row.number, row.since) for row in _by_reason(session, endpoint_id, OPEN_STATES)
    ]
    given_up = [
        LikeFailures(row.reason, True, row.number, row.since)
        for row in _by_reason(session, endpoint_id, (DeliveryState.FAILED,))
        if row.until >= now - RECENTLY
    ]
    return sorted(waiting + given_up, key=lambda group: -group.count)[:MAX_LIKE_FAILURES]


def waiting_for(session: Session, endpoint_id: int, reason: str) -> list[int]:
    """Return the ids of the deliveries in a group that wait, oldest first."""
    each = _tried(session, endpoint_id, OPEN_STATES).subquery()
    return list(session.scalars(select(each.c.id).where(each.c.reason == reason).order_by(each.c.id)))


def _by_reason(session: Session, endpoint_id: int, states: Sequence[DeliveryState]) -> Sequence[Row[Any]]:
    """Group the newest deliveries in these states that were tried or could not be."""
    each = _tried(session, endpoint_id, states).subquery()
    query = select(
        each.c.reason,
        func.count().label("number"),
        func.min(each.c.created_at).label("since"),
        func.max(each.c.ended).label("until"),
    )
    return session.execute(query.group_by(each.c.reason)).all()


def _tried(session: Session, endpoint_id: int, states: Sequence[DeliveryState]) -> Select[Any]:
    """Return the newest deliveries in these states that were tried or could not be, each with its reason."""
    asked = LogQuery(endpoint_ids=[endpoint_id], states=states)
    found = matching(session, asked, IdSpan(), MAX_FAILURES_GROUPED)
    last = select(Attempt.error).where(Attempt.delivery_id == Delivery.id, Attempt.number == Delivery.attempt_count)
    reason = case(
        (Delivery.error.is_not(None), NO_BODY),
        (Delivery.last_status.is_not(None), cast(Delivery.last_status, String)),
        else_=func.coalesce(last.scalar_subquery(), UNKNOWN),
    )
    return select(
        Delivery.id,
        reason.label("reason"),
        Delivery.created_at,
        func.coalesce(Delivery.finished_at, Delivery.created_at).label("ended"),
    ).where(Delivery.id.in_(select(found.c.id)), or_(Delivery.attempt_count > 0, Delivery.error.is_not(None)))

"""Like failures of an endpoint: what waits after a failed attempt and what was given up, by what the receiver said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, String, bindparam, case, cast, func, literal, not_, or_, select, union_all
from sqlalchemy.orm import Session

from calhooks.db import UTCDateTime
from calhooks.delivery.models.deliveries import Attempt, Delivery, DeliveryState
from calhooks.delivery.outbox import OPEN_STATES
from calhooks.delivery.status.given_up import NO_BODY, UNKNOWN
from calhooks.delivery.status.log_query import in_states

# Looked through are the newest of each kind.
MAX_FAILURES_GROUPED = 500
MAX_LIKE_FAILURES = 5
# What was given up longer ago is news no more; it is on the page of what was given up.
RECENTLY = timedelta(days=7)
_GIVEN_UP = (DeliveryState.FAILED,)
_READ = (
    Delivery.id,
    Delivery.error,
    Delivery.last_status,
    Delivery.attempt_count,
    Delivery.created_at,
    Delivery.finished_at,
)


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
    query = _grouped(session.get_bind().dialect.name)
    rows = session.execute(query, {"endpoint": endpoint_id, "recently": now - RECENTLY})
    return [LikeFailures(row.reason, row.is_given_up, row.number, row.since) for row in rows]


def waiting_for(session: Session, endpoint_id: int, reason: str) -> list[int]:
    """Return the ids of the deliveries in a group that wait, oldest first."""
    each = _tried(session.get_bind().dialect.name, OPEN_STATES).subquery()
    query = select(each.c.id).where(each.c.reason == reason).order_by(each.c.id)
    return list(session.scalars(query, {"endpoint": endpoint_id}))


@cache
def _grouped(dialect: str) -> Select[Any]:
    """Return the query for the groups, largest first: of every page of a log, and dear to put together."""
    each = union_all(_tried(dialect, OPEN_STATES), _tried(dialect, _GIVEN_UP)).subquery()
    number = func.count().label("number")
    return (
        select(each.c.reason, each.c.is_given_up, number, func.min(each.c.created_at).label("since"))
        .group_by(each.c.reason, each.c.is_given_up)
        .having(or_(not_(each.c.is_given_up), func.max(each.c.ended) >= bindparam("recently", type_=UTCDateTime)))
        .order_by(number.desc(), each.c.is_given_up, each.c.reason)
        .limit(MAX_LIKE_FAILURES)
    )


def _tried(dialect: str, states: Sequence[DeliveryState]) -> Select[Any]:
    """Return the newest deliveries in these states that were tried or could not be, each with its reason."""
    of_endpoint = Delivery.endpoint_id == bindparam("endpoint")
    # Few are open: they are found by their state and put in order.
    order = Delivery.id.desc() if states == _GIVEN_UP else -Delivery.id
    newest = select(*_READ).where(of_endpoint, *in_states(dialect, states)).order_by(order)
    found = newest.limit(MAX_FAILURES_GROUPED).subquery().c
    last = select(Attempt.error).where(Attempt.delivery_id == found.id, Attempt.number == found.attempt_count)
    reason = case(
        (found.error.is_not(None), NO_BODY),
        (found.last_status.is_not(None), cast(found.last_status, String)),
        else_=func.coalesce(last.scalar_subquery(), UNKNOWN),
    )
    return select(
        found.id,
        reason.label("reason"),
        literal(states == _GIVEN_UP).label("is_given_up"),
        found.created_at,
        func.coalesce(found.finished_at, found.created_at).label("ended"),
    ).where(
        or_(found.attempt_count > 0, found.error.is_not(None)),
        # One that was delivered and is sent again has not failed.
        or_(found.last_status.is_(None), not_(found.last_status.between(200, 299))),
    )

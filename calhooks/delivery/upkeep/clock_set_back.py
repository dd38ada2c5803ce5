"""What makes up for a clock that was set back."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Dialect,
    Interval,
    SQLColumnExpression,
    func,
    literal,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.pump.claim import DELIVERY_LEASE
from calhooks.mail.models import Mail, MailState

WAITS = Delivery.state == DeliveryState.DUE
# `last_attempt_at` is the last: it shows which the others have to follow.
DELIVERY_TIMES = (Delivery.not_before, Delivery.scheduled_at, Delivery.due_at, Delivery.last_attempt_at)
ENDPOINT_TIMES = (
    *(Endpoint.last_claim_at, Endpoint.next_slot_at, Endpoint.held_until, Endpoint.paced_at),
    *(Endpoint.taken_since, Endpoint.refusing_since, Endpoint.recovering_since),
    *(Endpoint.paused_at, Endpoint.paused_until),
)


def follow_clock(session: Session, now: datetime, gone_back: timedelta) -> None:
    """Bring what waits forward by as much as the clock was set back, or it would wait longer by that."""
    dialect = session.get_bind().dialect
    for column in (*DELIVERY_TIMES, Delivery.refused_since):
        _bring_forward(session, column, dialect, now, gone_back, WAITS)
    for column in ENDPOINT_TIMES:
        _bring_forward(session, column, dialect, now, gone_back)
    _bring_forward(session, Mail.due_at, dialect, now, gone_back, Mail.state == MailState.QUEUED)
    _settle_endpoints(session, now)


def follow_stragglers(session: Session, now: datetime, gone_back: timedelta) -> None:
    """Do the same for what was written after that by somebody who had still read the clock as it was before.

    It shows by what cannot be: an attempt that is to come, or a wait longer than a lease for what is under way or new.
    """
    ahead = now + DELIVERY_LEASE
    stragglers = or_(
        Delivery.last_attempt_at > ahead, Delivery.last_attempt_at.is_(None), Delivery.lease_token.is_not(None)
    )
    dialect = session.get_bind().dialect
    for column in DELIVERY_TIMES:
        _bring_forward(session, column, dialect, ahead, gone_back, WAITS, stragglers)
    _settle_endpoints(session, now)


def _bring_forward(
    session: Session,
    column: InstrumentedAttribute[datetime | None],
    dialect: Dialect,
    beyond: datetime,
    gone_back: timedelta,
    *conditions: ColumnElement[bool],
) -> None:
    session.execute(
        update(column.class_)
        .where(column > beyond, *conditions)
        .values({column: _earlier(column, dialect, gone_back)})
        .execution_options(synchronize_session=False)
    )


def _settle_endpoints(session: Session, now: datetime) -> None:
    """Have the claim look at each endpoint when the first of its deliveries is due."""
    earliest = select(func.min(Delivery.due_at)).where(Delivery.endpoint_id == Endpoint.id, WAITS).scalar_subquery()
    session.execute(
        update(Endpoint)
        .where(Endpoint.next_due_at > now)
        .values(next_due_at=earliest)
        .execution_options(synchronize_session=False)
    )


def _earlier(
    column: InstrumentedAttribute[datetime | None], dialect: Dialect, by: timedelta
) -> SQLColumnExpression[Any]:
    if dialect.name == "sqlite":
        # Milliseconds are as far as SQLite counts; the format has six digits.
        return func.strftime("%Y-%m-%d %H:%M:%f000", column, f"-{by.total_seconds():.3f} seconds")
    return type_coerce(column, DateTime(timezone=True)) - literal(by, Interval())

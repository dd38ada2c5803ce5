"""What makes up for every wake-up that was lost, and for a clock that was set back."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import DateTime, Dialect, Interval, SQLColumnExpression, func, literal, type_coerce, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from calhooks.delivery.models import Delivery, DeliveryState, Endpoint
from calhooks.mail.models import Mail, MailState


def follow_clock(session: Session, now: datetime, gone_back: timedelta) -> None:
    """Bring what waits forward by as much as the clock was set back, or it would wait for so much longer."""
    dialect = session.get_bind().dialect
    _bring_forward(session, Delivery.due_at, dialect, now, gone_back, Delivery.state == DeliveryState.DUE)
    _bring_forward(session, Delivery.not_before, dialect, now, gone_back, Delivery.state == DeliveryState.DUE)
    _bring_forward(session, Endpoint.next_due_at, dialect, now, gone_back)
    _bring_forward(session, Endpoint.last_claim_at, dialect, now, gone_back)
    _bring_forward(session, Mail.due_at, dialect, now, gone_back, Mail.state == MailState.QUEUED)


def _bring_forward(
    session: Session,
    column: InstrumentedAttribute[datetime | None],
    dialect: Dialect,
    now: datetime,
    gone_back: timedelta,
    *conditions: SQLColumnExpression[bool],
) -> None:
    session.execute(
        update(column.class_)
        .where(column > now, *conditions)
        .values({column: _earlier(column, dialect, gone_back)})
        .execution_options(synchronize_session=False)
    )


def _earlier(
    column: InstrumentedAttribute[datetime | None], dialect: Dialect, by: timedelta
) -> SQLColumnExpression[Any]:
    if dialect.name == "sqlite":
        # Milliseconds are as far as SQLite counts; the format has six digits.
        return func.strftime("%Y-%m-%d %H:%M:%f000", column, f"-{by.total_seconds():.3f} seconds")
    return type_coerce(column, DateTime(timezone=True)) - literal(by, Interval())

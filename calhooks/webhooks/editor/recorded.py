"""What was said about a booking, as it was recorded when it happened."""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from calhooks.accounts.owners import Owner
from calhooks.delivery.models.deliveries import Event
from calhooks.delivery.status.events import events_of
from calhooks.events import Trigger


def recorded_body(session: Session, owner: Owner, uid: str, trigger: Trigger) -> dict[str, Any] | None:
    """Return the default body of the last such event of a booking, None where there was none."""
    query = select(Event.payload).where(events_of(owner), Event.subject == uid, Event.trigger == trigger)
    payload = session.scalar(query.order_by(Event.id.desc()).limit(1))
    return None if payload is None else json.loads(payload)


def latest_bodies(
    session: Session, owner: Owner, uids: Collection[str], triggers: Collection[Trigger]
) -> dict[str, dict[str, Any]]:
    """Return the default body of the last such event of each of these bookings that had one, by its uid."""
    newest = select(func.max(Event.id)).where(events_of(owner), Event.subject.in_(uids), Event.trigger.in_(triggers))
    query = select(Event.subject, Event.payload).where(Event.id.in_(newest.group_by(Event.subject)))
    return {subject: json.loads(payload) for subject, payload in session.execute(query)}

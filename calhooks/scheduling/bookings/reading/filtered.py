"""Which webhooks were not sent an event because it did not meet their conditions."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import null, select
from sqlalchemy.orm import Session, contains_eager, undefer

from calhooks.accounts.owners import Owner
from calhooks.delivery.models.deliveries import Event
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.webhooks.filters.conditions import stored_filter
from calhooks.webhooks.filters.matching import JudgedEvent, lets_through
from calhooks.webhooks.models import Webhook


def filtered_out(
    session: Session, owner: Owner, events: Sequence[Event], told: Mapping[int, set[int]]
) -> dict[int, list[Webhook]]:
    """Return the webhooks of an owner that ask for an event and whose filter keeps it from them, by the event's id.

    `told` has the endpoints that have a delivery, by event. What happened before a filter became what it is now is left
    out, since it was not judged by it.
    """
    query = select(Webhook).join(Webhook.endpoint).options(contains_eager(Webhook.endpoint)).order_by(Webhook.id)
    webhooks = session.scalars(query.where(owner.of(Webhook), Endpoint.active, Webhook.filter.is_not(null()))).all()
    if not webhooks:
        return {}
    session.scalars(
        select(Event).where(Event.id.in_([each.id for each in events])).options(undefer(Event.payload))
    ).all()
    found: dict[int, list[Webhook]] = {}
    # The event type of a booking is not in its later events once it was deleted.
    booked: dict[str, int] = {}
    for event in events:
        body = json.loads(event.payload)
        judged = JudgedEvent(body)
        booked.setdefault(event.subject, body["payload"].get("eventTypeId"))
        found[event.id] = [
            webhook
            for webhook in webhooks
            if webhook.endpoint_id not in told.get(event.id, ())
            and webhook.hears(event.trigger, booked[event.subject], event.team_id)
            and _was_judged(webhook, event)
            and not lets_through(webhook.filter, judged)
        ]
    return found


def _was_judged(webhook: Webhook, event: Event) -> bool:
    since = stored_filter(webhook.filter).since
    return bool(since) and event.occurred_at >= datetime.fromisoformat(since)

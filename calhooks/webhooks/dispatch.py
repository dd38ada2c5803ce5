"""Tell an event to every webhook that asked for it: what each is owed is written in the caller's transaction."""

import logging

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, contains_eager

from calhooks.config import current_config
from calhooks.delivery import outbox
from calhooks.delivery.models import MAX_SUMMARY_LENGTH, Endpoint
from calhooks.events import BookingEvent
from calhooks.webhooks.body.bodies import render_body, shape_of
from calhooks.webhooks.body.payload import build_payload, payload_bytes
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings.headers import HeaderFailed, render_headers
from calhooks.webhooks.template import TemplateError

log = logging.getLogger(__name__)


def dispatch(session: Session, event: BookingEvent) -> None:
    """Record an event, with the bytes that each active webhook of its host is owed.

    A template that fails makes a failed delivery with its reason; nothing about a webhook can fail the caller.
    """
    body = build_payload(event, current_config().base_url)
    new = outbox.NewEvent(
        owner_id=event.host_id,
        trigger=str(event.trigger),
        occurred_at=event.occurred_at,
        sequence_key=event.sequence_key,
        subject=event.uid,
        summary=_summary(event),
        payload=payload_bytes(body),
    )
    record = outbox.record_event(session, new)
    owed = [owed_to(webhook, body) for webhook in _listening(session, event)]
    if owed:
        outbox.owe(session, record, owed)


def _listening(session: Session, event: BookingEvent) -> list[Webhook]:
    found = session.scalars(_ACTIVE, {"owner": event.host_id})
    return [webhook for webhook in found if webhook.hears(event.trigger, event.event_type_id)]


_ACTIVE = (
    select(Webhook)
    .join(Webhook.endpoint)
    .where(Webhook.owner_id == bindparam("owner"), Endpoint.active, Endpoint.deleted_at.is_(None))
    .options(contains_eager(Webhook.endpoint))
    .order_by(Webhook.id)
)


def owed_to(webhook: Webhook, body: dict[str, object]) -> outbox.Owed:
    """Return the headers and bytes that a webhook is owed, or why there are none."""
    shape = shape_of(webhook)
    rendered, headers, error = None, list[list[str]](), None
    try:
        headers = render_headers(webhook.headers, body)
        rendered = render_body(shape, body)
    except TemplateError as wrong:
        error = f"The template gave no body. {wrong}"
    except HeaderFailed as wrong:
        error = str(wrong)
    except Exception:
        log.exception("the template of webhook %s failed unexpectedly", webhook.id)
        error = "The template gave no body: calhooks itself failed, and its log says how."
    return outbox.Owed(
        endpoint_id=webhook.endpoint_id, body=rendered, content_type=shape.sent_as, headers=headers, error=error
    )


def _summary(event: BookingEvent) -> str:
    booker = event.attendees[0] if event.attendees else None
    with_whom = f" with {booker.name or booker.email}" if booker else ""
    return " ".join(f"{event.title}{with_whom}".split())[:MAX_SUMMARY_LENGTH]

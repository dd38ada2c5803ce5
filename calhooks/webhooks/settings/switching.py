"""Switching a webhook off, which holds back what waits, and on again, which sends or drops it; and pausing it."""

from datetime import timedelta

from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.delivery import endpoints, notices, outbox, pausing
from calhooks.delivery.models.endpoints import InactiveReason
from calhooks.webhooks.models import Webhook


def switch_off(webhook: Webhook) -> None:
    """Send nothing more, hold back what waits, and owe nothing new."""
    endpoints.switch_endpoint_off(webhook.endpoint, InactiveReason.OWNER)


def switch_on(session: Session, webhook: Webhook, *, drop: bool = False) -> None:
    """Send again; what was held back goes out, in order and paced, or is dropped."""
    if webhook.endpoint.active:
        return
    if drop:
        outbox.drop_waiting(session, webhook.endpoint)
    endpoints.switch_endpoint_on(session, webhook.endpoint)
    notices.settle(session, webhook.endpoint_id, clock.now())
    if not drop:
        endpoints.send_waiting(session, webhook.endpoint)


def pause(session: Session, webhook: Webhook, length: timedelta) -> bool:
    """Send nothing for a while and keep what happens; tell whether the webhook is on, which it has to be."""
    return pausing.pause_endpoint(session, webhook.endpoint, length)


def resume(session: Session, webhook: Webhook) -> bool:
    """End a pause before its time; tell whether there was one."""
    return pausing.resume_endpoint(session, webhook.endpoint)

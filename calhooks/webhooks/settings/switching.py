"""Switching a webhook off, which holds back what waits, and on again, which sends or drops it."""

from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.delivery import endpoints, notices, outbox
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

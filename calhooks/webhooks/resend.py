"""Send a delivery again: the bytes it has, or those that its template gives now where it gave none."""

import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.delivery import outbox
from calhooks.delivery.models import Delivery
from calhooks.webhooks.body.bodies import render_body, shape_of
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings.headers import HeaderFailed, render_headers
from calhooks.webhooks.template import TemplateError


class CannotResend(ValueError):
    """There is still nothing to send; str() is the sentence for the person who asked."""


def resend(session: Session, delivery: Delivery, *, in_order: bool = False) -> None:
    """Make a delivery due now, or in its order. Raises CannotResend when its template fails again."""
    if delivery.body is None:
        _render(session, delivery)
    if in_order:
        outbox.resend_in_order(session, delivery)
    else:
        outbox.send_again(session, delivery)


def _render(session: Session, delivery: Delivery) -> None:
    webhook = session.scalars(select(Webhook).where(Webhook.endpoint_id == delivery.endpoint_id)).one()
    shape = shape_of(webhook)
    body = json.loads(delivery.event.payload)
    try:
        delivery.headers = render_headers(webhook.headers, body)
        delivery.body = render_body(shape, body)
    except TemplateError as error:
        raise CannotResend(f"The template gives no body. {error}") from error
    except HeaderFailed as error:
        raise CannotResend(str(error)) from error
    delivery.content_type = shape.sent_as
    delivery.error = None

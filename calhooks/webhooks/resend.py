"""Send a delivery again: the bytes it has, or those that its template gives now where it gave none."""

import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.delivery import outbox
from calhooks.delivery.models.deliveries import Delivery
from calhooks.webhooks.body.bodies import render_body, shape_of
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings.headers import HeaderFailed, render_headers
from calhooks.webhooks.template import Meter, TemplateError


class CannotResend(ValueError):
    """There is still nothing to send; str() is the sentence for the person who asked."""


def resend(session: Session, delivery: Delivery, meter: Meter | None = None, *, in_order: bool = False) -> None:
    """Make a delivery due now, or in its order. Raises CannotResend when its template fails again.

    A template spends units of `meter`; without one, what a whole event may.
    """
    if delivery.error is not None:
        _render(session, delivery, meter or Meter())
    if in_order:
        outbox.resend_in_order(session, delivery)
    else:
        outbox.send_again(session, delivery)


def _render(session: Session, delivery: Delivery, meter: Meter) -> None:
    webhook = session.scalars(select(Webhook).where(Webhook.endpoint_id == delivery.endpoint_id)).one()
    shape = shape_of(webhook)
    body = json.loads(delivery.event.payload)
    try:
        delivery.headers = render_headers(webhook.headers, body, meter)
        delivery.body = render_body(shape, body, meter)
    except TemplateError as error:
        raise CannotResend(f"The template gives no body. {error}") from error
    except HeaderFailed as error:
        raise CannotResend(str(error)) from error
    delivery.content_type = shape.sent_as
    delivery.error = None

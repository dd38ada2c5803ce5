"""Send a delivery again: the bytes it has, or those that its template gives now where it gave none."""

import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.delivery import resending
from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.webhooks.body.bodies import render_body, shape_of
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings.headers import HeaderFailed, render_headers
from calhooks.webhooks.template import Meter, TemplateError


class CannotResend(ValueError):
    """It cannot be sent now; str() is the sentence for the person who asked."""


def require_sending(endpoint: Endpoint) -> None:
    """Raise CannotResend where a webhook is off or paused."""
    if not endpoint.active:
        raise CannotResend("The webhook is off. Switch it on first.")
    if endpoint.paused_until is not None:
        raise CannotResend("The webhook is paused. Resume it first.")


def send_delivery(session: Session, delivery: Delivery, *, overtaken: bool = False) -> None:
    """Send a delivery now: sooner than its schedule has it, or once more where it is over.

    One that was `overtaken`, since later ones of its booking were delivered, goes out of their order. Raises
    CannotResend when its webhook is off or paused, an earlier one of its booking has to go first, or its template fails
    again.
    """
    require_sending(delivery.endpoint)
    if resending.earlier_one(session, delivery) is not None:
        raise CannotResend("An earlier delivery of this booking has to go first.")
    if delivery.state == DeliveryState.DUE:
        resending.send_now(session, delivery)
    else:
        resend(session, delivery, ordered=not overtaken)


def resend(
    session: Session,
    delivery: Delivery,
    meter: Meter | None = None,
    *,
    run_id: int | None = None,
    ordered: bool = True,
) -> None:
    """Send a delivery that is over once more. Raises CannotResend when its template fails again.

    A template spends units of `meter`; without one, what a whole event may.
    """
    if delivery.error is not None:
        _render(session, delivery, meter or Meter())
    resending.send_again(session, delivery, run_id=run_id, ordered=ordered)


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

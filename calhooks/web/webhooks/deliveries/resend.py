"""Sending one delivery now, and the question that comes first where that is not as simple as it looks."""

from functools import partial
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.resending import Obstacle, ObstacleKind, obstacle_to
from calhooks.web.site.access import changes_owners
from calhooks.web.site.htmx import done, is_htmx, refused
from calhooks.web.webhooks.context import DELIVERIES_CHANGED, own_webhook, webhook_context
from calhooks.web.webhooks.deliveries.log import drawn_anew, own_delivery
from calhooks.web.webhooks.deliveries.log_filters import shown_state
from calhooks.webhooks.dispatch import prepare_webhook
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.resend import CannotResend, send_delivery

blueprint = Blueprint(
    "resend", __name__, url_prefix="/integrations/webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/resend"
)
SENDING = "Sending now."
RESENT = "Resent."


@blueprint.get("")
@changes_owners
def ask(webhook_id: int, delivery_id: int) -> str:
    """Say what is in the way of sending a delivery now, and ask whether to send it."""
    webhook = own_webhook(webhook_id)
    delivery = own_delivery(webhook, delivery_id)
    context = _question(webhook, delivery, obstacle_to(db.session(), delivery))
    return render_template(f"webhooks/resend/{'_' if is_htmx() else ''}resend.html", **context)


@blueprint.post("")
@changes_owners
def now(webhook_id: int, delivery_id: int) -> ResponseReturnValue:
    """Send a delivery now, with the request it has; ask first where that is not what it seems."""
    webhook = own_webhook(webhook_id)
    delivery = own_delivery(webhook, delivery_id)
    obstacle = obstacle_to(db.session(), delivery)
    if obstacle and (obstacle.kind is ObstacleKind.EARLIER or not request.form.get("anyway")):
        return _ask_first(webhook, delivery, obstacle)
    message = SENDING if delivery.state == DeliveryState.DUE else RESENT
    prepare_webhook(webhook)
    try:
        with writing() as session:
            delivery = own_delivery(own_webhook(webhook_id), delivery_id)
            send_delivery(session, delivery, overtaken=obstacle is not None and obstacle.kind is ObstacleKind.NEWER)
    except CannotResend as error:
        return refused(str(error), status=200, **_after(webhook_id, delivery_id))
    return done(message, **_after(webhook_id, delivery_id))


def _after(webhook_id: int, delivery_id: int) -> dict[str, Any]:
    """Return what is shown when the button was pressed: the delivery as it is then."""
    state = shown_state(request.args)
    return {
        "part": partial(drawn_anew, webhook_id, delivery_id, state),
        "to": url_for("deliveries.show", webhook_id=webhook_id, delivery_id=delivery_id, state=state or None),
        "closes": bool(request.form.get("anyway")),
        "event": DELIVERIES_CHANGED,
    }


def _ask_first(webhook: Webhook, delivery: Delivery, obstacle: Obstacle) -> Response:
    """Ask in the dialog, or lead to the page that asks."""
    context = _question(webhook, delivery, obstacle)
    part = partial(render_template, "webhooks/resend/_resend.html", **context)
    to = url_for("resend.ask", webhook_id=webhook.id, delivery_id=delivery.id, state=context["state"] or None)
    answer = done("", part=part, to=to)
    if is_htmx():
        answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "#modal", "innerHTML"
    return answer


def _question(webhook: Webhook, delivery: Delivery, obstacle: Obstacle | None) -> dict[str, Any]:
    other = db.session.get(Delivery, obstacle.delivery_id) if obstacle and obstacle.delivery_id else None
    state = shown_state(request.args)
    return webhook_context(webhook) | {"delivery": delivery, "obstacle": obstacle, "other": other, "state": state}

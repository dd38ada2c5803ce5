"""What was sent to a webhook: the log, one delivery with every attempt, and sending it again."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from calhooks import clock
from calhooks.db import db, writing
from calhooks.delivery.models import Delivery, DeliveryState
from calhooks.delivery.status import log
from calhooks.delivery.status.delivery_status import delivery_status
from calhooks.web.site.access import signed_in
from calhooks.web.site.htmx import fragment, is_htmx
from calhooks.web.site.row_numbers import row_number
from calhooks.web.webhooks.context import SOON_SECONDS, own_webhook, page_context, webhook_context
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.resend import CannotResend
from calhooks.webhooks.resend import resend as send_again

blueprint = Blueprint("deliveries", __name__, url_prefix="/integrations/webhooks/<int:webhook_id>")

# Enough for everything that can have come between two polls.
NEWER = 500
WAITING = (DeliveryState.DUE, DeliveryState.BLOCKED)
STATES = {"delivered": (DeliveryState.DELIVERED,), "failed": (DeliveryState.FAILED,), "waiting": WAITING}


@blueprint.get("")
@signed_in
def index(webhook_id: int) -> Any:
    """Show the log, newest first; to htmx, the part of it that was asked for."""
    context = _log(own_webhook(webhook_id))
    if is_htmx():
        return fragment(render_template("webhooks/deliveries/_list.html", **context))
    return render_template("webhooks/deliveries/index.html", **context)


@blueprint.get("/deliveries/<int:delivery_id>")
@signed_in
def show(webhook_id: int, delivery_id: int) -> Any:
    """Show one delivery: beside the log, or to htmx alone. 204 while nothing is new since the state it has `seen`."""
    webhook = own_webhook(webhook_id)
    delivery = _delivery(webhook, delivery_id)
    if not is_htmx():
        return render_template(
            "webhooks/deliveries/index.html", opened=delivery.id, **_log(webhook), **_detail(delivery)
        )
    detail = _detail(delivery)
    if request.args.get("seen") == detail["version"]:
        return "", 204
    # What is new here is new in the log as well.
    changed = {"deliveriesChanged": True} if "seen" in request.args else None
    return fragment(_article(webhook, detail), trigger=changed)


@blueprint.post("/deliveries/<int:delivery_id>/resend")
@signed_in
def resend(webhook_id: int, delivery_id: int) -> Any:
    """Send the same request again, now."""
    try:
        with writing() as session:
            send_again(session, _delivery(own_webhook(webhook_id), delivery_id))
        toast = {"message": "On its way again.", "tone": "success"}
    except CannotResend as error:
        toast = {"message": str(error), "tone": "danger"}
    if not is_htmx():
        flash(toast["message"], toast["tone"])
        return redirect(url_for(".show", webhook_id=webhook_id, delivery_id=delivery_id, state=_state() or None), 303)
    webhook = own_webhook(webhook_id)
    article = _article(webhook, _detail(_delivery(webhook, delivery_id)))
    return fragment(article, trigger={"toast": toast, "deliveriesChanged": True})


def _delivery(webhook: Webhook, delivery_id: int) -> Delivery:
    delivery = log.find(db.session(), webhook.endpoint_id, delivery_id)
    if delivery is None:
        abort(404)
    return delivery


def _state() -> str:
    state = request.args.get("state", "")
    return state if state in STATES else ""


def _log(webhook: Webhook) -> dict[str, Any]:
    """Return the log from its top, from `before` on, or everything not older than `since`."""
    before, since = request.args.get("before", type=row_number), request.args.get("since", type=row_number)
    states = STATES.get(_state(), ())
    size = log.PAGE if since is None else NEWER
    page = log.page(db.session(), webhook.endpoint_id, before=before, since=since, states=states, size=size)
    soon = any(_seconds_left(delivery) < SOON_SECONDS for delivery in page.deliveries)
    return {
        "deliveries": page.deliveries,
        "delivery_status": {delivery.id: delivery_status(delivery) for delivery in page.deliveries},
        "older": page.older if since is None else None,
        "poll": None if before is not None else (4 if soon else 20),
        "state": _state(),
        # The line above the log belongs to what is asked for again and again.
        "with_health": since is not None and is_htmx(),
    } | page_context(webhook)


def _detail(delivery: Delivery) -> dict[str, Any]:
    left = _seconds_left(delivery)
    refresh = None if delivery.state not in WAITING else 2 if left < SOON_SECONDS else 20
    version = f"{delivery.state}-{delivery.attempt_count}-{int(bool(delivery.lease_token))}"
    return {"delivery": delivery, "status": delivery_status(delivery), "refresh": refresh, "version": version}


def _article(webhook: Webhook, detail: dict[str, Any]) -> str:
    context = webhook_context(webhook)
    return render_template("webhooks/deliveries/_delivery.html", state=_state(), **context, **detail)


def _seconds_left(delivery: Delivery) -> float:
    """Return how long it is until something happens to a delivery; infinity when nothing will."""
    if delivery.state not in WAITING or not delivery.due_at:
        return float("inf")
    return (delivery.due_at - clock.now()).total_seconds()

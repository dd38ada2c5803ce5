"""What was sent to a webhook: the log, one delivery with every attempt, and sending it again."""

from functools import partial
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from calhooks import clock
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.status import log
from calhooks.delivery.status.delivery_status import delivery_status
from calhooks.web.http.row_numbers import row_number
from calhooks.web.site.access import signed_in
from calhooks.web.site.htmx import done, fragment, is_htmx, page_or_part, refused
from calhooks.web.webhooks.context import DELIVERIES_CHANGED, SOON_SECONDS, own_webhook, page_context, webhook_context
from calhooks.webhooks.dispatch import prepare_webhook
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
def index(webhook_id: int) -> str:
    """Show the log, newest first; to htmx, the part of it that was asked for."""
    return page_or_part("webhooks/deliveries/index", "_list", **_log(own_webhook(webhook_id), request.args))


@blueprint.get("/deliveries/<int:delivery_id>")
@signed_in
def show(webhook_id: int, delivery_id: int) -> Any:
    """Show one delivery: beside the log, or to htmx alone. 204 while nothing is new since the state it has `seen`."""
    webhook = own_webhook(webhook_id)
    detail = _detail(_delivery(webhook, delivery_id))
    if not is_htmx():
        log_context = _log(webhook, request.args)
        return render_template("webhooks/deliveries/index.html", opened=delivery_id, **log_context, **detail)
    if request.args.get("seen") == detail["version"]:
        return "", 204
    # What is new here is new in the log as well.
    changed = {DELIVERIES_CHANGED: True} if "seen" in request.args else None
    return fragment(_article(webhook, detail, _state(request.args)), trigger=changed)


@blueprint.post("/deliveries/<int:delivery_id>/resend")
@signed_in
def resend(webhook_id: int, delivery_id: int) -> Response:
    """Send the same request again, now."""
    state = _state(request.args)
    part = partial(_drawn_anew, webhook_id, delivery_id, state)
    to = url_for("deliveries.show", webhook_id=webhook_id, delivery_id=delivery_id, state=state or None)
    prepare_webhook(own_webhook(webhook_id))
    try:
        with writing() as session:
            send_again(session, _delivery(own_webhook(webhook_id), delivery_id))
    except CannotResend as error:
        return refused(str(error), part=part, to=to, event=DELIVERIES_CHANGED, status=200)
    return done("On its way again.", part=part, to=to, event=DELIVERIES_CHANGED)


def _delivery(webhook: Webhook, delivery_id: int) -> Delivery:
    return log.find_delivery(db.session(), webhook.endpoint_id, delivery_id) or abort(404)


def _state(asked: MultiDict[str, str]) -> str:
    state = asked.get("state", "")
    return state if state in STATES else ""


def _log(webhook: Webhook, asked: MultiDict[str, str]) -> dict[str, Any]:
    """Return the log from its top, from `before` on, or everything not older than `since`."""
    before, since = asked.get("before", type=row_number), asked.get("since", type=row_number)
    state = _state(asked)
    states = STATES.get(state, ())
    size = log.PAGE if since is None else NEWER
    page = log.page(db.session(), webhook.endpoint_id, before=before, since=since, states=states, size=size)
    soon = any(_seconds_left(delivery) < SOON_SECONDS for delivery in page.deliveries)
    return {
        "deliveries": page.deliveries,
        "delivery_status": {delivery.id: delivery_status(delivery) for delivery in page.deliveries},
        "older": page.older if since is None else None,
        "poll": None if before is not None else (4 if soon else 20),
        "state": state,
        # The line above the log belongs to what is asked for again and again.
        "with_health": since is not None and is_htmx(),
    } | page_context(webhook)


def _detail(delivery: Delivery) -> dict[str, Any]:
    left = _seconds_left(delivery)
    refresh = None if delivery.state not in WAITING else 2 if left < SOON_SECONDS else 20
    version = f"{delivery.state}-{delivery.attempt_count}-{int(bool(delivery.lease_token))}"
    return {"delivery": delivery, "status": delivery_status(delivery), "refresh": refresh, "version": version}


def _drawn_anew(webhook_id: int, delivery_id: int, state: str) -> str:
    webhook = own_webhook(webhook_id)
    return _article(webhook, _detail(_delivery(webhook, delivery_id)), state)


def _article(webhook: Webhook, detail: dict[str, Any], state: str) -> str:
    context = webhook_context(webhook)
    return render_template("webhooks/deliveries/_delivery.html", state=state, **context, **detail)


def _seconds_left(delivery: Delivery) -> float:
    """Return how long it is until something happens to a delivery; infinity when nothing will."""
    if delivery.state not in WAITING or not delivery.due_at:
        return float("inf")
    return (delivery.due_at - clock.now()).total_seconds()

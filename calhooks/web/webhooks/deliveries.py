"""The log of a webhook's deliveries, and one delivery with every attempt."""

from typing import Any

from flask import Blueprint, abort, render_template, request
from werkzeug.datastructures import MultiDict

from calhooks import clock
from calhooks.db import db
from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.resending import earlier_one
from calhooks.delivery.status import log
from calhooks.delivery.status.delivery_status import delivery_status, was_refused
from calhooks.web.http.row_numbers import row_number
from calhooks.web.site.access import sees_owners
from calhooks.web.site.htmx import fragment, is_htmx, page_or_part
from calhooks.web.webhooks.context import DELIVERIES_CHANGED, SOON_SECONDS, own_webhook, page_context, webhook_context
from calhooks.webhooks.models import Webhook

blueprint = Blueprint("deliveries", __name__, url_prefix="/integrations/webhooks/<int:webhook_id>")

# Enough for everything that can have come between two polls.
NEWER = 500
WAITING = (DeliveryState.DUE, DeliveryState.BLOCKED)
STATES = {"delivered": (DeliveryState.DELIVERED,), "failed": (DeliveryState.FAILED,), "waiting": WAITING}


@blueprint.get("")
@sees_owners
def index(webhook_id: int) -> str:
    """Show the log, newest first; to htmx, the part of it that was asked for."""
    return page_or_part("webhooks/deliveries/index", "_list", **_log(own_webhook(webhook_id), request.args))


@blueprint.get("/deliveries/<int:delivery_id>")
@sees_owners
def show(webhook_id: int, delivery_id: int) -> Any:
    """Show one delivery: beside the log, or to htmx alone. 204 while nothing is new since the state it has `seen`."""
    webhook = own_webhook(webhook_id)
    detail = _detail(own_delivery(webhook, delivery_id))
    if not is_htmx():
        log_context = _log(webhook, request.args)
        return render_template("webhooks/deliveries/index.html", opened=delivery_id, **log_context, **detail)
    if request.args.get("seen") == detail["version"]:
        return "", 204
    # What is new here is new in the log as well.
    changed = {DELIVERIES_CHANGED: True} if "seen" in request.args else None
    return fragment(_article(webhook, detail, shown_state(request.args)), trigger=changed)


def own_delivery(webhook: Webhook, delivery_id: int) -> Delivery:
    """Return a delivery of a webhook, with its event and every attempt; 404 for any other."""
    return log.find_delivery(db.session(), webhook.endpoint_id, delivery_id) or abort(404)


def shown_state(asked: MultiDict[str, str]) -> str:
    """Return which deliveries the log shows; empty for all."""
    state = asked.get("state", "")
    return state if state in STATES else ""


def _log(webhook: Webhook, asked: MultiDict[str, str]) -> dict[str, Any]:
    """Return the log from its top, from `before` on, or everything not older than `since`."""
    before, since = asked.get("before", type=row_number), asked.get("since", type=row_number)
    state = shown_state(asked)
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
    earlier_id = earlier_one(db.session(), delivery)
    earlier = db.session.get(Delivery, earlier_id) if earlier_id else None
    version = f"{delivery.state}-{delivery.attempt_count}-{int(bool(delivery.lease_token))}-{earlier_id or 0}"
    return {
        "delivery": delivery,
        "status": delivery_status(delivery),
        "refused": {attempt.id for attempt in delivery.attempts if was_refused(attempt)},
        "earlier": earlier,
        "earlier_status": delivery_status(earlier) if earlier else None,
        "refresh": refresh,
        "version": version,
    }


def drawn_anew(webhook_id: int, delivery_id: int, state: str) -> str:
    """Return one delivery as it is now, beside the log that shows those in a `state`."""
    webhook = own_webhook(webhook_id)
    return _article(webhook, _detail(own_delivery(webhook, delivery_id)), state)


def _article(webhook: Webhook, detail: dict[str, Any], state: str) -> str:
    context = webhook_context(webhook)
    return render_template("webhooks/deliveries/_delivery.html", state=state, **context, **detail)


def _seconds_left(delivery: Delivery) -> float:
    """Return how long it is until something happens to a delivery; infinity when nothing will."""
    if delivery.state not in WAITING or not delivery.due_at:
        return float("inf")
    return (delivery.due_at - clock.now()).total_seconds()

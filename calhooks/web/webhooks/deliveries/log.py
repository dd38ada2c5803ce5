"""The log of a webhook's deliveries, and one delivery with every attempt."""

from functools import partial
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from calhooks import clock
from calhooks.config import current_config
from calhooks.db import db
from calhooks.delivery.models.deliveries import Delivery
from calhooks.delivery.resending import earlier_one
from calhooks.delivery.status import log
from calhooks.delivery.status.delivery_status import delivery_status, was_refused
from calhooks.delivery.status.failing import like_failures
from calhooks.delivery.status.next_attempts import planned_attempts
from calhooks.delivery.status.picture import picture
from calhooks.delivery.status.request_headers import request_headers
from calhooks.web.site.access import account, sees_owners
from calhooks.web.site.htmx import fragment, is_htmx, page_or_part
from calhooks.web.webhooks.context import DELIVERIES_CHANGED, SOON_SECONDS, own_webhook, page_context, webhook_context
from calhooks.web.webhooks.deliveries.drawing import drawn
from calhooks.web.webhooks.deliveries.log_filters import FROM_ALL, WAITING, keep_filters, log_filters, shown_state
from calhooks.web.webhooks.deliveries.log_page import listing, seconds_left
from calhooks.webhooks.models import Webhook

blueprint = Blueprint("deliveries", __name__, url_prefix="/integrations/webhooks/<int:webhook_id>")
blueprint.app_url_defaults(keep_filters)


@blueprint.get("")
@sees_owners
def index(webhook_id: int) -> tuple[str, int]:
    """Show the log, newest first; to htmx, the part of it that was asked for."""
    context = _log(own_webhook(webhook_id), request.args)
    page = page_or_part("webhooks/deliveries/index", "_list", **context)
    return page, 422 if context["filters"].problems else 200


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


def _log(webhook: Webhook, asked: MultiDict[str, str]) -> dict[str, Any]:
    """Return the log as an address asks for it, with what is shown above it."""
    filters = log_filters(asked, account().time_zone)
    link = partial(url_for, "deliveries.index", webhook_id=webhook.id)
    context = listing(filters, [webhook.endpoint_id], link) | page_context(webhook)
    if is_htmx() and not context["with_health"]:
        return context
    now, session = clock.now(), db.session()
    context |= {"like_failures": like_failures(session, webhook.endpoint_id, now), "now": now}
    if not is_htmx():
        context["picture"] = drawn(picture(session, webhook.endpoint_id, now, account().time_zone))
    return context


def _detail(delivery: Delivery) -> dict[str, Any]:
    left = seconds_left(delivery)
    refresh = None if delivery.state not in WAITING else 2 if left < SOON_SECONDS else 20
    earlier_id = earlier_one(db.session(), delivery)
    earlier = db.session.get(Delivery, earlier_id) if earlier_id else None
    version = f"{delivery.state}-{delivery.attempt_count}-{int(bool(delivery.lease_token))}-{earlier_id or 0}"
    return {
        "delivery": delivery,
        "status": delivery_status(delivery),
        "sent_headers": request_headers(delivery.attempts),
        "refused": {attempt.id for attempt in delivery.attempts if was_refused(attempt)},
        "earlier": earlier,
        "earlier_status": delivery_status(earlier) if earlier else None,
        "planned": planned_attempts(delivery, current_config().retry_schedule),
        "log_url": _back_to_log(request.args, delivery.id) if request.args.get("from") == FROM_ALL else None,
        "refresh": refresh,
        "version": version,
    }


def _back_to_log(asked: MultiDict[str, str], delivery_id: int) -> str:
    kept = log_filters(asked, account().time_zone).kept
    return url_for("all_deliveries.index", **kept, _anchor=f"delivery-link-{delivery_id}")


def drawn_anew(webhook_id: int, delivery_id: int, state: str) -> str:
    """Return one delivery as it is now, beside the log that shows those in a `state`."""
    webhook = own_webhook(webhook_id)
    return _article(webhook, _detail(own_delivery(webhook, delivery_id)), state)


def _article(webhook: Webhook, detail: dict[str, Any], state: str) -> str:
    context = webhook_context(webhook)
    return render_template("webhooks/deliveries/_delivery.html", state=state, **context, **detail)

"""The switch of a webhook: in its row, above its deliveries, and the question what becomes of what was held back."""

from functools import partial
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from calhooks.db import db, writing
from calhooks.delivery.endpoints import waiting_count
from calhooks.web.site.access import changes_owners
from calhooks.web.site.htmx import asked_by, done, is_htmx
from calhooks.web.webhooks.context import (
    DELIVERIES_CHANGED,
    list_behind_box,
    own_webhook,
    page_after,
    shown_anew,
)
from calhooks.web.webhooks.list_view import list_query
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings import switching

blueprint = Blueprint("switch", __name__, url_prefix="/integrations/webhooks/<int:webhook_id>")

ON = "Webhook on."
OFF = "Webhook off. Nothing is sent until you switch it on again."
MESSAGES = {
    "send": "Webhook on. What was held back is on its way.",
    "drop": "Webhook on. What was held back is dropped.",
}


@blueprint.get("/active")
@changes_owners
def ask(webhook_id: int) -> ResponseReturnValue:
    """Ask what becomes of what was held back; by itself as a page."""
    webhook, origin = own_webhook(webhook_id), request.args.get("from")
    if is_htmx():
        return question(webhook, origin)
    return render_template("webhooks/switch.html", **_held_back(webhook, origin))


@blueprint.post("/active")
@changes_owners
def toggle(webhook_id: int) -> Response:
    """Switch a webhook on or off, in place. Where something was held back, ask first what becomes of it."""
    active, choice, origin = bool(request.form.get("active")), request.form.get("waiting"), request.form.get("from")
    if active and choice not in MESSAGES and is_question(own_webhook(webhook_id)):
        return question(own_webhook(webhook_id), origin)
    with writing() as session:
        webhook = own_webhook(webhook_id)
        if active:
            switching.switch_on(session, webhook, drop=choice == "drop")
        else:
            switching.switch_off(webhook)
    message = MESSAGES.get(choice or "", ON) if active else OFF
    in_box, on_page = asked_by("modal"), origin == "deliveries"
    part = partial(shown_anew, webhook, in_box=in_box, on_page=on_page)
    return done(message, part=part, to=page_after(webhook, origin), closes=in_box, event=DELIVERIES_CHANGED)


def is_question(webhook: Webhook) -> bool:
    """Tell whether switching a webhook on needs a word about what was held back."""
    return not webhook.endpoint.active and waiting_count(db.session(), webhook.endpoint) > 0


def question(webhook: Webhook, origin: str | None = None, saved: str = "") -> Response:
    """Ask in the box what becomes of what was held back, or lead to the page that asks; `saved` says what is done."""
    asked = {"from": "deliveries"} if origin == "deliveries" else list_query()
    to = url_for("switch.ask", webhook_id=webhook.id, **asked)
    answer = done(saved, part=partial(_question, webhook, origin, saved), to=to)
    if is_htmx():
        answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "#modal", "innerHTML"
    return answer


def _question(webhook: Webhook, origin: str | None, saved: str) -> str:
    html = render_template("webhooks/_switch.html", **_held_back(webhook, origin))
    return html + list_behind_box() if saved else html


def _held_back(webhook: Webhook, origin: str | None) -> dict[str, Any]:
    return {"webhook": webhook, "waiting": waiting_count(db.session(), webhook.endpoint), "origin": origin}

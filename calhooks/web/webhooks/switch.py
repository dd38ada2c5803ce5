"""The switch of a webhook: in its row, above its deliveries, and the question what becomes of what was held back."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from calhooks.db import db, writing
from calhooks.delivery.endpoints import waiting_count
from calhooks.web.site.access import account, signed_in
from calhooks.web.site.htmx import fragment, is_htmx
from calhooks.web.webhooks.context import asked_by, list_context, own_webhook, page_context, webhook_context
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
@signed_in
def ask(webhook_id: int) -> ResponseReturnValue:
    """Ask what becomes of what was held back; by itself as a page."""
    return question(own_webhook(webhook_id))


@blueprint.post("/active")
@signed_in
def toggle(webhook_id: int) -> ResponseReturnValue:
    """Switch a webhook on or off, in place. Where something was held back, ask first what becomes of it."""
    active, choice = bool(request.form.get("active")), request.form.get("waiting")
    if active and choice not in MESSAGES and is_question(own_webhook(webhook_id)):
        return question(own_webhook(webhook_id))
    with writing() as session:
        webhook = own_webhook(webhook_id)
        if active:
            switching.switch_on(session, webhook, drop=choice == "drop")
        else:
            switching.switch_off(webhook)
    message = MESSAGES.get(choice or "", ON) if active else OFF
    if is_htmx():
        return _drawn_anew(webhook, message)
    flash(message, "success")
    to_log = request.form.get("from") == "deliveries"
    return redirect(
        url_for("deliveries.index", webhook_id=webhook_id) if to_log else url_for("integrations.index"), 303
    )


def is_question(webhook: Webhook) -> bool:
    """Tell whether switching a webhook on needs a word about what was held back."""
    return not webhook.endpoint.active and waiting_count(db.session(), webhook.endpoint) > 0


def question(webhook: Webhook, saved: str | None = None) -> ResponseReturnValue:
    """Ask in the box what becomes of what was held back, or lead to the page that asks; `saved` says what is done."""
    origin = request.values.get("from")
    if request.method == "POST" and not is_htmx():
        if saved:
            flash(saved, "success")
        here = url_for("switch.ask", webhook_id=webhook.id)
        return redirect(f"{here}?from=deliveries" if origin == "deliveries" else here, 303)
    context: dict[str, Any] = {"waiting": waiting_count(db.session(), webhook.endpoint), "origin": origin}
    if not is_htmx():
        return render_template("webhooks/switch.html", webhook=webhook, **context)
    html = render_template("webhooks/_switch.html", webhook=webhook, **context)
    if saved:
        html += render_template("webhooks/_section.html", oob=True, **list_context(account()))
    answer = fragment(html, trigger={"toast": {"message": saved}} if saved else None)
    answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "#modal", "innerHTML"
    return answer


def _drawn_anew(webhook: Webhook, message: str) -> ResponseReturnValue:
    """Answer htmx with what shows the switch: the row, the head of the page, or either behind the box."""
    trigger: dict[str, Any] = {"toast": {"message": message}, "deliveriesChanged": True}
    on_page = request.form.get("from") == "deliveries"
    if asked_by("modal"):
        trigger["closeModal"] = True
    if on_page:
        html = render_template("webhooks/deliveries/_head.html", oob=asked_by("modal"), **webhook_context(webhook))
        html += render_template("webhooks/deliveries/_standing.html", oob=True, **page_context(webhook))
    elif asked_by("modal"):
        html = render_template("webhooks/_section.html", oob=True, **list_context(account()))
    else:
        html = render_template("webhooks/_row.html", **webhook_context(webhook))
    return fragment(html, trigger=trigger)

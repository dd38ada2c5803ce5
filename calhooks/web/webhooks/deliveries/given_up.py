"""The deliveries of a webhook that were given up, and sending them again."""

from flask import Blueprint, flash, request, url_for
from flask.typing import ResponseReturnValue

from calhooks.db import db, writing
from calhooks.delivery.status.given_up import given_up
from calhooks.web.site.access import changes_owners, sees_owners
from calhooks.web.site.htmx import go_to, page_or_part
from calhooks.web.webhooks.context import own_webhook, run_context, webhook_context
from calhooks.webhooks import runs

blueprint = Blueprint("given_up", __name__, url_prefix="/integrations/webhooks/<int:webhook_id>/given-up")


@blueprint.get("")
@sees_owners
def index(webhook_id: int) -> str:
    """Show what was given up, grouped by what the receiver said; to htmx, the groups alone."""
    return _page(webhook_id)


@blueprint.post("")
@changes_owners
def resend(webhook_id: int) -> ResponseReturnValue:
    """Begin to send all again, or those of one group."""
    reason = request.form.get("reason") or None
    try:
        with writing() as session:
            runs.start_failed(session, own_webhook(webhook_id), reason=reason)
    except runs.CannotRun as error:
        return _page(webhook_id, problem=str(error)), 409
    flash("Started. You can leave this page.", "success")
    return go_to(url_for("deliveries.index", webhook_id=webhook_id))


def _page(webhook_id: int, problem: str = "") -> str:
    webhook = own_webhook(webhook_id)
    found = given_up(db.session(), webhook.endpoint_id)
    context = webhook_context(webhook) | run_context(webhook) | {"given_up": found, "problem": problem}
    return page_or_part("webhooks/given_up/index", "_groups", **context)

"""The secret that was replaced: until when it signs too, and ending that at once."""

from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from calhooks import clock
from calhooks.db import writing
from calhooks.delivery import endpoints
from calhooks.delivery.models import Endpoint
from calhooks.web.site.access import signed_in
from calhooks.web.site.htmx import fragment, is_htmx
from calhooks.web.webhooks.context import own_webhook

blueprint = Blueprint("rotation", __name__, url_prefix="/integrations/webhooks/<int:webhook_id>")

ENDED = "The old secret signs nothing any more."


@blueprint.post("/end-old-secret")
@signed_in
def end(webhook_id: int) -> ResponseReturnValue:
    """Have the newest secret alone sign from now on."""
    with writing():
        webhook = own_webhook(webhook_id)
        endpoints.end_old_secrets(webhook.endpoint)
    if is_htmx():
        return fragment(
            render_template("webhooks/_old_secret.html", webhook=webhook), trigger={"toast": {"message": ENDED}}
        )
    flash(ENDED, "success")
    page = "webhooks.edit" if request.form.get("from") == "box" else "deliveries.index"
    return redirect(url_for(page, webhook_id=webhook_id), 303)


@blueprint.app_template_filter()
def old_secret_until(endpoint: Endpoint) -> datetime | None:
    """Return until when a secret that was replaced signs too; None when none does."""
    return max(
        (key.expires_at for key in endpoint.keys if key.expires_at and key.expires_at > clock.now()), default=None
    )

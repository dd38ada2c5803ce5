"""Ending a replaced secret or key pair at once, while it still signs beside the new one."""

from functools import partial

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from calhooks.db import writing
from calhooks.delivery.endpoints import end_old_secrets
from calhooks.delivery.key_pairs import end_old_key_pairs
from calhooks.web.site.access import changes_owners
from calhooks.web.site.htmx import done
from calhooks.web.webhooks.context import own_webhook
from calhooks.webhooks.models import Webhook

blueprint = Blueprint("old_keys", __name__, url_prefix="/integrations/webhooks/<int:webhook_id>")


@blueprint.post("/end-old-secret")
@changes_owners
def end_secret(webhook_id: int) -> Response:
    """Let only the newest secret sign from now on."""
    with writing():
        webhook = own_webhook(webhook_id)
        end_old_secrets(webhook.endpoint)
    return _ended(webhook, "webhooks/keys/_old_secret.html", "The old secret no longer signs.")


@blueprint.post("/end-old-key-pair")
@changes_owners
def end_key_pair(webhook_id: int) -> Response:
    """Let only the newest key pair sign from now on."""
    with writing():
        webhook = own_webhook(webhook_id)
        end_old_key_pairs(webhook.endpoint)
    return _ended(webhook, "webhooks/keys/_old_key_pair.html", "The old key pair no longer signs.")


def _ended(webhook: Webhook, part: str, message: str) -> Response:
    """Redraw `part` in the dialog or on the webhook's page; without JavaScript, go back to where the button was."""
    page = "webhook.edit" if request.form.get("from") == "box" else "deliveries.index"
    to = url_for(page, webhook_id=webhook.id)
    return done(message, part=partial(render_template, part, webhook=webhook), to=to)

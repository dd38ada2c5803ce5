"""The secret that was replaced: until when it signs too, and ending that at once."""

from functools import partial

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from calhooks.db import writing
from calhooks.delivery import endpoints
from calhooks.web.site.access import changes_owners
from calhooks.web.site.htmx import done
from calhooks.web.webhooks.context import own_webhook

blueprint = Blueprint("old_secret", __name__, url_prefix="/integrations/webhooks/<int:webhook_id>")

ENDED = "The old secret signs nothing any more."


@blueprint.post("/end-old-secret")
@changes_owners
def end(webhook_id: int) -> Response:
    """Have the newest secret alone sign from now on."""
    with writing():
        webhook = own_webhook(webhook_id)
        endpoints.end_old_secrets(webhook.endpoint)
    part = partial(render_template, "webhooks/form/_old_secret.html", webhook=webhook)
    page = "webhook.edit" if request.form.get("from") == "box" else "deliveries.index"
    return done(ENDED, part=part, to=url_for(page, webhook_id=webhook_id))

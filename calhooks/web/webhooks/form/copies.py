"""Copying a webhook: which one the form of a new webhook was opened from, and what the copy is called."""

from urllib.parse import urlsplit

from flask import abort, request

from calhooks.db import db
from calhooks.delivery.models.endpoints import MAX_WEBHOOK_NAME_LENGTH, Endpoint
from calhooks.web.http.row_numbers import row_number
from calhooks.web.site.access import owner
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings.subscriptions import find_webhook

COPY = " (copy)"


def copied_webhook() -> Webhook | None:
    """Return the webhook that this form copies, None without one, or if it was deleted while the form was open."""
    if "copy" not in request.args:
        return None
    found = find_webhook(db.session(), owner(), request.args.get("copy", 0, row_number))
    return found if found or request.method == "POST" else abort(404)


def copy_name(endpoint: Endpoint) -> str:
    """Return the name of a copy: of the name, or of the URL's host where there is none."""
    name = endpoint.name or urlsplit(endpoint.url).hostname or ""
    return name[: MAX_WEBHOOK_NAME_LENGTH - len(COPY)].rstrip() + COPY

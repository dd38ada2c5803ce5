"""Sending a group of like failures that wait for their next attempt without waiting for it."""

from flask import Blueprint, flash, request, url_for
from flask.typing import ResponseReturnValue

from calhooks.db import db, writing
from calhooks.delivery.resending import send_soon
from calhooks.delivery.status.failing import waiting_for
from calhooks.web.site.access import changes_owners
from calhooks.web.site.htmx import go_to
from calhooks.web.webhooks.context import own_webhook
from calhooks.webhooks.resend import CannotResend, require_sending

NOT_NOW = "Nothing was sent: your server asked to wait, or earlier deliveries of these bookings go first."

blueprint = Blueprint("failing", __name__, url_prefix="/integrations/webhooks/<int:webhook_id>/resend-failing")


@blueprint.post("")
@changes_owners
def resend(webhook_id: int) -> ResponseReturnValue:
    """Send the deliveries of a group now, a few at a time, beside their schedule."""
    waiting = waiting_for(db.session(), own_webhook(webhook_id).endpoint_id, request.form.get("reason", ""))
    try:
        with writing() as session:
            endpoint = own_webhook(webhook_id).endpoint
            require_sending(endpoint)
            if not send_soon(session, endpoint, waiting) and waiting:
                raise CannotResend(NOT_NOW)
        flash("Sending now." if waiting else "None of these are waiting any longer.", "success")
    except CannotResend as error:
        flash(str(error), "danger")
    return go_to(url_for("deliveries.index", webhook_id=webhook_id))

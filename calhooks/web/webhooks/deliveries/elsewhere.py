"""Sending a delivery once to another URL, and showing what came back."""

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from wtforms import URLField

from calhooks.db import db
from calhooks.web.forms.fields import ServiceForm
from calhooks.web.site.access import changes_owners
from calhooks.web.site.htmx import page_or_part
from calhooks.web.webhooks.context import own_webhook
from calhooks.web.webhooks.deliveries.log import own_delivery
from calhooks.webhooks.elsewhere import CannotSendElsewhere, send_elsewhere
from calhooks.webhooks.slots import PingRefused

blueprint = Blueprint(
    "elsewhere", __name__, url_prefix="/integrations/webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/elsewhere"
)


class ElsewhereForm(ServiceForm):
    """Where to send a delivery once."""

    url = URLField("URL", default="")


@blueprint.get("")
@changes_owners
def ask(webhook_id: int, delivery_id: int) -> ResponseReturnValue:
    """Ask where to send a delivery once."""
    return _box(webhook_id, delivery_id, ElsewhereForm()), 200


@blueprint.post("")
@changes_owners
def now(webhook_id: int, delivery_id: int) -> ResponseReturnValue:
    """Send a delivery to the URL that was typed, and show what became of it."""
    form, webhook = ElsewhereForm(), own_webhook(webhook_id)
    delivery, url = own_delivery(webhook, delivery_id), (form.url.data or "").strip()
    try:
        result = send_elsewhere(db.session(), webhook, delivery, url)
    except CannotSendElsewhere as error:
        form.show({"url": str(error)})
        return _box(webhook_id, delivery_id, form), 422
    except PingRefused as error:
        return _box(webhook_id, delivery_id, form, problem=str(error)), 429
    return _box(webhook_id, delivery_id, form, result=result), 200


def _box(webhook_id: int, delivery_id: int, form: ElsewhereForm, **outcome: Any) -> str:
    webhook = own_webhook(webhook_id)
    context = {"webhook": webhook, "delivery": own_delivery(webhook, delivery_id), "form": form}
    context |= {"title": "Send to another URL", "sent": request.method == "POST"}
    return page_or_part(
        "webhooks/resend/box", "_elsewhere", box="webhooks/resend/_elsewhere.html", **context, **outcome
    )

"""A delivery as a command to copy: with a signature of this moment, or with a place for the secret."""

from flask import Blueprint

from calhooks import clock
from calhooks.db import db
from calhooks.delivery.by_hand import request_by_hand
from calhooks.delivery.models.deliveries import Delivery
from calhooks.delivery.sending.curl import signed_command, signing_script
from calhooks.delivery.sending.sender import OutgoingRequest
from calhooks.egress.urls import UrlRefused
from calhooks.web.site.access import membership, sees_owners
from calhooks.web.site.htmx import page_or_part
from calhooks.web.webhooks.context import own_webhook
from calhooks.web.webhooks.deliveries.log import own_delivery
from calhooks.webhooks.models import Webhook

blueprint = Blueprint(
    "curl", __name__, url_prefix="/integrations/webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/curl"
)


@blueprint.get("")
@sees_owners
def show(webhook_id: int, delivery_id: int) -> str:
    """Show the commands. Only who may change the webhook gets one that is signed."""
    webhook = own_webhook(webhook_id)
    delivery = own_delivery(webhook, delivery_id)
    context = {"box": "webhooks/resend/_curl.html", "title": "Copy as cURL", "webhook": webhook, "delivery": delivery}
    return page_or_part("webhooks/resend/box", "_curl", **context, **_commands(webhook, delivery))


def _commands(webhook: Webhook, delivery: Delivery) -> dict[str, object]:
    if delivery.sent_body is None:
        return {"problem": delivery.error}
    placeholders = [(name, placeholder(name)) for name, _ in webhook.endpoint.secret_headers]
    url = delivery.attempts[-1].url if delivery.attempts else webhook.endpoint.url
    request = request_by_hand(db.session(), delivery, url, placeholders)
    is_signed = bool(request.secrets or request.private_keys)
    try:
        return {
            "signed": _signed(request) if not is_signed or _may_change() else None,
            "to_sign": signing_script(request) if request.secrets else None,
            "is_signed": is_signed,
            "placeholders": placeholders,
        }
    except UrlRefused as error:
        return {"problem": str(error)}


def placeholder(name: str) -> str:
    """Return the placeholder for the value of a secret header, such as YOUR_AUTHORIZATION."""
    return f"YOUR_{name.upper().replace('-', '_')}"


def _signed(request: OutgoingRequest) -> str:
    return signed_command(request, int(clock.now().timestamp()))


def _may_change() -> bool:
    found = membership()
    return found is None or found.is_admin

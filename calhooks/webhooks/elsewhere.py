"""A delivery sent once to another URL, such as a receiver that is being developed."""

from sqlalchemy.orm import Session

from calhooks.config import current_config
from calhooks.delivery.by_hand import request_by_hand
from calhooks.delivery.models.deliveries import Delivery
from calhooks.delivery.sending.sender import Result, send
from calhooks.egress.urls import UrlRefused, check_url
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.slots import slots


class CannotSendElsewhere(ValueError):
    """Nothing was sent; str() is the sentence for the person who asked."""


def send_elsewhere(session: Session, webhook: Webhook, delivery: Delivery, url: str) -> Result:
    """Send a delivery's bytes to another URL, signed as the webhook signs, and wait for the answer.

    Secret headers stay with their server. Nothing is kept, and the delivery stays as it is. Ends the session's
    transaction. Raises CannotSendElsewhere, and PingRefused when the owner or the process has enough under way.
    """
    if not url:
        raise CannotSendElsewhere("Enter a URL, such as https://dev.example.com/webhooks.")
    if delivery.sent_body is None:
        raise CannotSendElsewhere(f"There is nothing to send. {delivery.error}")
    try:
        check_url(url, current_config().egress_allow)
    except UrlRefused as refused:
        raise CannotSendElsewhere(str(refused)) from refused
    with slots.taken(webhook.belongs_to):
        request = request_by_hand(session, delivery, url)
        session.commit()
        return send(request, current_config())

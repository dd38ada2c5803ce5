"""A delivery as a single request outside the pump: as a cURL command, or for another URL."""

from sqlalchemy.orm import Session

from calhooks.delivery.key_pairs import signing_now, valid_private_keys
from calhooks.delivery.models.deliveries import Delivery
from calhooks.delivery.models.endpoints import Endpoint, SigningKey
from calhooks.delivery.sending.headers import HeaderPairs
from calhooks.delivery.sending.sender import OutgoingRequest


def valid_secrets(session: Session, endpoint: Endpoint) -> list[str]:
    """Return the secrets that sign now, newest first. Raises Unreadable."""
    return signing_now(session, endpoint, SigningKey.secret)


def request_by_hand(
    session: Session, delivery: Delivery, url: str, secret_headers: HeaderPairs = ()
) -> OutgoingRequest:
    """Return the request of a delivery to `url`: the same id, headers and bytes, with signatures of the keys valid now.

    It has the number of the last attempt, and `secret_headers` in place of the endpoint’s. The delivery has a body.
    """
    return OutgoingRequest(
        url=url,
        body=delivery.sent_body or b"",
        content_type=delivery.content_type,
        message_id=delivery.event.message_id,
        attempt=max(delivery.attempt_count, 1),
        secrets=valid_secrets(session, delivery.endpoint),
        private_keys=valid_private_keys(session, delivery.endpoint),
        headers=delivery.headers,
        secret_headers=secret_headers,
    )

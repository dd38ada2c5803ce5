"""What the owner of a webhook can do about a status outside 2xx."""

import re
from datetime import timedelta
from http import HTTPStatus

from calhooks.delivery.sending.retry_after import RetryAfter

# What nginx, Apache, Go and others answer on their TLS port.
SPEAKS_TLS = re.compile(rb"plain HTTP|HTTP request to an HTTPS", re.IGNORECASE)
# What nginx answers without one, and with one that it does not accept.
NO_CLIENT_CERTIFICATE = re.compile(rb"No required SSL certificate|SSL certificate error", re.IGNORECASE)
_UNITS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))

HINTS: dict[int | None, str] = {
    HTTPStatus.BAD_REQUEST: "Compare the body with the one that it expects.",
    HTTPStatus.UNAUTHORIZED: "The receiver wants an Authorization header: add it under Headers, or check its value.",
    HTTPStatus.FORBIDDEN: (
        "It may want an Authorization header (add it under Headers), or its firewall rejects this server."
    ),
    HTTPStatus.NOT_FOUND: "Check the path of the URL.",
    HTTPStatus.METHOD_NOT_ALLOWED: "It takes no POST at this URL: check the path.",
    HTTPStatus.NOT_ACCEPTABLE: "Add the Accept header that it wants under Headers.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large for it: shorten the template or raise its limit.",
    HTTPStatus.REQUEST_URI_TOO_LONG: "The URL is too long for it.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "It wants another content type: choose it at the payload.",
    HTTPStatus.MISDIRECTED_REQUEST: "The server does not serve this host: check the URL.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Compare the body with the one that it expects.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The headers are too long for it: shorten those under Headers.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The receiver's own log says why.",
    HTTPStatus.BAD_GATEWAY: "A proxy answered: the server behind it may be down.",
    HTTPStatus.GATEWAY_TIMEOUT: "A proxy answered: the server behind it may be down or too slow.",
}


def hint(status: int | None, url: str, body: bytes) -> str:
    """Return a sentence about a status outside 2xx, empty where there is nothing to say."""
    if status == HTTPStatus.BAD_REQUEST and url.startswith("http://") and SPEAKS_TLS.search(body):
        return "This port wants TLS: try https:// in the URL."
    if status == HTTPStatus.BAD_REQUEST and NO_CLIENT_CERTIFICATE.search(body):
        return "The receiver wants a client certificate, and calhooks has none to show."
    return HINTS.get(status, "")


def asked_to_wait(asked: RetryAfter | None) -> str:
    """Return the words for a refusal, with how long the receiver asks to wait."""
    if asked is None or not asked.wait:
        return "it takes no more right now"
    return f"it asks to wait {_spoken(asked.wait)}"


def _spoken(wait: timedelta) -> str:
    """Return a time in its largest unit, such as "1.5 minutes"."""
    name, size = next(((name, size) for name, size in _UNITS if wait >= size), ("second", timedelta(seconds=1)))
    count = f"{round(wait / size, 1 if name != 'second' else 3):g}"
    return f"{count} {name}{'' if count == '1' else 's'}"

"""Headers that an endpoint's owner adds to its requests: which can be added, and what their values may hold."""

import re
from collections.abc import Sequence

from calhooks.text import CONTROL_CHARACTERS, whole

HeaderPairs = Sequence[Sequence[str]]

MAX_HEADER_NAME_LENGTH = 100
MAX_HEADER_VALUE_LENGTH = 4000
HIDDEN = "••••••••"

HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
SECRET_NAME = re.compile(r"authorization|cookie|token$|secret|password|api-?key", re.IGNORECASE)

_CONNECTION = "it belongs to the connection, not to the request."
_OURS = "calhooks sets it itself, and receivers rely on it."
RESERVED_HEADERS = {
    "host": "it comes from the address.",
    "content-length": "it is counted from the body.",
    "content-type": "choose it at the payload.",
    "content-encoding": "the body is sent as it is.",
    "accept-encoding": "answers are kept as they come.",
    "expect": "the body is sent at once.",
    **dict.fromkeys(
        (
            "connection",
            "keep-alive",
            "proxy-authenticate",
            "proxy-authorization",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "http2-settings",
        ),
        _CONNECTION,
    ),
    **dict.fromkeys(
        (
            "user-agent",
            "x-cal-signature-256",
            "x-cal-webhook-version",
            "x-calhooks-attempt",
            "webhook-id",
            "webhook-timestamp",
            "webhook-signature",
        ),
        _OURS,
    ),
}


def header_name_problem(name: str) -> str | None:
    """Say why a header cannot be added, or None."""
    if len(name) > MAX_HEADER_NAME_LENGTH:
        return f"A header's name has at most {MAX_HEADER_NAME_LENGTH} characters."
    if not HEADER_NAME.fullmatch(name):
        return f"“{name}” cannot be a header's name: use letters, digits and hyphens, without spaces or a colon."
    if reason := RESERVED_HEADERS.get(name.lower()):
        return f"{name} cannot be set: {reason}"
    return None


def is_always_secret(name: str) -> bool:
    """Tell whether what stands in a header of this name is a secret by its nature."""
    return SECRET_NAME.search(name) is not None


def header_value(value: str) -> str:
    """Return a value that ends no header and begins none: every run of control characters becomes a space."""
    # What is printable has no control characters and no halves of characters: the usual case, told in a tenth the time.
    return value.strip() if value.isprintable() else whole(CONTROL_CHARACTERS.sub(" ", value)).strip()


def masked(headers: Sequence[tuple[str, str]], secret: HeaderPairs) -> list[tuple[str, str]]:
    """Return headers as they may be kept and shown: without the values of those that are secret."""
    names = {name.lower() for name, _ in secret}
    return [(name, HIDDEN if name.lower() in names else value) for name, value in headers]

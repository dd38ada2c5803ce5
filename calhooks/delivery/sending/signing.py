"""The signatures of a request: Cal.com's own and Standard Webhooks 1.0."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from calhooks.ids import STANDARD_PREFIX

MAX_SECRET_LENGTH = 500


class InvalidSecret(ValueError):
    """A secret that cannot sign; str() is the sentence for the person who typed it."""


def validate_secret(secret: str) -> None:
    """Refuse a secret that cannot sign. Raises InvalidSecret."""
    if len(secret) > MAX_SECRET_LENGTH:
        raise InvalidSecret(f"A secret has at most {MAX_SECRET_LENGTH} characters.")
    if "\0" in secret:
        raise InvalidSecret("A secret cannot contain the character NUL.")
    if not _standard_key(secret):
        raise InvalidSecret("After whsec_ a secret must be base64, as the Generate button makes it.")


def signature_headers(body: bytes, *, message_id: str, timestamp: int, secrets: Sequence[str]) -> list[tuple[str, str]]:
    """Return the headers that let a receiver verify `body`.

    `secrets` are those still valid, newest first; `timestamp` is in Unix seconds.
    """
    if not secrets:
        return [("X-Cal-Signature-256", "no-secret-provided")]
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = [_standard_signature(signed, secret) for secret in secrets]
    return [
        ("X-Cal-Signature-256", hmac.new(secrets[0].encode(), body, hashlib.sha256).hexdigest()),
        ("webhook-signature", " ".join(signatures)),
    ]


def _standard_signature(signed: bytes, secret: str) -> str:
    digest = hmac.digest(_standard_key(secret), signed, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def _standard_key(secret: str) -> bytes:
    """Return the key that Standard Webhooks reads in a secret, empty where it reads none."""
    if not secret.startswith(STANDARD_PREFIX):
        return secret.encode()
    encoded = secret.removeprefix(STANDARD_PREFIX).encode()
    # Python takes padding that nothing needs, which other languages refuse.
    if len(encoded) % 4:
        return b""
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return b""

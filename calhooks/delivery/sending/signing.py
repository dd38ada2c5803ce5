"""The signatures of a request: Cal.com's own and Standard Webhooks 1.0."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from calhooks.encryption.ed25519 import ed25519_signature
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


def signature_headers(
    body: bytes, *, message_id: str, timestamp: int, secrets: Sequence[str], private_keys: Sequence[str] = ()
) -> list[tuple[str, str]]:
    """Return the headers that let a receiver verify `body`.

    `secrets` and `private_keys` (`whsk_…`) are those still valid, newest first; `timestamp` is in Unix seconds.
    Signatures by secrets come first, because some receivers read only the first one.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = [_hmac_signature(signed, secret) for secret in secrets]
    signatures += [_ed25519_signature(signed, private_key) for private_key in private_keys]
    cal = hmac.new(secrets[0].encode(), body, hashlib.sha256).hexdigest() if secrets else "no-secret-provided"
    standard = [("webhook-signature", " ".join(signatures))] if signatures else []
    return [("X-Cal-Signature-256", cal), *standard]


def _hmac_signature(signed: bytes, secret: str) -> str:
    digest = hmac.digest(_standard_key(secret), signed, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def _ed25519_signature(signed: bytes, private_key: str) -> str:
    return f"v1a,{base64.b64encode(ed25519_signature(private_key, signed)).decode()}"


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

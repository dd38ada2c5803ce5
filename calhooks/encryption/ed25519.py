"""Ed25519 key pairs as Standard Webhooks writes them: what they are, how they are made and how they sign."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PRIVATE_PREFIX, PUBLIC_PREFIX = "whsk_", "whpk_"
SEED_BYTES = 32


class NewKeyPair(NamedTuple):
    """`private_key` is whsk_ and 64 bytes in base64, the seed and the public key; `public_key` is whpk_ and 32."""

    private_key: str
    public_key: str


def new_key_pair() -> NewKeyPair:
    """Return a random key pair."""
    # Imported here, and below: only a process that signs with a key pair pays for it.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    seed, public = key.private_bytes_raw(), key.public_key().public_bytes_raw()
    return NewKeyPair(
        PRIVATE_PREFIX + base64.b64encode(seed + public).decode(), PUBLIC_PREFIX + base64.b64encode(public).decode()
    )


def ed25519_signature(private_key: str, message: bytes) -> bytes:
    """Return the 64 bytes of a signature over `message`."""
    return _parsed(private_key).sign(message)


# To parse a key takes as long as to sign with it.
@lru_cache(maxsize=1000)
def _parsed(private_key: str) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    seed = base64.b64decode(private_key.removeprefix(PRIVATE_PREFIX))[:SEED_BYTES]
    return Ed25519PrivateKey.from_private_bytes(seed)

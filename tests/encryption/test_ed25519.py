"""Tests of key pairs: how they are written, and that the published library verifies what they sign."""

import base64

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from calhooks.encryption.ed25519 import ed25519_signature, new_key_pair


def bytes_of(key: str, prefix: str) -> bytes:
    assert key.startswith(prefix)
    return base64.b64decode(key.removeprefix(prefix), validate=True)


def test_a_new_key_pair_is_written_as_standard_webhooks_writes_it() -> None:
    pair = new_key_pair()
    private, public = bytes_of(pair.private_key, "whsk_"), bytes_of(pair.public_key, "whpk_")
    assert (len(private), len(public)) == (64, 32)
    assert private[32:] == public
    assert new_key_pair().private_key != pair.private_key


def test_the_public_key_verifies_what_the_private_key_signs_and_nothing_else() -> None:
    pair = new_key_pair()
    public = Ed25519PublicKey.from_public_bytes(bytes_of(pair.public_key, "whpk_"))
    signature = ed25519_signature(pair.private_key, b"message")
    public.verify(signature, b"message")
    with pytest.raises(InvalidSignature):
        public.verify(signature, b"massage")
    with pytest.raises(InvalidSignature):
        public.verify(ed25519_signature(new_key_pair().private_key, b"message"), b"message")

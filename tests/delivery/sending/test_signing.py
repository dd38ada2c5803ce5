"""Signatures as the contract has them, checked against the published vectors and the published library."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from calhooks import ids
from calhooks.delivery.sending.signing import InvalidSecret, signature_headers, validate_secret
from calhooks.encryption.ed25519 import new_key_pair

PUBLISHED = json.loads((Path(__file__).parent / "signatures.json").read_text())
VECTORS, KEY_PAIR_VECTORS = PUBLISHED["standard_webhooks"], PUBLISHED["ed25519"]


def headers(body: bytes, *secrets: str, timestamp: int = 1614265330) -> dict[str, str]:
    return dict(signature_headers(body, message_id="msg_1", timestamp=timestamp, secrets=secrets))


@pytest.mark.parametrize("vector", VECTORS)
def test_the_published_vectors_are_met(vector: dict[str, str]) -> None:
    signed = signature_headers(
        vector["body"].encode(),
        message_id=vector["id"],
        timestamp=int(vector["timestamp"]),
        secrets=[vector["secret"]],
    )
    assert ("webhook-signature", vector["signature"]) in signed


@pytest.mark.parametrize("vector", KEY_PAIR_VECTORS)
def test_the_published_vectors_of_key_pairs_are_met(vector: dict[str, str]) -> None:
    signed = signature_headers(
        vector["body"].encode(),
        message_id=vector["id"],
        timestamp=int(vector["timestamp"]),
        secrets=[],
        private_keys=[vector["private_key"]],
    )
    assert signed == [("X-Cal-Signature-256", "no-secret-provided"), ("webhook-signature", vector["signature"])]


def test_with_both_the_secrets_sign_first_and_the_published_library_still_accepts_it() -> None:
    now, private_keys = int(datetime.now(UTC).timestamp()), [new_key_pair().private_key for _ in range(2)]
    secrets = [ids.new_secret(), ids.new_secret()]
    signed = dict(
        signature_headers(b"{}", message_id="msg_1", timestamp=now, secrets=secrets, private_keys=private_keys)
    )
    versions = [each.partition(",")[0] for each in signed["webhook-signature"].split(" ")]
    assert versions == ["v1", "v1", "v1a", "v1a"]
    assert signed["X-Cal-Signature-256"] == headers(b"{}", secrets[0], timestamp=now)["X-Cal-Signature-256"]
    for secret in secrets:
        assert Webhook(secret).verify(b"{}", {"webhook-id": "msg_1", "webhook-timestamp": str(now)} | signed) == {}


def test_cal_coms_signature_uses_the_whole_secret_as_entered() -> None:
    body = '{"name":"Zoë"}'.encode()
    for secret in ("plain", "pässword", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"):
        expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        assert headers(body, secret)["X-Cal-Signature-256"] == expected


def test_without_a_secret_it_says_so_and_nothing_more() -> None:
    assert headers(b"{}") == {"X-Cal-Signature-256": "no-secret-provided"}


def test_during_a_rotation_both_keys_sign_and_the_newest_comes_first() -> None:
    new, old = ids.new_secret(), "old"
    signed = headers(b"{}", new, old)
    assert signed["X-Cal-Signature-256"] == headers(b"{}", new)["X-Cal-Signature-256"]
    assert signed["webhook-signature"].split(" ") == [
        headers(b"{}", new)["webhook-signature"],
        headers(b"{}", old)["webhook-signature"],
    ]


def test_the_published_library_accepts_generated_and_plain_secrets() -> None:
    now = int(datetime.now(UTC).timestamp())
    for secret, key in ((generated := ids.new_secret(), generated), ("plain secret", b"plain secret")):
        signed = headers(b'{"a":1}', secret, timestamp=now)
        received = {"webhook-id": "msg_1", "webhook-timestamp": str(now)} | signed
        assert Webhook(key).verify(b'{"a":1}', received) == {"a": 1}


@pytest.mark.parametrize(
    "secret", ["a", "whsec", "whsec-x", "pässword 🎉", "whsec_AAAA", pytest.param(ids.new_secret(), id="a new one")]
)
def test_a_secret_that_can_sign_is_valid(secret: str) -> None:
    validate_secret(secret)
    assert headers(b"", secret)["webhook-signature"].startswith("v1,")


@pytest.mark.parametrize(
    "secret",
    ["whsec_", "whsec_!!!!", "whsec_abc", "whsec_YWJj YWJj", "whsec_a_b-", "whsec_é", "whsec_YWJj=", "whsec_YWJj=="],
)
def test_whsec_with_invalid_base64_is_refused(secret: str) -> None:
    with pytest.raises(InvalidSecret, match="base64"):
        validate_secret(secret)


def test_an_endless_secret_or_one_with_nul_is_refused() -> None:
    with pytest.raises(InvalidSecret, match="500"):
        validate_secret("a" * 501)
    with pytest.raises(InvalidSecret, match="NUL"):
        validate_secret("a\0")

"""Tests of the commands that repeat a request: run by bash, with curl and openssl, against a real receiver."""

import base64
import hashlib
import hmac
import subprocess
import time

import pytest
from standardwebhooks import Webhook as Verifier

from calhooks.delivery.sending.curl import YOUR_SECRET, shell_word, signed_command, signing_script
from calhooks.delivery.sending.sender import OutgoingRequest, Sender
from tests.delivery.receivers import Received, Receiver
from tests.delivery.sending.posting import LOOPBACK

STANDARD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLLSw"
BODIES = {
    "json": b'{"a":"it\'s \xf0\x9f\x98\x80 $HOME `ls` !x \\\\n %s"}',
    "a file's name": b"@/etc/passwd",
    "an option": b"-n",
    "empty": b"",
    "lines": b"\n\none\ntwo\n\n",
    "what a terminal changes": b"a\tb\r\nc\x00\x1b[2J",
    "any bytes": bytes(range(256)) * 3,
    "right to left": "\u202eabc\u2028".encode(),
    "longer than an argument": b'{"a": "%s"}' % (b"x" * 300_000),
}


def request_to(receiver: Receiver, body: bytes = b"{}", **values: object) -> OutgoingRequest:
    fields: dict[str, object] = {
        "url": receiver.url,
        "body": body,
        "content_type": "application/json",
        "message_id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "attempt": 3,
        "secrets": [STANDARD],
    }
    return OutgoingRequest(**(fields | values))  # type: ignore[arg-type]  # what a test changes


def run(command: str) -> None:
    subprocess.run(["bash"], input=command.encode(), check=True, capture_output=True, timeout=30)


def sent_by(request: OutgoingRequest, receiver: Receiver, secret: str = STANDARD) -> list[Received]:
    """Run both commands and return what arrived."""
    run(signed_command(request, int(time.time())))
    run(signing_script(request).replace(shell_word(YOUR_SECRET), shell_word(secret)))
    return receiver.received


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("secret", [STANDARD, "it's plain ü"])
def test_both_commands_send_the_same_bytes_with_valid_signatures(receiver: Receiver, body: bytes, secret: str) -> None:
    arrived = sent_by(request_to(receiver, body, secrets=[secret]), receiver, secret)
    assert [each.body for each in arrived] == [body, body]
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret == STANDARD else secret.encode()
    for each in arrived:
        signed = f"{each.headers['webhook-id']}.{each.headers['webhook-timestamp']}.".encode() + body
        standard = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        assert each.headers["webhook-signature"] == f"v1,{standard}"
        assert each.headers["x-cal-signature-256"] == hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_a_receiver_that_verifies_accepts_both(receiver: Receiver) -> None:
    for each in sent_by(request_to(receiver, b'{"triggerEvent":"PING"}'), receiver):
        assert Verifier(STANDARD).verify(each.body, each.headers) == {"triggerEvent": "PING"}


def test_url_and_headers_are_those_that_calhooks_sends(receiver: Receiver) -> None:
    url = f"{receiver.url}/a[1]/{{x}}?q='$HOME&r=1"
    own = {"headers": [["X-Own", 'it\'s "mine"'], ["X-Name", "Zoë"]]}
    request = request_to(receiver, b"{}", url=url, secret_headers=[["Authorization", "YOUR_AUTHORIZATION"]], **own)
    Sender(LOOPBACK).send(request)
    original, *copies = sent_by(request, receiver)
    signed = ("webhook-timestamp", "webhook-signature")
    for copy in copies:
        assert copy.line == original.line
        assert _without(copy.headers, *signed) == _without(original.headers, *signed)
    assert copies[0].headers["authorization"] == "YOUR_AUTHORIZATION"


def test_without_a_secret_the_command_says_so_in_its_header(receiver: Receiver) -> None:
    run(signed_command(request_to(receiver, secrets=[]), int(time.time())))
    [arrived] = receiver.received
    assert arrived.headers["x-cal-signature-256"] == "no-secret-provided"
    assert "webhook-signature" not in arrived.headers


def test_the_script_has_no_secret_in_it(receiver: Receiver) -> None:
    script = signing_script(request_to(receiver))
    assert STANDARD not in script
    assert "v1,$standard" in script


def _without(headers: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in names}

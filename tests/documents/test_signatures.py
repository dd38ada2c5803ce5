"""The examples of verifying a signature are run, in each language."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook as StandardWebhook

from calhooks.delivery.sending.signing import signature_headers
from calhooks.encryption.ed25519 import new_key_pair
from tests.documents.reading import README, blocks, page, section
from tests.running import on_another_day, real_clock

BODY = '{"name":"Zoë 日本 🎉"}'.encode()
SECRETS = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "any other secret"]


def signed(secret: str, *, ago: int = 0, body: bytes = BODY) -> dict[str, str]:
    """Return the headers of a request signed with the secret and, before it, with one that replaces it."""
    timestamp = int(time.time()) - ago
    headers = signature_headers(body, message_id="msg_1", timestamp=timestamp, secrets=["the newest secret", secret])
    return {"webhook-id": "msg_1", "webhook-timestamp": str(timestamp), **dict(headers)}


def in_python(document: str, secret: str, headers: dict[str, str], body: bytes) -> bool:
    names: dict[str, Any] = {}
    exec(blocks(document, "python")[0], names)
    verdict: bool = names["is_from_calhooks"](secret, headers, body)
    return verdict


def printed(program: str, *arguments: str, code: str = "", **options: Any) -> bool:
    """Run a program that prints true or false; skip where it is not installed, unless every language is required."""
    path = shutil.which(program)
    if path is None and os.environ.get("CALHOOKS_REQUIRE_LANGUAGES") == "1":
        pytest.fail(f"every language of the examples is required, but {program} is not installed")
    if path is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run([path, *arguments], input=code, capture_output=True, text=True, **options)
    assert done.stdout in ("true\n", "false\n"), done.stderr
    return done.stdout == "true\n"


def in_node(document: str, secret: str, headers: dict[str, str], body: bytes) -> bool:
    code = blocks(document, "javascript")[0]
    call = f"isFromCalhooks({json.dumps(secret)}, {json.dumps(headers)}, Buffer.from({json.dumps(body.hex())}, 'hex'))"
    return printed("node", "-", code=f"{code}\nconsole.log({call})")


def in_php(document: str, secret: str, headers: dict[str, str], body: bytes) -> bool:
    code = blocks(document, "php")[0]
    given = json.dumps({"secret": secret, "headers": headers, "body": body.hex()}).encode().hex()
    call = f"$g = json_decode(hex2bin('{given}'), true);"
    verdict = "isFromCalhooks($g['secret'], $g['headers'], hex2bin($g['body']))"
    return printed("php", code=f'<?php\n{code}\n{call}\necho json_encode({verdict}), "\\n";')


def in_ruby(document: str, secret: str, headers: dict[str, str], body: bytes) -> bool:
    code = blocks(document, "ruby")[0]
    given = json.dumps({"secret": secret, "headers": headers, "body": body.hex()}).encode().hex()
    call = f'require "json"; g = JSON.parse(["{given}"].pack("H*"))'
    verdict = 'from_calhooks?(g["secret"], g["headers"], [g["body"]].pack("H*"))'
    return printed("ruby", "-", code=f"{code}\n{call}\nputs {verdict}")


GO = """
package main
%s
func main() {
	text, _ := hex.DecodeString("%s")
	var g struct{ Secret, Body string; Headers map[string]string }
	if err := json.Unmarshal(text, &g); err != nil { panic(err) }
	header := http.Header{}
	for name, value := range g.Headers { header.Set(name, value) }
	body, _ := hex.DecodeString(g.Body)
	fmt.Println(IsFromCalhooks(g.Secret, header, body))
}
"""


def in_go(document: str, secret: str, headers: dict[str, str], body: bytes) -> bool:
    code = blocks(document, "go")[0].replace("import (", 'import (\n"encoding/hex"\n"encoding/json"')
    if on_another_day():
        # Go asks the kernel for the time, past faketime.
        assert code.count("time.Since(") == 1
        code = code.replace("time.Since(", f"time.Unix({int(time.time())}, 0).Sub(")
    given = json.dumps({"secret": secret, "headers": headers, "body": body.hex()}).encode().hex()
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "main.go"
        file.write_text(GO % (code, given))
        # Without a C compiler, which Debian's package does not need.
        return printed("go", "run", str(file), cwd=directory, env=real_clock() | {"CGO_ENABLED": "0"})


VERIFY = page("verify")
IN_README = section(README, "Verify a signature")
LANGUAGES = (in_python, in_node, in_php, in_ruby, in_go)
WAYS = [(IN_README, in_python), (IN_README, in_node), *((VERIFY, verify) for verify in LANGUAGES)]
Verify = Callable[[str, str, dict[str, str], bytes], bool]


@pytest.mark.parametrize(
    ("document", "verify"),
    WAYS,
    ids=[f"{'page' if text is VERIFY else 'README'} {way.__name__}" for text, way in WAYS],
)
@pytest.mark.parametrize("secret", SECRETS)
def test_what_the_documents_say_accepts_what_calhooks_signs_and_nothing_else(
    document: str, verify: Verify, secret: str
) -> None:
    assert verify(document, secret, signed(secret), BODY)
    assert not verify(document, secret, signed(secret), BODY + b" ")
    assert not verify(document, secret, signed(secret, ago=3600), BODY)
    assert not verify(document, "another secret", signed(secret), BODY)


@pytest.mark.parametrize("verify", LANGUAGES, ids=lambda verify: verify.__name__)
def test_what_the_page_says_of_public_keys_accepts_what_a_key_pair_signs_and_nothing_else(verify: Verify) -> None:
    document, body = section(VERIFY, "Verify with a public key"), BODY
    new, old, other = (new_key_pair() for _ in range(3))

    def signed_by_both(ago: int = 0) -> dict[str, str]:
        timestamp = int(time.time()) - ago
        keys = {"secrets": SECRETS[:1], "private_keys": [new.private_key, old.private_key]}
        headers = signature_headers(body, message_id="msg_1", timestamp=timestamp, **keys)
        return {"webhook-id": "msg_1", "webhook-timestamp": str(timestamp), **dict(headers)}

    for pair in (new, old):
        assert verify(document, pair.public_key, signed_by_both(), body)
    assert not verify(document, other.public_key, signed_by_both(), body)
    assert not verify(document, new.public_key, signed_by_both(), body + b" ")
    assert not verify(document, new.public_key, signed_by_both(ago=3600), body)
    assert not verify(document, new.public_key, signed(SECRETS[0]), body)
    signature = signed_by_both()["webhook-signature"].split()[1].removeprefix("v1a")
    for broken in ("v1a", "v1a,", "v1a,AAAA", "v1a,!", f"v1{signature}", f"v2{signature}"):
        assert not verify(document, new.public_key, signed_by_both() | {"webhook-signature": broken}, body)


def test_a_missing_language_fails_where_every_language_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    for required, outcome in (("1", pytest.fail.Exception), ("", pytest.skip.Exception)):
        monkeypatch.setenv("CALHOOKS_REQUIRE_LANGUAGES", required)
        with pytest.raises(outcome, match="ruby is not installed"):
            printed("ruby")


def test_the_published_library_accepts_what_calhooks_signs() -> None:
    StandardWebhook(SECRETS[0]).verify(BODY.decode(), signed(SECRETS[0]))

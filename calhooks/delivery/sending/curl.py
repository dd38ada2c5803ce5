"""A request as a command for bash and zsh: curl, with the body byte for byte.

A body that the clipboard, a terminal or curl itself could change is written as base64.
"""

import base64
import unicodedata
from collections.abc import Sequence

from calhooks.delivery.sending.sender import OutgoingRequest, written_request

# A shell limits the length of an argument, but not what its own printf prints.
MAX_ARGUMENT_BYTES = 100_000
YOUR_SECRET = "YOUR_SECRET"  # noqa: S105 - a placeholder
# curl adds these.
BY_CURL = {"host", "content-length"}
# The script computes these.
SIGNED = {"webhook-timestamp", "webhook-signature", "x-cal-signature-256"}

SCRIPT = """\
(
secret={secret}
id={message_id}
timestamp=$(date +%s)
body() {{ {body}; }}
hex() {{ od -An -v -tx1 | tr -d ' \\n'; }}
hmac() {{ openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -binary; }}
text_key=$(printf %s "$secret" | hex)
case "$secret" in
  whsec_*) key=$(printf %s "${{secret#whsec_}}" | base64 --decode | hex) ;;
  *) key=$text_key ;;
esac
cal=$(body | hmac "$text_key" | hex)
standard=$({{ printf '%s.%s.' "$id" "$timestamp"; body; }} | hmac "$key" | base64)
body | {command}
)
"""


def signed_command(request: OutgoingRequest, timestamp: int) -> str:
    """Return the command that sends a request with its signatures of `timestamp`, in Unix seconds.

    Raises UrlRefused.
    """
    url, headers = written_request(request, timestamp)
    text = _as_argument(request.body)
    data, piped = ("@-", f"{_printing(request.body)} | ") if text is None else (shell_word(text), "")
    return piped + _curl(url, [shell_word(f"{name}: {value}") for name, value in _given(headers)], data)


def signing_script(request: OutgoingRequest) -> str:
    """Return a script that signs a request, with the secret that a person writes into its first line, and sends it.

    It needs openssl. Raises UrlRefused.
    """
    url, headers = written_request(request, 0)
    plain = [shell_word(f"{name}: {value}") for name, value in _given(headers) if name.lower() not in SIGNED]
    computed = [
        '"webhook-timestamp: $timestamp"',
        '"X-Cal-Signature-256: $cal"',
        '"webhook-signature: v1,$standard"',
    ]
    return SCRIPT.format(
        secret=shell_word(YOUR_SECRET),
        message_id=shell_word(request.message_id),
        body=_printing(request.body),
        command=_curl(url, plain + computed, "@-"),
    )


def shell_word(text: str) -> str:
    """Return a text as one word of a shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def _curl(url: str, headers: Sequence[str], data: str) -> str:
    # The URL is sent as it is, with its brackets and dots, and the body without waiting for a 100 Continue.
    lines = [f"curl -i -X POST --globoff --path-as-is {shell_word(url)}", *(f"-H {header}" for header in headers)]
    return " \\\n  ".join([*lines, "-H 'Expect:'", f"--data-binary {data}"])


def _given(headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in BY_CURL]


def _printing(body: bytes) -> str:
    """Return the command that prints a body."""
    text = _as_text(body)
    if text is not None:
        return f"printf %s {shell_word(text)}"
    return f"printf %s {shell_word(base64.b64encode(body).decode())} | base64 --decode"


def _as_argument(body: bytes) -> str | None:
    """Return a body as curl takes it for an argument, None for one that it would not take as it is."""
    # curl reads a file for what begins with @.
    return None if body.startswith(b"@") or len(body) > MAX_ARGUMENT_BYTES else _as_text(body)


def _as_text(body: bytes) -> str | None:
    """Return a body that can be copied and pasted as text, None for any other."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return None if any(unicodedata.category(letter) in ("Cc", "Cf") and letter != "\n" for letter in text) else text

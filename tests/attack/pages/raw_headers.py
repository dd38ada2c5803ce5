"""Headers as no browser sends them, byte for byte, to pages of everybody and of an account."""

import socket
from itertools import product

from tests.attack.pages.hostile import MARK
from tests.attack.pages.visitors import ANSWER_SECONDS
from tests.attack.rows import Row, worst_of
from tests.attack.target import Target

NAMES = (
    "Host HX-Request HX-Current-URL HX-Target HX-Trigger HX-Prompt Referer Origin Cookie Accept Accept-Language "
    "Accept-Encoding Authorization Content-Type Content-Length Content-Encoding Transfer-Encoding Expect Range "
    "If-None-Match If-Modified-Since If-Range X-Forwarded-For X-Forwarded-Proto X-Forwarded-Host X-Forwarded-Port "
    "X-Forwarded-Prefix Forwarded X-Real-IP X-HTTP-Method-Override User-Agent Upgrade Connection TE"
)
VALUES = [
    b"",
    b"http://[",
    b"http://[::1]:99999999/\x1b[2J",
    b"//evil.example/" + MARK.encode(),
    b"\xff\xfe\xed\xa0\x80",
    b"\x00",
    b"a\rb",
    b"a\n" + MARK.encode() + b": b",
    b"," * 4000,
    b";q=" * 2000,
    b"bytes=" + b"0-1," * 1000,
    b"9" * 4000,
    b"-1",
    b"=?utf-8?q?x=0d=0ay?=",
    b"multipart/form-data; boundary=" + b"\xe9" * 100,
    b"text/html; charset=idna",
    b"application/x-www-form-urlencoded; charset=" + b"x" * 300,
    b"session=" + b"." * 3000 + b"; visitor=\xff; =; ;;",
    b"W/" + b'"' * 999,
    b"gzip, deflate, br;q=nan, *;q=-1",
    b"127.0.0.1" + b", 127.0.0.1" * 300,
    b'for="[::1";proto=javascript;host="evil.example"',
    b"Sat, 31 Feb 9999 25:61:61 GMT",
    b"Basic \xff==",
]

# What a server has to say of a Transfer-Encoding that it does not know (RFC 9112, 6.1).
UNKNOWN_CODING = 501


def attack(target: Target, _seed: str) -> list[Row]:
    """Send every value in every header, signed in and signed out, with GET and POST."""
    people = target.people()
    cookies = ["", people.owner.cookies()]
    public = f"/{people.things['username']}"
    requests = [("GET", "/settings/profile"), ("GET", public), ("POST", "/login"), ("GET", "/none")]
    wrong: list[str] = []
    tried = 0
    for name, value, (method, path), cookie in product(NAMES.split(), VALUES, requests, cookies):
        status = _status(target, method, path, cookie, name.encode() + b": " + value)
        tried += 1
        if status == 0 or (status >= 500 and status != UNKNOWN_CODING):
            who = "the owner" if cookie else "a stranger"
            wrong.append(f"{method} {path} of {who} with {name}: {value[:60]!r}: {status or 'no answer'}")
    wrong += target.complaints()
    return [Row("headers, byte for byte", tried, worst_of(wrong) or "no answer of 500 or above", not wrong)]


def _status(target: Target, method: str, path: str, cookie: str, line: bytes) -> int:
    """Return the status of the answer, 0 where there was none."""
    head = [f"{method} {path} HTTP/1.1".encode(), line]
    given = line.partition(b":")[0].lower()
    head += [] if given == b"host" else [f"Host: {target.url.partition('://')[2]}".encode()]
    head += [f"Cookie: {cookie}".encode()] if cookie and given != b"cookie" else []
    head += [] if given in (b"content-length", b"transfer-encoding") or method == "GET" else [b"Content-Length: 0"]
    head += [] if given == b"connection" else [b"Connection: close"]
    with socket.create_connection(("127.0.0.1", target.running.port), timeout=ANSWER_SECONDS) as connection:
        try:
            connection.sendall(b"\r\n".join(head) + b"\r\n\r\n")
            # What follows may be waited for; nothing does.
            connection.shutdown(socket.SHUT_WR)
            answer = connection.makefile("rb").readline().split()
        except OSError:
            return 0
    return int(answer[1]) if len(answer) > 1 and answer[1].isdigit() else 0

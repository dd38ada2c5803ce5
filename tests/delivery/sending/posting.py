"""Shorthands for tests of single attempts."""

import ipaddress
import socket

import pytest

from calhooks.delivery.sending.sender import OutgoingRequest, Result, Sender

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
DEADLINE = 1.0
# By how much a busy machine may notice the end of a time too late.
LATE_SECONDS = 2.5
OK = b"HTTP/1.1 200 OK\r\n"


def outgoing(
    url: str, body: bytes = b"{}", *, secrets: tuple[str, ...] = (), send_before: float = 0.0
) -> OutgoingRequest:
    """Return the third attempt of a small delivery."""
    return OutgoingRequest(
        url=url,
        body=body,
        content_type="application/json",
        message_id="msg_1",
        attempt=3,
        secrets=secrets,
        send_before=send_before,
    )


def post(sender: Sender, url: str, body: bytes = b"{}", secrets: tuple[str, ...] = ()) -> Result:
    """Carry out one attempt."""
    return sender.send(outgoing(url, body, secrets=secrets))


def resolve(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Have the resolver give one list of addresses after another, the last one for ever. Returns who was asked for."""
    asked: list[str] = []
    left = list(answers)

    def getaddrinfo(host: str, *_args: object, **_options: object) -> list[tuple[object, ...]]:
        asked.append(host)
        addresses = left.pop(0) if len(left) > 1 else left[0]
        return [(0, 0, 0, "", (address, 0)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked

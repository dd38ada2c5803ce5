"""Addresses that no webhook may reach, in every spelling: asked of the guard, and one of this machine tried."""

import ipaddress
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from calhooks.egress.addresses import verdict
from calhooks.egress.urls import UrlRefused, check_url
from tests.attack.pages.crawl import fillables
from tests.attack.rows import Row, worst_of
from tests.attack.target import Target

VECTORS = json.loads((Path(__file__).parents[1] / "egress" / "egress.json").read_text())
# On this machine too, but not among the receivers that the operator allows.
TRAP = "127.0.0.2"
WIDE = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
METADATA = ("169.254.169.254", "169.254.170.2", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254")


def attack(target: Target, _seed: str) -> list[Row]:
    """Ask the guard, then have a real webhook pinged at every spelling of one address of this machine."""
    return [_asked(), _tried(target)]


def _asked() -> Row:
    wrong = [f"{address} is allowed" for address in VECTORS["blocked"] if verdict(address, ()).allowed]
    wrong += [f"{address} is refused" for address in VECTORS["allowed"] if not verdict(address, ()).allowed]
    wrong += [f"{url} is allowed" for url in VECTORS["blocked_urls"] if _is_accepted(url)]
    embedded = [spelling for address in METADATA for spelling in embeddings(address)]
    wrong += [f"{address} reaches cloud metadata" for address in embedded if verdict(address, WIDE).allowed]
    tried = sum(map(len, (VECTORS["blocked"], VECTORS["allowed"], VECTORS["blocked_urls"], embedded)))
    return Row("addresses asked of the guard", tried, worst_of(wrong) or "every verdict as it must be", not wrong)


def _tried(target: Target) -> Row:
    people = target.people()
    form = next(what for what in fillables(people) if what.path == "/integrations/webhooks/ping")
    with _trap() as (port, heard):
        urls = [f"http://{host}:{port}/" for host in spellings(TRAP)]
        for url in urls:
            fields = form.fields | {"subscriberUrl": [url], "csrf_token": [people.owner.token()]}
            people.owner.ask("POST", form.path, data=fields)
        wrong = [f"{len(heard)} connections arrived"] if heard else []
    return Row("spellings of this machine in a webhook", len(urls), worst_of(wrong) or "none was dialled", not wrong)


def _is_accepted(url: str) -> bool:
    try:
        check_url(url, ())
    except UrlRefused:
        return False
    return True


def spellings(address: str) -> list[str]:
    """Return hosts that some library takes for this IPv4 address."""
    a, b, c, d = map(int, address.split("."))
    number = int(ipaddress.IPv4Address(address))
    hosts = [address, f"{a}.{d}", f"{a}.{b}.{d}", str(number), hex(number), f"0{number:o}", f"{a:#x}.{b}.{c}.{d:#x}"]
    hosts += [
        f"0{a:o}.0.0.0{d:o}",
        f"{address}.",
        f"user@{address}",
        f"{address}%00.example.com",
        address.replace(".", "。"),
    ]
    hosts += [f"[{each}]" for each in embeddings(address)]
    return hosts


def embeddings(address: str) -> list[str]:
    """Return IPv6 addresses by which a gateway or a kernel reaches this address.

    IPv4-mapped and -compatible (RFC 4291), translated (RFC 2765), NAT64 with each length of prefix (RFC 6052, 8215),
    6to4 (RFC 3056), Teredo server and client (RFC 4380), ISATAP (RFC 5214).
    """
    if ":" in address:
        return [address]
    four = int(ipaddress.IPv4Address(address))
    low, mirrored = f"{four >> 16:x}:{four & 0xFFFF:x}", four ^ 0xFFFFFFFF
    local = 0x64FF9B0001 << 80
    found = [f"::ffff:{low}", f"::{low}", f"::ffff:0:{low}", f"64:ff9b::{low}", f"2002:{low}::1"]
    found += [str(ipaddress.IPv6Address(local | _with_prefix(four, length))) for length in (48, 56, 64, 96)]
    found += [f"2001:0:{low}::", f"2001:0:808:808::{mirrored >> 16:x}:{mirrored & 0xFFFF:x}"]
    return found + [f"{prefix}{kind}:5efe:{low}" for prefix in ("fe80::", "2606:4700::") for kind in ("0", "200")]


def _with_prefix(four: int, length: int) -> int:
    """Return the bits of an IPv4 address behind a NAT64 prefix; bits 64 to 71 stay empty (RFC 6052, 2.2)."""
    if length == 96:
        return four
    before = max(0, 64 - length)
    head = four >> (32 - before) << 64 if before else 0
    return head | (four & ((1 << (32 - before)) - 1)) << (56 - (32 - before))


@contextmanager
def _trap() -> Iterator[tuple[int, list[str]]]:
    heard: list[str] = []
    with socket.create_server((TRAP, 0)) as listener:

        def listen() -> None:
            while True:
                try:
                    connection, address = listener.accept()
                except OSError:
                    return
                heard.append(str(address))
                connection.close()

        threading.Thread(target=listen, daemon=True).start()
        yield listener.getsockname()[1], heard
        listener.shutdown(socket.SHUT_RDWR)

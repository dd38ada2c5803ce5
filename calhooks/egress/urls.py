"""Which URLs may be saved: their form, literal addresses, and the name localhost."""

import ipaddress
import re
import socket
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import SplitResult, urlsplit

import idna

from calhooks.config.values import Network
from calhooks.egress.addresses import Address, refusal, verdict

# What the name localhost means, without asking anyone (RFC 6761), in the order in which it is dialled.
LOOPBACK = (IPv4Address("127.0.0.1"), IPv6Address("::1"))
DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_URL_LENGTH = 2000
MAX_HOST_LENGTH = 253
LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
# urlsplit overlooks what stands between the bracket and the port.
BRACKETED_HOST = re.compile(r"\[[^\[\]]*\](:[0-9]*)?")
UNREADABLE_URL = "This is not a valid address: the host or the port after it cannot be read."


@dataclass(frozen=True, slots=True)
class ParsedUrl:
    """A URL that may be saved. `host` is in ASCII and lower case, without brackets; `port` is never None."""

    url: str
    scheme: str
    host: str
    port: int


class UrlRefused(ValueError):
    """A URL that no webhook can have; str() is the sentence for the person who typed it."""


def check_url(url: str, allow: Sequence[Network]) -> ParsedUrl:
    """Judge a URL that somebody wants to save: its form, a literal address, the name localhost.

    Other names are judged when connecting. Raises UrlRefused.
    """
    parsed = parse_url(url)
    address = literal_address(parsed.host)
    if is_localhost(parsed.host):
        verdicts = [verdict(loopback, allow) for loopback in LOOPBACK]
        if not any(judged.allowed for judged in verdicts):
            raise UrlRefused(f"{parsed.host} is this machine: {refusal(verdicts[0])}")
    elif address is not None:
        judged = verdict(address, allow)
        if not judged.allowed:
            raise UrlRefused(refusal(judged))
    return parsed


def parse_url(url: str) -> ParsedUrl:
    """Take a URL apart as the connection will understand it. Raises UrlRefused."""
    _check_characters(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UrlRefused(UNREADABLE_URL) from error
    if parts.scheme not in DEFAULT_PORTS:
        raise UrlRefused("The address must start with https:// or http://.")
    if "@" in parts.netloc:
        raise UrlRefused("The address must not contain a user name or a password. A secret signs what is sent instead.")
    if port == 0:
        raise UrlRefused("The port must be a number from 1 to 65535.")
    return ParsedUrl(url, parts.scheme, _host(parts), port or DEFAULT_PORTS[parts.scheme])


def literal_address(host: str) -> Address | None:
    """Return the address that a resolver reads in `host` without asking anyone, or None for a name.

    IPv4 may be written in decimal, hexadecimal, octal, and with fewer than four parts.
    """
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    if not NUMERIC_LABEL.fullmatch(host.rstrip(".").rpartition(".")[2]):
        return None
    try:
        return IPv4Address(socket.inet_aton(host.rstrip(".")))
    except OSError:
        return None


def is_localhost(host: str) -> bool:
    """Tell whether a name is localhost or under it."""
    name = host.rstrip(".").lower()
    return name == "localhost" or name.endswith(".localhost")


def _check_characters(url: str) -> None:
    if len(url) > MAX_URL_LENGTH:
        raise UrlRefused(f"The address is too long: {len(url)} characters, and at most {MAX_URL_LENGTH} are possible.")
    for letter in url:
        if letter.isspace():
            raise UrlRefused("The address must not contain a space or a line break.")
        if letter == "\\":
            raise UrlRefused("The address must not contain a backslash.")
        if unicodedata.category(letter) in ("Cc", "Cf", "Cs"):
            raise UrlRefused("The address contains an invisible character. Type it again instead of pasting it.")


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if "[" in parts.netloc:
        if not BRACKETED_HOST.fullmatch(parts.netloc):
            raise UrlRefused(UNREADABLE_URL)
        try:
            return str(IPv6Address(host))
        except ValueError as error:
            raise UrlRefused(f"[{host}] is not an IPv6 address.") from error
    if not host.strip("."):
        raise UrlRefused("The address has no host: write it like https://example.com/hook.")
    try:
        host = host if host.isascii() else idna.encode(host, uts46=True).decode()
    except idna.IDNAError as error:
        raise UrlRefused(f"{host} is not a valid host name.") from error
    labels = host.removesuffix(".").split(".")
    if len(host) > MAX_HOST_LENGTH or not all(LABEL.fullmatch(label) for label in labels):
        raise UrlRefused(f"{host} is not a valid host name.")
    if NUMERIC_LABEL.fullmatch(labels[-1]) and literal_address(host) is None:
        raise UrlRefused(f"{host} is not an IPv4 address.")
    return host

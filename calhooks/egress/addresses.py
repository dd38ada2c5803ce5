"""Where a webhook may go: the verdict on an address, made when connecting, and on a URL, made when saving.

The tables follow IANA's special-purpose registries (RFC 6890 and its updates). They stand here in full because
`ipaddress.is_private` and its like change their answers with Python's patch level.
"""

import ipaddress
import re
import socket
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import SplitResult, urlsplit

import idna

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

SPECIAL_IPV4 = {
    IPv4Network("0.0.0.0/8"): "this network",
    IPv4Network("10.0.0.0/8"): "private network",
    IPv4Network("100.64.0.0/10"): "shared address space of carriers",
    IPv4Network("127.0.0.0/8"): "loopback",
    IPv4Network("169.254.0.0/16"): "link-local",
    IPv4Network("172.16.0.0/12"): "private network",
    IPv4Network("192.0.0.0/24"): "protocol assignments",
    IPv4Network("192.0.2.0/24"): "documentation",
    IPv4Network("192.88.99.0/24"): "6to4 relays",
    IPv4Network("192.168.0.0/16"): "private network",
    IPv4Network("198.18.0.0/15"): "benchmarking",
    IPv4Network("198.51.100.0/24"): "documentation",
    IPv4Network("203.0.113.0/24"): "documentation",
    IPv4Network("224.0.0.0/4"): "multicast",
    IPv4Network("240.0.0.0/4"): "reserved",
}

GLOBAL_IPV6 = IPv6Network("2000::/3")
# In the order in which they are asked. What lies outside of GLOBAL_IPV6 is refused anyhow and has its name here.
SPECIAL_IPV6 = {
    IPv6Network("::/128"): "unspecified address",
    IPv6Network("::1/128"): "loopback",
    IPv6Network("::/96"): "IPv4-compatible addresses",
    IPv6Network("64:ff9b:1::/48"): "local IPv4 translation",
    IPv6Network("100::/64"): "discard-only",
    IPv6Network("2001::/32"): "Teredo",
    IPv6Network("2001::/23"): "protocol assignments",
    IPv6Network("2001:db8::/32"): "documentation",
    IPv6Network("2002::/16"): "6to4",
    IPv6Network("3fff::/20"): "documentation",
    IPv6Network("5f00::/16"): "segment routing",
    IPv6Network("fc00::/7"): "private network",
    IPv6Network("fe80::/10"): "link-local",
    IPv6Network("fec0::/10"): "site-local",
    IPv6Network("ff00::/8"): "multicast",
}

IPV4_MAPPED = IPv6Network("::ffff:0:0/96")
NAT64 = IPv6Network("64:ff9b::/96")
# Further ranges with an IPv4 address inside, and how many bits from the right: no way round to metadata addresses.
EMBEDDED_IPV4 = {IPv6Network("::/96"): 0, IPv6Network("64:ff9b:1::/48"): 0, IPv6Network("2002::/16"): 80}

METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "100.100.100.200",  # Alibaba Cloud
        "168.63.129.16",  # Azure's wire server
        "169.254.0.23",  # Tencent Cloud
        "169.254.42.42",  # Scaleway
        "169.254.169.254",  # AWS, Azure, Google Cloud, OpenStack and most others
        "169.254.170.2",  # AWS ECS
        "169.254.170.23",  # AWS EKS
        "192.0.0.192",  # Oracle Cloud
        "fd00:42::42",  # Scaleway
        "fd00:ec2::23",  # AWS EKS
        "fd00:ec2::254",  # AWS
        "fd20:ce::254",  # Google Cloud
        "fe80::a9fe:a9fe",  # OpenStack
    )
)


# What the name localhost means, without asking anyone (RFC 6761), in the order in which it is dialled.
LOOPBACK = (IPv4Address("127.0.0.1"), IPv6Address("::1"))

DEFAULT_PORTS = {"http": 80, "https": 443}
LONGEST_URL = 2000
LONGEST_HOST = 253
LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# urlsplit overlooks what stands between the bracket and the port.
BRACKETED = re.compile(r"\[[^\[\]]*\](:[0-9]*)?")
UNREADABLE = "This is not a valid address: the host or the port after it cannot be read."


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an address may be dialled, and the rule that says so, as a person would name it."""

    address: Address
    allowed: bool
    rule: str


@dataclass(frozen=True, slots=True)
class ParsedUrl:
    """A URL that may be saved. `host` is in ASCII and lower case, without brackets; `port` is never None."""

    url: str
    scheme: str
    host: str
    port: int


class UrlRefused(ValueError):
    """A URL that no webhook can have; str() is the sentence for the person who typed it."""


def verdict(address: str | Address, allow: Sequence[Network]) -> Verdict:
    """Judge an address. `allow` is the operator's list, CALHOOKS_EGRESS_ALLOW.

    Raises ValueError when `address` is not written as an IP address.
    """
    given = ipaddress.ip_address(address) if isinstance(address, str) else address
    judged = _ipv4_inside(given)
    if _is_metadata(judged):
        if any(network.prefixlen == network.max_prefixlen and judged in network for network in allow):
            return Verdict(given, True, f"{judged} in CALHOOKS_EGRESS_ALLOW")
        return Verdict(given, False, f"{judged}, cloud metadata")
    for network in allow:
        if judged in network:
            return Verdict(given, True, f"{network} in CALHOOKS_EGRESS_ALLOW")
    for special, name in (SPECIAL_IPV4 if isinstance(judged, IPv4Address) else SPECIAL_IPV6).items():
        if judged in special:
            return Verdict(given, False, f"{special}, {name}")
    if isinstance(judged, IPv6Address) and judged not in GLOBAL_IPV6:
        return Verdict(given, False, f"outside {GLOBAL_IPV6}, not a public address")
    return Verdict(given, True, "public address")


def refusal(judged: Verdict) -> str:
    """Return the sentence that names the address, the rule, and how the operator can allow it."""
    how = "that very address, as a /32 or /128," if _is_metadata(_ipv4_inside(judged.address)) else "it or its range"
    return (
        f"{judged.address} is not a public address ({judged.rule}). "
        f"Webhooks reach it only when the operator adds {how} to CALHOOKS_EGRESS_ALLOW."
    )


def _ipv4_inside(address: Address) -> Address:
    """Return the IPv4 address that a mapped or translated one means, any other address as it is."""
    if isinstance(address, IPv6Address):
        # A scope names a local interface; the ranges know nothing of it.
        address = IPv6Address(int(address))
        if address in IPV4_MAPPED or address in NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_metadata(address: Address) -> bool:
    if address in METADATA:
        return True
    if isinstance(address, IPv4Address):
        return False
    if address.teredo is not None and address.teredo[1] in METADATA:
        return True
    return any(
        address in network and IPv4Address(int(address) >> shift & 0xFFFFFFFF) in METADATA
        for network, shift in EMBEDDED_IPV4.items()
    )


def check_url(url: str, allow: Sequence[Network]) -> ParsedUrl:
    """Judge a URL that somebody wants to save: its form, a literal address, the name localhost.

    Other names are judged when connecting. Raises UrlRefused.
    """
    parsed = parse(url)
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


def parse(url: str) -> ParsedUrl:
    """Take a URL apart as the connection will understand it. Raises UrlRefused."""
    _check_characters(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UrlRefused(UNREADABLE) from error
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
    if not NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
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
    if len(url) > LONGEST_URL:
        raise UrlRefused(f"The address is too long: {len(url)} characters, and at most {LONGEST_URL} are possible.")
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
        if not BRACKETED.fullmatch(parts.netloc):
            raise UrlRefused(UNREADABLE)
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
    if len(host) > LONGEST_HOST or not all(LABEL.fullmatch(label) for label in labels):
        raise UrlRefused(f"{host} is not a valid host name.")
    if NUMBER.fullmatch(labels[-1]) and literal_address(host) is None:
        raise UrlRefused(f"{host} is not an IPv4 address.")
    return host

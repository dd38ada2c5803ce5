"""The verdict on an address, made when connecting: which may be dialled.

The tables follow IANA's special-purpose registries (RFC 6890 and its updates). They are here in full because
`ipaddress.is_private` and its like change their answers with Python's patch level.
"""

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from calhooks.config.values import Network

Address = IPv4Address | IPv6Address

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
SIX_TO_FOUR = IPv6Network("2002::/16")
TEREDO = IPv6Network("2001::/32")
# Lengths of the prefix, in bits, for which RFC 6052 lets an IPv4 address begin before or after the reserved octet.
SPLIT_PREFIXES = (40, 48, 56, 64)

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
METADATA_IPV4 = frozenset(int(address) for address in METADATA if isinstance(address, IPv4Address))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an address may be dialled, and the rule that says so, as a person would name it."""

    address: Address
    allowed: bool
    rule: str


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
    return isinstance(address, IPv6Address) and not METADATA_IPV4.isdisjoint(_embedded(address))


def _embedded(address: IPv6Address) -> Iterator[int]:
    """Give, as numbers, what may be an IPv4 address inside, by any RFC that puts one there.

    Networks choose their own prefixes for translation, so the prefix is not looked at, nor are the bits that an RFC
    reserves: not every router looks at them either.
    """
    number = int(address)
    # The last 32 bits: RFC 6052 /96, IPv4-compatible (4291), IPv4-translated (2765), ISATAP (5214), 6over4 (2529).
    yield number & 0xFFFFFFFF
    # Before the last 16 bits: MAP-E and MAP-T (7597, 7599), 4rd (7600).
    yield number >> 16 & 0xFFFFFFFF
    # After the first 32 bits: RFC 6052 /32, 6rd (5969), the server of Teredo (4380).
    yield number >> 64 & 0xFFFFFFFF
    # RFC 6052, around or behind the reserved octet, bits 64 to 71.
    without_octet = number >> 64 << 56 | number & (1 << 56) - 1
    for prefix in SPLIT_PREFIXES:
        yield without_octet >> 88 - prefix & 0xFFFFFFFF
    if address in SIX_TO_FOUR:
        yield number >> 80 & 0xFFFFFFFF
    if address in TEREDO:
        # The client's address is written inverted.
        yield ~number & 0xFFFFFFFF

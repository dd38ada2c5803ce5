"""Cloud metadata is out of reach however its address is written, and however wide the operator's list is."""

import random
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest

from calhooks.config.values import Network
from calhooks.egress.addresses import GLOBAL_IPV6, IPV4_MAPPED, METADATA, NAT64, SPECIAL_IPV6, verdict
from calhooks.egress.urls import UrlRefused, check_url, literal_address

WIDE_OPEN = (ip_network("0.0.0.0/0"), ip_network("::/0"))
METADATA_IPV4 = sorted(address for address in METADATA if isinstance(address, IPv4Address))
METADATA_IPV6 = sorted(address for address in METADATA if isinstance(address, IPv6Address))
# A network's own prefix for translation (RFC 6052, 2.2), as 96 bits of which fewer may be used.
OWN_PREFIX = "2a0b1c2d3e4f5061" + "00" + "718293"


def bits(text: str, address: IPv4Address) -> IPv6Address:
    """Read an address that is written in hexadecimal digits; `V` is where those of `address` are, `v` inverted ones."""
    digits, inverted = f"{int(address):08x}", f"{~int(address) & 0xFFFFFFFF:08x}"
    for sign, source in (("V", digits), ("v", inverted)):
        for digit in source if sign in text else "":
            text = text.replace(sign, digit, 1)
    assert len(text) == 32, text
    return IPv6Address(int(text, 16))


# By the figures of the RFCs. `V` is a digit of the IPv4 address, from left to right.
EMBEDDINGS = {
    "IPv4-compatible (4291)": "0" * 24 + "VVVVVVVV",
    "IPv4-mapped (4291)": "0" * 20 + "ffff" + "VVVVVVVV",
    "IPv4-translated, SIIT (2765)": "0" * 16 + "ffff0000" + "VVVVVVVV",
    "NAT64, well-known (6052)": "0064ff9b" + "0" * 16 + "VVVVVVVV",
    "NAT64, local /96 (8215)": "0064ff9b0001" + "0" * 12 + "VVVVVVVV",
    "NAT64, local /64 (8215)": "0064ff9b0001abcd" + "00VVVVVVVV" + "000000",
    "NAT64, local /56 (8215)": "0064ff9b0001ab" + "VV00VVVVVV" + "00000000",
    "NAT64, local /48 (8215)": "0064ff9b0001" + "VVVV00VVVV" + "0000000000",
    "NAT64, local /48, a suffix": "0064ff9b0001" + "VVVV00VVVV" + "1234567890",
    "NAT64, own /32 (6052)": OWN_PREFIX[:8] + "VVVVVVVV" + "0000000000000000",
    "NAT64, own /40 (6052)": OWN_PREFIX[:10] + "VVVVVV00VV" + "000000000000",
    "NAT64, own /48 (6052)": OWN_PREFIX[:12] + "VVVV00VVVV" + "0000000000",
    "NAT64, own /56 (6052)": OWN_PREFIX[:14] + "VV00VVVVVV" + "00000000",
    "NAT64, own /64 (6052)": OWN_PREFIX[:16] + "00VVVVVVVV" + "000000",
    "NAT64, own /96 (6052)": OWN_PREFIX + "VVVVVVVV",
    "6to4 (3056)": "2002VVVVVVVV" + "0001" + "0000000000000001",
    "6rd with a /32 (5969)": "2a0b1c2dVVVVVVVV" + "0000000000000001",
    "Teredo, server (4380)": "20010000VVVVVVVV" + "0000f227f7f7f7f7",
    "Teredo, client (4380)": "20010000" + "41362378" + "0000f227vvvvvvvv",
    "ISATAP (5214)": "2a0b1c2d00000001" + "00005efeVVVVVVVV",
    "ISATAP, universal (5214)": "2a0b1c2d00000001" + "02005efeVVVVVVVV",
    "ISATAP, link-local (5214)": "fe80000000000000" + "00005efeVVVVVVVV",
    "6over4 (2529)": "fe80000000000000" + "00000000VVVVVVVV",
    "MAP-E (7597)": "2a0b1c2d3e4f5061" + "0000VVVVVVVV0034",
    "4rd (7600)": "2a0b1c2d3e4f5061" + "0300VVVVVVVV0034",
}


def spellings() -> Iterator[tuple[str, IPv4Address | IPv6Address]]:
    for address in METADATA:
        yield str(address), address
    for address in METADATA_IPV6:
        yield f"{address} on an interface", IPv6Address(f"{address}%eth0")
    for address in METADATA_IPV4:
        for name, text in EMBEDDINGS.items():
            yield f"{address} as {name}", bits(text, address)


def wider_than_one(address: IPv4Address | IPv6Address) -> Iterator[Network]:
    for length in range(address.max_prefixlen):
        yield ip_network((int(address) if address.version == 6 else str(address), length), strict=False)


def test_no_list_that_is_wider_than_one_address_opens_any_spelling_of_metadata() -> None:
    reached = []
    for name, address in spellings():
        inside = [ip_network(f"{metadata}/31", strict=False) for metadata in METADATA_IPV4]
        lists: list[tuple[Network, ...]] = [(), WIDE_OPEN, tuple(inside)]
        lists += [(network, *WIDE_OPEN) for network in wider_than_one(address)]
        reached += [f"{name}: {allow[:1]}" for allow in lists if verdict(address, allow).allowed]
    assert reached == []


def means_ipv4(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address is another way to write an IPv4 one, which is then the one to allow."""
    return isinstance(address, IPv6Address) and (address in IPV4_MAPPED or address in NAT64)


def test_an_exact_address_opens_itself_and_no_other_spelling() -> None:
    every = [IPv6Address(int(each)) if isinstance(each, IPv6Address) else each for _, each in spellings()]
    for address in every:
        exact = (ip_network(address),)
        opened = {other for other in every if verdict(other, exact).allowed and not means_ipv4(other)}
        assert opened == (set() if means_ipv4(address) else {address})


def ordinary() -> Iterator[IPv6Address]:
    """Give public addresses as they are in use: handed out in order, by hand, and at random."""
    chance = random.Random(6890)
    for _ in range(20_000):
        network = int(GLOBAL_IPV6.network_address) | chance.getrandbits(61) << 64
        yield IPv6Address(network | chance.choice([1, 2, 0x53, 0x8888, chance.getrandbits(16), chance.getrandbits(64)]))
    for text in (
        "2001:4860:4860::8888",
        "2606:4700:4700::1111",
        "2620:fe::fe",
        "2a00:1450:4001:81b::200e",
        "2600:1f18:24e6:b900:a9fe:1:2:3",
        "2a01:4f8:c17:b8f::2",
        "2a0b:1c2d:10:20::5efe:808:808",
        "2a0b:1c2d::8.8.8.8",
        "2a0b:1c2d:808:808::1",
    ):
        yield IPv6Address(text)


def test_no_ordinary_public_address_is_refused() -> None:
    public = [each for each in ordinary() if not any(each in special for special in SPECIAL_IPV6)]
    assert len(public) > 15_000
    assert [str(each) for each in public if not verdict(each, ()).allowed] == []
    chance = random.Random(6890)
    for _ in range(20_000):
        address = IPv4Address(chance.getrandbits(32))
        if address.is_global and not address.is_multicast and address not in METADATA:
            assert verdict(address, ()).allowed or address in ip_network("192.88.99.0/24"), address


# Hosts of URLs


def hosts(address: IPv4Address) -> Iterator[str]:
    """Give the ways in which resolvers read an IPv4 address: each part in each base, and with fewer parts."""
    number, parts = int(address), address.packed
    bases: list[Callable[[int], str]] = [str, hex, lambda part: f"0{part:o}", lambda part: f"0X{part:08X}"]
    for write in bases:
        yield write(number)
        yield ".".join([write(parts[0]), write(number & 0xFFFFFF)])
        yield ".".join([write(parts[0]), write(parts[1]), write(number & 0xFFFF)])
        yield ".".join(map(write, parts))
        yield ".".join(map(write, parts)) + "."
    yield f"{parts[0]}.0x{parts[1]:x}.0{parts[2]:o}.{parts[3]}"
    yield "".join(chr(0xFF10 + int(letter)) if letter.isdigit() else letter for letter in str(address))
    yield str(address).replace(".", "\u3002")
    for text in EMBEDDINGS.values():
        embedded = bits(text, address)
        yield f"[{embedded}]"
        yield f"[{embedded.exploded}]"
        yield f"[{embedded}%25eth0]"
    yield f"[::ffff:{address}]"
    yield f"[64:ff9b::{address}]"


@pytest.mark.parametrize("address", METADATA_IPV4, ids=str)
def test_no_url_reaches_metadata(address: IPv4Address) -> None:
    for host in hosts(address):
        with pytest.raises(UrlRefused):
            check_url(f"http://{host}/", WIDE_OPEN)


@pytest.mark.parametrize("address", METADATA_IPV6, ids=str)
@pytest.mark.parametrize("scope", ["", "%25eth0", "%251"])
def test_no_url_reaches_the_metadata_of_ipv6(address: IPv6Address, scope: str) -> None:
    for host in (str(address), address.exploded, str(address).upper()):
        with pytest.raises(UrlRefused):
            check_url(f"http://[{host}{scope}]:80/", WIDE_OPEN)


def test_what_connects_reads_a_host_as_what_judges_it() -> None:
    address = IPv4Address("169.254.169.254")
    for host in hosts(address):
        if host.isascii() and not host.startswith("["):
            assert literal_address(host.lower()) == address, host

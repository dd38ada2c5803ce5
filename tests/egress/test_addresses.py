"""Which addresses and URLs a webhook may have."""

import ipaddress
import json
from pathlib import Path

import pytest

from calhooks.egress.addresses import refusal, verdict
from calhooks.egress.urls import ParsedUrl, UrlRefused, check_url

VECTORS = json.loads((Path(__file__).parent / "egress.json").read_text())
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


def allow(*networks: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(network) for network in networks]


@pytest.mark.parametrize("address", VECTORS["blocked"])
def test_a_special_address_is_refused_by_a_named_rule(address: str) -> None:
    judged = verdict(address, ())
    assert not judged.allowed
    assert judged.rule
    assert "CALHOOKS_EGRESS_ALLOW" in refusal(judged)


@pytest.mark.parametrize("address", VECTORS["allowed"])
def test_a_public_address_is_allowed(address: str) -> None:
    assert verdict(address, ()).allowed


@pytest.mark.parametrize("url", VECTORS["blocked_urls"])
def test_a_url_that_no_webhook_may_have_is_refused(url: str) -> None:
    with pytest.raises(UrlRefused):
        check_url(url, ())


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("10.1.2.3", "10.0.0.0/8, private network"),
        ("127.0.0.1", "127.0.0.0/8, loopback"),
        ("::ffff:10.0.0.1", "10.0.0.0/8, private network"),
        ("64:ff9b::7f00:1", "127.0.0.0/8, loopback"),
        ("169.254.169.254", "169.254.169.254, cloud metadata"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001::/32, Teredo"),
        ("2001:2::1", "2001::/23, protocol assignments"),
        ("2002:808:808::1", "2002::/16, 6to4"),
        ("3fff:1::1", "3fff::/20, documentation"),
        ("4000::1", "outside 2000::/3, not a public address"),
        ("::8.8.8.8", "::/96, IPv4-compatible addresses"),
        ("fe80::1%eth0", "fe80::/10, link-local"),
    ],
)
def test_a_refusal_says_which_rule_it_was(address: str, rule: str) -> None:
    assert verdict(address, ()).rule == rule


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"])
def test_the_operator_can_allow_a_range(address: str) -> None:
    assert verdict(address, LOOPBACK).allowed


@pytest.mark.parametrize(
    ("address", "range_", "exact"),
    [
        ("169.254.169.254", "169.254.0.0/16", "169.254.169.254/32"),
        ("168.63.129.16", "168.63.0.0/16", "168.63.129.16/32"),
        ("100.100.100.200", "0.0.0.0/0", "100.100.100.200/32"),
        ("fd00:ec2::254", "fd00::/8", "fd00:ec2::254/128"),
        ("::ffff:169.254.169.254", "169.254.169.252/30", "169.254.169.254/32"),
        ("64:ff9b::a9fe:a9fe", "::/0", "169.254.169.254/32"),
        ("2002:a9fe:a9fe::1", "2002::/16", "2002:a9fe:a9fe::1/128"),
        ("::a9fe:a9fe", "::/96", "::a9fe:a9fe/128"),
        ("64:ff9b:1::a9fe:a9fe", "64:ff9b:1::/48", "64:ff9b:1::a9fe:a9fe/128"),
    ],
)
def test_cloud_metadata_is_allowed_by_its_exact_address_alone(address: str, range_: str, exact: str) -> None:
    judged = verdict(address, allow(range_))
    assert not judged.allowed
    assert "/32 or /128" in refusal(judged)
    assert verdict(address, allow(range_, exact)).allowed


def test_allowing_one_range_opens_no_other() -> None:
    assert not verdict("10.0.0.1", allow("10.0.1.0/24", "::/0")).allowed


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://example.com/hook", "example.com", 443),
        ("http://example.com:8080/a?b=c#d", "example.com", 8080),
        ("HTTPS://Example.COM", "example.com", 443),
        ("https://example.com./", "example.com.", 443),
        ("https://bücher.example/ä?ö=ü", "xn--bcher-kva.example", 443),
        ("https://my_service/x", "my_service", 443),
        ("https://8.8.8.8/", "8.8.8.8", 443),
        ("https://[2606:4700:4700::1111]:444/", "2606:4700:4700::1111", 444),
    ],
)
def test_a_public_url_can_be_saved(url: str, host: str, port: int) -> None:
    assert check_url(url, ()) == ParsedUrl(url, url.split(":")[0].lower(), host, port)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "must start with https://"),
        ("example.com/hook", "must start with https://"),
        ("//example.com/hook", "must start with https://"),
        ("https://", "has no host"),
        ("https://./", "has no host"),
        ("https://user:password@example.com/", "user name or a password"),
        ("https://@example.com/", "user name or a password"),
        ("https://example.com:0/", "from 1 to 65535"),
        ("https://example.com:65536/", "the port after it cannot be read"),
        ("https://example.com:port/", "the port after it cannot be read"),
        ("https://exa\tmple.com/", "space or a line break"),
        ("https://example.com/\n", "space or a line break"),
        ("https://example.com/\u00a0", "space or a line break"),
        ("https://example.com/\x00", "invisible character"),
        ("https://exam\u200bple.com/", "invisible character"),
        ("https://example.com\\@8.8.8.8/", "backslash"),
        ("https://-example.com/", "not a valid host name"),
        ("https://a..b/", "not a valid host name"),
        ("https://%31%32%37.0.0.1/", "not a valid host name"),
        ("https://example.com%00.org/", "not a valid host name"),
        ("https://" + "a" * 64 + ".com/", "not a valid host name"),
        ("https://" + "abcd." * 60 + "com/", "not a valid host name"),
        ("https://ex\u2488com.example/", "not a valid host name"),
        ("https://1.2.3.4.5/", "not an IPv4 address"),
        ("https://256.1.1.1/", "not an IPv4 address"),
        ("https://[fe80::1%25eth0]/", "link-local"),
        ("https://[v1.a]/", "not an IPv6 address"),
        ("https://[::1/", "cannot be read"),
        ("https://[2606:4700:4700::1111]x:444/", "cannot be read"),
        ("https://example.com/" + "a" * 2000, "too long"),
        ("https://10.0.0.1/", "10.0.0.0/8, private network"),
        ("https://0x0a.1/", "10.0.0.0/8, private network"),
        ("https://012.0.0.1/", "10.0.0.0/8, private network"),
        ("https://127.0.0.1./", "127.0.0.0/8, loopback"),
        ("https://\uff11\uff12\uff17.0.0.1/", "127.0.0.0/8, loopback"),
        ("http://localhost:3000/", "localhost is this machine"),
        ("http://LOCALHOST./", "is this machine"),
        ("http://app.localhost/", "is this machine"),
    ],
)
def test_a_refused_url_is_explained(url: str, sentence: str) -> None:
    with pytest.raises(UrlRefused) as refused:
        check_url(url, ())
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9000/",
        "http://2130706433/",
        "http://localhost:9000/",
        "http://app.localhost/",
        "http://[::1]/",
    ],
)
def test_loopback_urls_can_be_saved_where_the_operator_allows_them(url: str) -> None:
    assert check_url(url, LOOPBACK).url == url


def test_localhost_can_be_saved_when_only_ipv4_loopback_is_allowed() -> None:
    assert check_url("http://localhost/", allow("127.0.0.0/8")).host == "localhost"

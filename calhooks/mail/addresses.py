"""Names and addresses as they may stand in a header: on one line, and never more than one of them."""

import re
import unicodedata
from dataclasses import dataclass
from email.headerregistry import Address
from email.utils import parseaddr
from urllib.parse import urlsplit

import idna

from calhooks.config import Config

DEFAULT_NAME = "calhooks"
LONGEST_NAME = 100
# They would let a name reorder what stands beside it.
BIDI_CONTROLS = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


@dataclass(frozen=True, slots=True)
class Correspondent:
    """Somebody who writes or reads a mail."""

    email: str
    name: str = ""


def one_line(text: str, longest: int) -> str:
    """Return text without line breaks and other control characters, cut to `longest` characters."""
    spaced = "".join(" " if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") else letter for letter in text)
    tidy = " ".join(spaced.translate(BIDI_CONTROLS).split())
    return tidy if len(tidy) <= longest else f"{tidy[: longest - 1].rstrip()}…"


def header_address(person: Correspondent) -> Address:
    """Return what stands in From, To or Reply-To. Raises ValueError for what is not exactly one address."""
    local_part, _, domain = person.email.rpartition("@")
    if not local_part or not re.fullmatch(r"[^\s<>()\[\]:;,\\\"@]+", domain) or re.search(r"\s", local_part):
        raise ValueError(f"“{one_line(person.email, LONGEST_NAME)}” is not an e-mail address.")
    return Address(display_name=one_line(person.name, LONGEST_NAME), username=local_part, domain=_ascii_domain(domain))


def sender(config: Config) -> Correspondent:
    """Return who writes: MAIL_FROM, or calhooks at the public address' host."""
    name, email = parseaddr(config.mail_from)
    if not email:
        email = f"{DEFAULT_NAME}@{_host(config.base_url)}"
    return Correspondent(email, name or DEFAULT_NAME)


def _host(base_url: str) -> str:
    host = urlsplit(base_url).hostname or "localhost"
    # An IP address is no mail domain.
    return "localhost" if ":" in host or host.replace(".", "").isdecimal() else host


def _ascii_domain(domain: str) -> str:
    """Return a domain as every mail server understands it. Raises ValueError."""
    return domain if domain.isascii() else idna.encode(domain, uts46=True).decode()

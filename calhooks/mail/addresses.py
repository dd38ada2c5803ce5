"""Names and addresses as they may stand in a header: on one line, and never more than one of them."""

import re
from dataclasses import dataclass
from email.headerregistry import Address
from email.utils import parseaddr
from urllib.parse import urlsplit

import idna

from calhooks.config import Config
from calhooks.text import shortened

DEFAULT_SENDER_NAME = "calhooks"
# Longer names are cut in a mail, and in the calendar file that comes with it.
MAX_SHOWN_NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Correspondent:
    """Somebody who writes or reads a mail."""

    email: str
    name: str = ""


def header_address(person: Correspondent) -> Address:
    """Return what stands in From, To or Reply-To. Raises ValueError for what is not exactly one address."""
    local_part, _, domain = person.email.rpartition("@")
    if not local_part or not re.fullmatch(r"[^\s<>()\[\]:;,\\\"@]+", domain) or re.search(r"\s", local_part):
        raise ValueError(f"“{shortened(person.email, MAX_SHOWN_NAME_LENGTH)}” is not an e-mail address.")
    return Address(
        display_name=shortened(person.name, MAX_SHOWN_NAME_LENGTH), username=local_part, domain=_ascii_domain(domain)
    )


def sender(config: Config) -> Correspondent:
    """Return who writes: MAIL_FROM, or calhooks at the public address' host."""
    name, email = parseaddr(config.mail_from)
    if not email:
        email = f"{DEFAULT_SENDER_NAME}@{_host(config.base_url)}"
    return Correspondent(email, name or DEFAULT_SENDER_NAME)


def _host(base_url: str) -> str:
    host = urlsplit(base_url).hostname or "localhost"
    # An IP address is no mail domain.
    return "localhost" if ":" in host or host.replace(".", "").isdecimal() else host


def _ascii_domain(domain: str) -> str:
    """Return a domain as every mail server understands it. Raises ValueError."""
    return domain if domain.isascii() else idna.encode(domain, uts46=True).decode()

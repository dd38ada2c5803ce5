"""Names and addresses as they may stand in a header: on one line, and never more than one of them."""

import re
from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import urlsplit

import idna

from calhooks.config import Config
from calhooks.text import shortened

DEFAULT_SENDER_NAME = "calhooks"
# Longer names are cut in a mail, and in the calendar file that comes with it.
MAX_SHOWN_NAME_LENGTH = 100
# None of what RFC 5322 allows inside quotation marks alone.
_ADDRESS = re.compile(r"(?P<local>[^\s<>()\[\]:;,\\\"@]+)@(?P<domain>[^\s<>()\[\]:;,\\\"@]+)")


@dataclass(frozen=True, slots=True)
class Correspondent:
    """Somebody who writes or reads a mail."""

    email: str
    name: str = ""


def mail_address(email: str) -> str:
    """Return an address as it stands in a header and in the envelope, its domain in ASCII.

    Raises ValueError for what is not exactly one address, and for what a program could read as an encoded word.
    """
    shown = shortened(email, MAX_SHOWN_NAME_LENGTH)
    found = _ADDRESS.fullmatch(email)
    # What is left out when it is shown (control characters, direction marks) is part of no address.
    if not found or "=?" in email or shortened(email, len(email)) != email:
        raise ValueError(f"“{shown}” is not an e-mail address.")
    return f"{found['local']}@{_ascii_domain(found['domain'])}"


def sender(config: Config) -> Correspondent:
    """Return who writes: MAIL_FROM, or calhooks at the public address' host."""
    name, email = parseaddr(config.mail_from)
    if not email:
        email = f"{DEFAULT_SENDER_NAME}@{_host(config.base_url)}"
    return Correspondent(email, name or DEFAULT_SENDER_NAME)


def _host(base_url: str) -> str:
    host = urlsplit(base_url).hostname or "localhost"
    # An IP address is no mail domain.
    if ":" in host or host.replace(".", "").isdecimal():
        return "localhost"
    try:
        return _ascii_domain(host)
    except ValueError:
        return "localhost"


def _ascii_domain(domain: str) -> str:
    """Return a domain as every mail server understands it. Raises ValueError."""
    return domain if domain.isascii() else idna.encode(domain, uts46=True).decode()

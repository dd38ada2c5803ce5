"""What a variable's text means. Each function raises ValueError, or OSError, for what cannot be used."""

import ipaddress
import re
from email.utils import getaddresses
from pathlib import Path
from urllib.parse import urlsplit

from calhooks import datadir
from calhooks.datadir import MIN_KEY_LENGTH

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
WILDCARD_HOSTS = ("0.0.0.0", "::")  # noqa: S104 - recognised here, never bound
MAX_WAIT_SECONDS = 30 * 86400.0
# A name, of any language's letters, or an address.
HOST = r"[\w.:%-]+"
# RFC 5322's dot-atom, which needs no quotation marks in a header.
MAIL_ADDRESS = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+"


def is_loopback(host: str) -> bool:
    """Tell whether `host`, a name or an address, is this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def parse_schedule(text: str) -> tuple[float, ...]:
    """Turn "5s,5m,2h" into waits in seconds. Raises ValueError."""
    waits = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*", part)
        if match is None:
            raise ValueError(part)
        wait = float(match[1]) * UNIT_SECONDS[match[2]]
        if wait > MAX_WAIT_SECONDS:
            raise ValueError(part)
        waits.append(wait)
    return tuple(waits)


def own_address(host: str, port: int) -> str:
    """Return the address of a server that was told no other."""
    name = "localhost" if host in WILDCARD_HOSTS else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def parse_host(text: str) -> str:
    """Return a host name or an address, without brackets."""
    host = text.removeprefix("[").removesuffix("]")
    if not re.fullmatch(HOST, host):
        raise ValueError(text)
    _check_labels(host)
    return host


def _check_labels(host: str) -> None:
    """Raise ValueError for a name with a label that is empty or too long. A dot at the end is part of a name."""
    host.removesuffix(".").encode("idna")


def _names_a_server(url: str) -> bool:
    """Tell whether a URL has a usable host and port. Raises ValueError for an invalid port or name."""
    parts = urlsplit(url)
    _check_labels(parts.hostname or "")
    return bool(re.fullmatch(HOST, parts.hostname or "")) and parts.port != 0 and not re.search(r"\s", url)


def parse_base_url(text: str) -> str:
    """Return an http(s) address without a path or a slash at its end, its host as browsers send it: in ASCII."""
    parts = urlsplit(text)
    more = parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password
    usable = parts.scheme in ("http", "https") and _names_a_server(text)
    if more or not usable:
        raise ValueError(text)
    if text.isascii():
        return text.rstrip("/")
    name, colon, port = parts.netloc.partition(":")
    return f"{parts.scheme}://{name.encode('idna').decode()}{colon}{port}"


def parse_database_url(text: str) -> str:
    """Accept what hosting services hand out and name the driver that is installed."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        raise ValueError(text)
    if scheme in ("postgres", "postgresql", "postgresql+psycopg") and urlsplit(text).port != 0:
        # SQLAlchemy would take the first @ of a password for its end, and quote the rest in an error.
        server = urlsplit(text).netloc
        return f"postgresql+psycopg://{server.replace('@', '%40', server.count('@') - 1)}{rest.removeprefix(server)}"
    # Each process would have a database of its own in its memory.
    if scheme != "sqlite" or rest in ("", "/", "/:memory:"):
        raise ValueError(text)
    return text


def parse_redis_url(text: str) -> str:
    """Return a Redis URL whose options the library knows."""
    parts = urlsplit(text)
    path = r"/.+" if parts.scheme == "unix" else r"(/\d*)?"
    usable = parts.scheme in ("redis", "rediss", "unix") and parts.port != 0 and re.fullmatch(path, parts.path)
    if text and not usable:
        raise ValueError(text)
    if parts.query:
        _try_redis_options(text)
    return text


def _try_redis_options(url: str) -> None:
    # Imported here: few name options, and only the library knows which there are.
    from redis import ConnectionPool, RedisError

    try:
        # It is made and not opened.
        ConnectionPool.from_url(url).make_connection()
    except (TypeError, RedisError) as error:
        raise ValueError(url) from error


def parse_mail_url(text: str) -> str:
    """Return the URL of a mail server."""
    parts = urlsplit(text)
    more = parts.path.strip("/") or parts.query or parts.fragment
    usable = parts.scheme in ("smtp", "smtps") and _names_a_server(text)
    if text and (more or not usable):
        raise ValueError(text)
    return text


def parse_mail_from(text: str) -> str:
    """Return a sender: an address that needs no quotation marks, perhaps with a name."""
    addresses = [address for _, address in getaddresses([text])]
    usable = len(addresses) == 1 and re.fullmatch(MAIL_ADDRESS, addresses[0]) and text.isprintable()
    if text and (not usable or "=?" in addresses[0]):
        raise ValueError(text)
    return text


def parse_keys(text: str) -> tuple[str, ...]:
    """Return texts that commas separate."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def parse_networks(text: str) -> tuple[Network, ...]:
    """Return networks that commas separate."""
    return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())


def parse_on_or_off(text: str) -> bool:
    """Tell whether it is on."""
    if text.lower() not in ("on", "off"):
        raise ValueError(text)
    return text.lower() == "on"


def parse_ca_bundle(text: str) -> Path | None:
    """Return the absolute path of a file with certificates."""
    if not text:
        return None
    # Imported here: few name a bundle, and every start reads this module.
    import ssl

    path = Path(text).resolve()
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    return path


def parse_secret_key(text: str) -> str:
    """Return a key that is long enough, or an empty text."""
    if text and len(text) < MIN_KEY_LENGTH:
        raise ValueError
    return text


def parse_data_dir(text: str) -> Path:
    """Make a directory that only its owner can open, and return its absolute path."""
    return datadir.make(Path(text).expanduser().resolve())

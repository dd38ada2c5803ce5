"""The environment, read once into a frozen value. No other module reads os.environ."""

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import getaddresses
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from calhooks import datadir
from calhooks.datadir import MIN_KEY_LENGTH
from calhooks.redaction import shown_value

T = TypeVar("T")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

DEFAULT_RETRY_SCHEDULE = "5s,5m,30m,2h,5h,10h,14h,20h,24h"
UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
WILDCARD_HOSTS = ("0.0.0.0", "::")  # noqa: S104 - recognised here, never bound
MAX_WAIT_SECONDS = 30 * 86400.0
# A name, of any language's letters, or an address.
HOST = r"[\w.:%-]+"
# RFC 5322's dot-atom, which needs no quotation marks in a header.
MAIL_ADDRESS = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+"


class ConfigError(ValueError):
    """A variable holds something that cannot be used; str() is the one line to print, without any password."""

    def __init__(self, variable: str, value: str, accepted: str) -> None:
        super().__init__(f"{variable}={shown_value(variable, value)!r} cannot be used: {accepted}.")
        self.variable = variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings of one running calhooks. Times are in seconds, `base_url` has no trailing slash."""

    host: str
    port: int
    base_url: str
    data_dir: Path
    database_url: str
    redis_url: str
    redis_is_embedded: bool
    secret_key: str
    secret_key_fallbacks: tuple[str, ...]
    egress_allow: tuple[Network, ...]
    rate_limits: bool
    workers: int
    retry_schedule: tuple[float, ...]
    retention_days: int
    trusted_proxies: int
    ca_bundle: Path | None
    mail_url: str
    mail_from: str

    @property
    def is_for_this_machine(self) -> bool:
        """Tell whether only this machine can reach the web server: neither it nor a proxy listens to others.

        A public address without a public host means that there is a proxy, whether it was announced or not.
        """
        own_name = urlsplit(self.base_url).hostname or ""
        return is_loopback(self.host) and is_loopback(own_name) and not self.trusted_proxies

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Config":
        """Read every variable of the contract, an empty one counting as unset.

        Makes the data directory and, once, the secret key in it.
        Raises ConfigError naming the variable, its value and what is accepted.
        """
        read = _Reader(environ)
        host = read.parsed("CALHOOKS_HOST", "127.0.0.1", _host, "a host name or an IP address")
        port = read.whole_number("CALHOOKS_PORT", 8000, 1, 65535)
        data_dir = read.parsed("CALHOOKS_DATA_DIR", "instance", _data_dir, "a directory that can be written to")
        redis_url = read.parsed("REDIS_URL", "", _redis_url, "a URL such as redis://localhost:6379/0")
        mail_url = read.parsed("MAIL_URL", "", _mail_url, "a URL such as smtp://user:password@host:587")
        return cls(
            host=host,
            port=port,
            base_url=read.parsed(
                "CALHOOKS_BASE_URL", _own_address(host, port), _base_url, "an http(s):// address without a path"
            ),
            data_dir=data_dir,
            database_url=read.parsed(
                "DATABASE_URL",
                datadir.database_url(data_dir),
                _database_url,
                "a sqlite:/// or postgresql:// URL",
            ),
            redis_url=redis_url or f"unix://{datadir.redis_socket(data_dir)}",
            redis_is_embedded=not redis_url,
            secret_key=read.parsed("SECRET_KEY", "", _secret_key, f"a text of {MIN_KEY_LENGTH} characters or more")
            or _kept_key(data_dir),
            secret_key_fallbacks=read.parsed("SECRET_KEY_FALLBACKS", "", _keys, "former keys, comma-separated,"),
            egress_allow=read.parsed(
                "CALHOOKS_EGRESS_ALLOW", "", _networks, "comma-separated CIDRs such as 10.0.0.0/8,192.168.1.7/32"
            ),
            rate_limits=read.parsed("CALHOOKS_RATE_LIMITS", "on", _on_or_off, "on or off"),
            workers=read.whole_number("CALHOOKS_WORKERS", 2, 1, 64),
            retry_schedule=read.parsed(
                "CALHOOKS_RETRY_SCHEDULE",
                DEFAULT_RETRY_SCHEDULE,
                parse_schedule,
                "comma-separated waits such as 5s,5m,2h, each with ms, s, m, h or d and at most 30 days",
            ),
            retention_days=read.whole_number("CALHOOKS_RETENTION_DAYS", 90, 0, 36500),
            trusted_proxies=read.whole_number("CALHOOKS_TRUSTED_PROXIES", 0, 0, 10),
            ca_bundle=read.parsed("CALHOOKS_CA_BUNDLE", "", _ca_bundle, "a readable file of PEM certificates"),
            mail_url=mail_url,
            mail_from=read.parsed("MAIL_FROM", "", _mail_from, "an e-mail address such as Acme <calendar@example.com>"),
        )


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def parsed(self, variable: str, default: str, parse: Callable[[str], T], accepted: str) -> T:
        value = self._environ.get(variable, "").strip() or default
        try:
            return parse(value)
        # RuntimeError is what a `~` says that nobody's home stands behind.
        except (ValueError, OSError, RuntimeError) as error:
            raise ConfigError(variable, value, f"{accepted} is accepted") from error

    def whole_number(self, variable: str, default: int, least: int, most: int) -> int:
        def parse(text: str) -> int:
            number = int(text)
            if not least <= number <= most:
                raise ValueError(text)
            return number

        return self.parsed(variable, str(default), parse, f"a whole number from {least} to {most}")


def load() -> Config:
    """Read this process' environment. Raises ConfigError."""
    return Config.from_env(os.environ)


def current_config() -> Config:
    """Return the configuration of the application whose context is active."""
    # Imported here: the supervisor reads the settings and has no use for Flask.
    from flask import current_app

    config: Config = current_app.extensions["calhooks"]
    return config


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


def _own_address(host: str, port: int) -> str:
    name = "localhost" if host in WILDCARD_HOSTS else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _host(text: str) -> str:
    host = text.removeprefix("[").removesuffix("]")
    if not re.fullmatch(HOST, host):
        raise ValueError(text)
    return host


def _names_a_server(url: str) -> bool:
    """Tell whether a URL has a usable host and port. Raises ValueError for what is no port at all."""
    parts = urlsplit(url)
    return bool(re.fullmatch(HOST, parts.hostname or "")) and parts.port != 0 and not re.search(r"\s", url)


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    more = parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password
    usable = parts.scheme in ("http", "https") and _names_a_server(text)
    if more or not usable:
        raise ValueError(text)
    return text.rstrip("/")


def _database_url(text: str) -> str:
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


def _redis_url(text: str) -> str:
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


def _mail_url(text: str) -> str:
    parts = urlsplit(text)
    more = parts.path.strip("/") or parts.query or parts.fragment
    usable = parts.scheme in ("smtp", "smtps") and _names_a_server(text)
    if text and (more or not usable):
        raise ValueError(text)
    return text


def _mail_from(text: str) -> str:
    addresses = [address for _, address in getaddresses([text])]
    usable = len(addresses) == 1 and re.fullmatch(MAIL_ADDRESS, addresses[0]) and text.isprintable()
    if text and (not usable or "=?" in addresses[0]):
        raise ValueError(text)
    return text


def _keys(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())


def _on_or_off(text: str) -> bool:
    if text.lower() not in ("on", "off"):
        raise ValueError(text)
    return text.lower() == "on"


def _ca_bundle(text: str) -> Path | None:
    if not text:
        return None
    # Imported here: few name a bundle, and every start reads this module.
    import ssl

    path = Path(text).resolve()
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    return path


def _secret_key(text: str) -> str:
    if text and len(text) < MIN_KEY_LENGTH:
        raise ValueError
    return text


def _data_dir(text: str) -> Path:
    return datadir.make(Path(text).expanduser().resolve())


def _kept_key(data_dir: Path) -> str:
    try:
        return datadir.secret_key(data_dir)
    except ValueError as error:
        accepted = f"a directory whose secret_key holds {MIN_KEY_LENGTH} characters or more, or is not there yet,"
        raise ConfigError("CALHOOKS_DATA_DIR", str(data_dir), f"{accepted} is accepted") from error
    except OSError as error:
        accepted = f"a directory whose secret_key can be read, or made ({error.strerror}),"
        raise ConfigError("CALHOOKS_DATA_DIR", str(data_dir), f"{accepted} is accepted") from error

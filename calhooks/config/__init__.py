"""The environment, read once into a frozen value. No other module reads os.environ."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from calhooks import datadir
from calhooks.config import values
from calhooks.config.redaction import shown_value
from calhooks.config.values import Network, is_loopback
from calhooks.datadir import MIN_KEY_LENGTH

T = TypeVar("T")
DEFAULT_RETRY_SCHEDULE = "5s,5m,30m,2h,5h,10h,14h,20h,24h"


class ConfigError(ValueError):
    """A variable holds something that cannot be used; str() is the one line to print, without any password."""

    def __init__(self, variable: str, value: str, accepted: str) -> None:
        super().__init__(f"{variable}={shown_value(variable, value)!r} cannot be used: {accepted}.")
        self.variable = variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings of one running calhooks. Times are in seconds, `base_url` has no trailing slash.

    `mail_limit` is how many new addresses an account writes to in 24 hours, bookers and guests each; 0 is no limit.
    """

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
    mail_limit: int

    @property
    def signing_keys(self) -> list[str]:
        """All keys a signature may be from, the newest last: itsdangerous signs with that one."""
        return [*reversed(self.secret_key_fallbacks), self.secret_key]

    @property
    def is_for_this_machine(self) -> bool:
        """Tell whether only this machine can reach the web server: neither it nor a proxy listens to others."""
        return is_loopback(self.host) and not self.trusted_proxies

    @property
    def may_lack_proxies(self) -> bool:
        """Tell whether others are meant to reach the web server, but only by a proxy that is not counted."""
        return self.is_for_this_machine and not is_loopback(urlsplit(self.base_url).hostname or "")

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Config":
        """Read every variable of the contract, an empty one counting as unset.

        Makes the data directory and, once, the secret key in it.
        Raises ConfigError naming the variable, its value and what is accepted.
        """
        read = _Reader(environ)
        host = read.parsed("CALHOOKS_HOST", "127.0.0.1", values.parse_host, "a host name or an IP address")
        port = read.whole_number("CALHOOKS_PORT", 8000, 1, 65535)
        data_dir = read.parsed(
            "CALHOOKS_DATA_DIR", "instance", values.parse_data_dir, "a directory that can be written to"
        )
        redis_url = read.parsed("REDIS_URL", "", values.parse_redis_url, "a URL such as redis://localhost:6379/0")
        mail_url = read.parsed("MAIL_URL", "", values.parse_mail_url, "a URL such as smtp://user:password@host:587")
        return cls(
            host=host,
            port=port,
            base_url=read.parsed(
                "CALHOOKS_BASE_URL",
                values.own_address(host, port),
                values.parse_base_url,
                "an http(s):// address without a path",
            ),
            data_dir=data_dir,
            database_url=read.parsed(
                "DATABASE_URL",
                datadir.database_url(data_dir),
                values.parse_database_url,
                "a sqlite:/// or postgresql:// URL",
            ),
            redis_url=redis_url or f"unix://{datadir.redis_socket(data_dir)}",
            redis_is_embedded=not redis_url,
            secret_key=read.parsed(
                "SECRET_KEY", "", values.parse_secret_key, f"a text of {MIN_KEY_LENGTH} characters or more"
            )
            or _kept_key(data_dir),
            secret_key_fallbacks=read.parsed(
                "SECRET_KEY_FALLBACKS", "", values.parse_keys, "former keys, comma-separated,"
            ),
            egress_allow=read.parsed(
                "CALHOOKS_EGRESS_ALLOW",
                "",
                values.parse_networks,
                "comma-separated CIDRs such as 10.0.0.0/8,192.168.1.7/32",
            ),
            rate_limits=read.parsed("CALHOOKS_RATE_LIMITS", "on", values.parse_on_or_off, "on or off"),
            workers=read.whole_number("CALHOOKS_WORKERS", 2, 1, 64),
            retry_schedule=read.parsed(
                "CALHOOKS_RETRY_SCHEDULE",
                DEFAULT_RETRY_SCHEDULE,
                values.parse_schedule,
                "comma-separated waits such as 5s,5m,2h, each with ms, s, m, h or d and at most 30 days",
            ),
            retention_days=read.whole_number("CALHOOKS_RETENTION_DAYS", 90, 0, 36500),
            trusted_proxies=read.whole_number("CALHOOKS_TRUSTED_PROXIES", 0, 0, 10),
            ca_bundle=read.parsed(
                "CALHOOKS_CA_BUNDLE", "", values.parse_ca_bundle, "a readable file of PEM certificates"
            ),
            mail_url=mail_url,
            mail_from=read.parsed(
                "MAIL_FROM", "", values.parse_mail_from, "an e-mail address such as Acme <calendar@example.com>"
            ),
            mail_limit=read.whole_number("CALHOOKS_MAIL_LIMIT", 100, 0, 10000),
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


def _kept_key(data_dir: Path) -> str:
    try:
        return datadir.secret_key(data_dir)
    except ValueError as error:
        accepted = f"a directory whose secret_key holds {MIN_KEY_LENGTH} characters or more, or is not there yet,"
        raise ConfigError("CALHOOKS_DATA_DIR", str(data_dir), f"{accepted} is accepted") from error
    except OSError as error:
        accepted = f"a directory whose secret_key can be read, or made ({error.strerror}),"
        raise ConfigError("CALHOOKS_DATA_DIR", str(data_dir), f"{accepted} is accepted") from error

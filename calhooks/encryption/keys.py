"""The keys that encrypt secrets in the database, derived from SECRET_KEY and the former ones.

Only the standard library is used here: the supervisor checks the keys before it starts anything.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from calhooks.config import Config

MATERIAL = b"calhooks: encryption of secrets"
ID = b"calhooks: id of the key that encrypts secrets"
ID_BYTES = 8


class WrongKey(RuntimeError):
    """The database has secrets that no configured key can decrypt; str() is the one line to print."""

    def __init__(self) -> None:
        super().__init__(
            "SECRET_KEY is not the key that encrypted the secrets in this database;"
            " set that key, or add it to SECRET_KEY_FALLBACKS."
            " If it is lost, run: flask rotate-secrets --discard-unreadable"
        )


@dataclass(frozen=True, slots=True)
class Key:
    """An AES-256 key. Its `id` is stored with what it encrypted and reveals nothing about it."""

    id: str
    material: bytes = field(repr=False)


class Keyring:
    """The newest key, which encrypts, and the former ones, which only decrypt."""

    def __init__(self, secret_key: str, former: Iterable[str]) -> None:
        self.newest = _key(secret_key)
        self._keys = {key.id: key for key in (*map(_key, former), self.newest)}

    def get(self, key_id: str) -> Key | None:
        """Return the key with this id, None if it is not configured."""
        return self._keys.get(key_id)

    def check(self, used: Iterable[str]) -> None:
        """Make sure that all `used` keys, by their ids, are configured. Raises WrongKey."""
        if not self._keys.keys() >= set(used):
            raise WrongKey


def keyring_of(config: Config) -> Keyring:
    """Return the keys of a configuration."""
    return _keyring(config.secret_key, config.secret_key_fallbacks)


@lru_cache(maxsize=8)
def _keyring(secret_key: str, former: tuple[str, ...]) -> Keyring:
    return Keyring(secret_key, former)


def _key(secret_key: str) -> Key:
    secret = secret_key.encode()
    return Key(derive(secret, ID)[:ID_BYTES].hex(), derive(secret, MATERIAL))


def derive(secret: bytes, info: bytes) -> bytes:
    """Return 32 bytes by HKDF-SHA256 without salt (RFC 5869); a different `info` gives an independent key."""
    extracted = hmac.digest(bytes(32), secret, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")

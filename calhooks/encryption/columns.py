"""Column types that encrypt on the way into the database and decrypt on the way out, with AES-256-GCM.

A stored value is `<id of the key>.<base64 of nonce and ciphertext>`. It is bound to its column: moved to another
one, it cannot be decrypted. Two equal values differ once encrypted, so that such a column cannot be searched.
"""

from __future__ import annotations

import base64
import json
import secrets
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Column, ColumnElement, Dialect, Text, type_coerce
from sqlalchemy.types import TypeDecorator

from calhooks.config import current_config
from calhooks.encryption.keys import Key, keyring_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES, TAG_BYTES = 12, 16


class Unreadable(ValueError):
    """A stored value that was damaged, moved from another column, or encrypted with a key that is not configured."""

    def __init__(self, label: str) -> None:
        super().__init__(f"a value of {label} cannot be decrypted with SECRET_KEY or SECRET_KEY_FALLBACKS")


class Encrypted(TypeDecorator[Any]):
    """Text that is encrypted in the database. `label` is "table.column". Needs an active application context."""

    impl = Text
    cache_ok = True

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = label

    def seal(self, text: str) -> str:
        """Return `text` as it is stored, encrypted with the newest key."""
        key = keyring_of(current_config()).newest
        nonce = secrets.token_bytes(NONCE_BYTES)
        ciphertext = _cipher(key).encrypt(nonce, text.encode(), self.label.encode())
        return f"{key.id}.{base64.b64encode(nonce + ciphertext).decode()}"

    def unseal(self, stored: str) -> str:
        """Return the text of a stored value. Raises Unreadable."""
        # Imported here, and below: only a process that has something to decrypt pays its 7 MB.
        from cryptography.exceptions import InvalidTag

        key_id, _, encoded = stored.partition(".")
        key = keyring_of(current_config()).get(key_id)
        if key is None:
            raise Unreadable(self.label)
        try:
            sealed = base64.b64decode(encoded)
            return _cipher(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self.label.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise Unreadable(self.label) from error

    def read(self, stored: str) -> Any:
        """Return a stored value as it was written. Raises Unreadable."""
        return self.unseal(stored)

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Encrypt."""
        return None if value is None else self.seal(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Decrypt. Raises Unreadable."""
        return None if value is None else self.read(value)


class EncryptedJSON(Encrypted):
    """The same for what JSON can hold."""

    cache_ok = True

    def read(self, stored: str) -> Any:
        """Return a stored value as it was written. Raises Unreadable."""
        return json.loads(self.unseal(stored))

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        """Encrypt."""
        return self.seal(json.dumps(value))


def sealed_length(stored: str) -> int:
    """Return how many bytes were encrypted into a stored value, which shows without its key. Raises ValueError."""
    return len(base64.b64decode(stored.partition(".")[2], validate=True)) - NONCE_BYTES - TAG_BYTES


def sealed(column: Column[Any]) -> ColumnElement[str]:
    """Select an encrypted column as it is stored."""
    return type_coerce(column, Text)


def encryption_of(column: Column[Any]) -> Encrypted:
    """Return the type of an encrypted column."""
    return cast(Encrypted, column.type)


@lru_cache(maxsize=8)
def _cipher(key: Key) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key.material)

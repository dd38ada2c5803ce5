"""The secrets and key pairs of endpoints that are claimed from, decrypted once for all claims of each."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Column, Select, Table, bindparam, literal_column, or_, select, union_all
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.db import UTCDateTime
from calhooks.delivery.tables import endpoints, key_pairs, signing_keys
from calhooks.encryption.columns import Unreadable, encryption_of, sealed

UNREADABLE = (
    "This webhook's secrets cannot be decrypted with the server's SECRET_KEY."
    " Its operator can add the former key to SECRET_KEY_FALLBACKS."
)


def read_secrets(connection: Connection, found: Sequence[Any], now: datetime) -> dict[int, dict[str, Any]]:
    """Decrypt each endpoint's secrets and private keys that sign now, newest first, and its secret headers.

    What cannot be decrypted fails the attempts of its own endpoint alone.
    """
    stored = {endpoint.id: _Stored([], []) for endpoint in found}
    if stored:
        for endpoint_id, is_pair, key in connection.execute(_KEYS, {"endpoints": list(stored), "now": now}):
            (stored[endpoint_id].private_keys if is_pair else stored[endpoint_id].secrets).append(key)
    plain, pairs = encryption_of(signing_keys.c.secret), encryption_of(key_pairs.c.private_key)
    headers = encryption_of(endpoints.c.secret_headers)
    secrets: dict[int, dict[str, Any]] = {}
    for endpoint in found:
        try:
            secrets[endpoint.id] = {
                "secrets": [plain.read(secret) for secret in stored[endpoint.id].secrets],
                "private_keys": [pairs.read(key) for key in stored[endpoint.id].private_keys],
                "secret_headers": headers.read(endpoint.secret_headers),
            }
        except Unreadable:
            secrets[endpoint.id] = {"problem": UNREADABLE}
    return secrets


def with_unreadable_secrets(session: Session, endpoint_ids: Collection[int]) -> set[int]:
    """Return which of some endpoints have a secret, private key or secret header that cannot be decrypted."""
    columns = endpoints.c.id, sealed(endpoints.c.secret_headers).label("secret_headers")
    found = session.execute(select(*columns).where(endpoints.c.id.in_(endpoint_ids))).all()
    secrets = read_secrets(session.connection(), found, clock.now())
    return {endpoint_id for endpoint_id, each in secrets.items() if "problem" in each}


class _Stored(NamedTuple):
    """What an endpoint signs with, as stored, newest first."""

    secrets: list[str]
    private_keys: list[str]


def _valid(table: Table, column: Column[Any], is_pair: int) -> Select[Any]:
    return select(
        table.c.endpoint_id, literal_column(str(is_pair)).label("is_pair"), sealed(column).label("key"), table.c.id
    ).where(
        table.c.endpoint_id.in_(bindparam("endpoints", expanding=True)),
        or_(table.c.expires_at.is_(None), table.c.expires_at > bindparam("now", type_=UTCDateTime)),
    )


# One statement for both, because it runs for every claim.
_both = union_all(
    _valid(signing_keys, signing_keys.c.secret, 0), _valid(key_pairs, key_pairs.c.private_key, 1)
).subquery()
_KEYS = select(_both.c.endpoint_id, _both.c.is_pair, _both.c.key).order_by(_both.c.id.desc())

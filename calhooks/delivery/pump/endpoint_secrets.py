"""The secrets of endpoints that are claimed from, decrypted once for all claims of each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.engine import Connection

from calhooks.db import UTCDateTime
from calhooks.delivery.tables import endpoints, signing_keys
from calhooks.encryption.columns import Unreadable, encryption_of, sealed

UNREADABLE = (
    "This webhook's secrets cannot be decrypted with the server's SECRET_KEY."
    " Its operator can add the former key to SECRET_KEY_FALLBACKS."
)


def read_secrets(connection: Connection, found: Sequence[Any], now: datetime) -> dict[int, dict[str, Any]]:
    """Decrypt each endpoint's secrets that sign now, newest first, and its secret headers, once for all its claims.

    What cannot be decrypted fails the attempts of its own endpoint alone.
    """
    stored: dict[int, list[str]] = {endpoint.id: [] for endpoint in found}
    if stored:
        for endpoint_id, secret in connection.execute(_SECRETS, {"endpoints": list(stored), "now": now}):
            stored[endpoint_id].append(secret)
    keys, headers = encryption_of(signing_keys.c.secret), encryption_of(endpoints.c.secret_headers)
    secrets: dict[int, dict[str, Any]] = {}
    for endpoint in found:
        try:
            secrets[endpoint.id] = {
                "secrets": [keys.read(secret) for secret in stored[endpoint.id]],
                "secret_headers": headers.read(endpoint.secret_headers),
            }
        except Unreadable:
            secrets[endpoint.id] = {"problem": UNREADABLE}
    return secrets


_SECRETS = (
    select(signing_keys.c.endpoint_id, sealed(signing_keys.c.secret).label("secret"))
    .where(
        signing_keys.c.endpoint_id.in_(bindparam("endpoints", expanding=True)),
        or_(signing_keys.c.expires_at.is_(None), signing_keys.c.expires_at > bindparam("now", type_=UTCDateTime)),
    )
    .order_by(signing_keys.c.id.desc())
)

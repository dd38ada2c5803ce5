"""What becomes of endpoints whose secrets can no longer be decrypted: nothing is sent until new ones are entered."""

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import Column, bindparam, delete, select, update
from sqlalchemy.orm import Session

from calhooks import clock, ids
from calhooks.delivery.endpoints import switch_endpoint_off
from calhooks.delivery.models.endpoints import Endpoint, InactiveReason, NoticeKind
from calhooks.delivery.notices import News, notify_owner
from calhooks.delivery.tables import endpoints, key_pairs, signing_keys
from calhooks.encryption.columns import sealed_length
from calhooks.encryption.ed25519 import new_key_pair
from calhooks.encryption.unreadable import unreadable

# What JSON writes for no headers, which every endpoint stores that has none.
NO_HEADERS_LENGTH = len("[]")


def discard_lost_secrets(session: Session) -> int:
    """Switch off the endpoints with a secret, key pair or secret header that cannot be decrypted; tell their owners.

    Returns how many. A lost secret is replaced by a random one, a lost key pair by a new one: an endpoint that had one
    never sends unsigned requests, even when it is switched on before its owner has entered another. Lost headers are
    removed.
    """
    affected = (
        _replace(session, signing_keys.c.secret, lambda: {"secret": ids.new_secret()})
        | _replace(session, key_pairs.c.private_key, lambda: new_key_pair()._asdict())
        | _remove_headers(session)
    )
    return _switch_off(session, affected)


def _replace(session: Session, column: Column[Any], new: Callable[[], dict[str, str]]) -> set[int]:
    """Replace newest keys that were lost, delete older ones, and return the endpoints that signed with one of them.

    `column` is where a table has what is secret of its keys; `new` makes the values of a new one.
    """
    now, table = clock.now(), column.table
    lost = {row for row, _ in unreadable(session, column)}
    rows = session.execute(select(table.c.id, table.c.endpoint_id, table.c.expires_at)).all()
    keys = [key for key in rows if key.id in lost]
    connection = session.connection()
    for key in keys:
        is_key = table.c.id == key.id
        replaced = key.expires_at is None
        connection.execute(update(table).where(is_key).values(new()) if replaced else delete(table).where(is_key))
    return {key.endpoint_id for key in keys if key.expires_at is None or key.expires_at > now}


def _remove_headers(session: Session) -> set[int]:
    """Remove secret headers that were lost, and return the endpoints that had any."""
    lost = dict(unreadable(session, endpoints.c.secret_headers))
    if lost:
        emptied = update(endpoints).where(endpoints.c.id == bindparam("row")).values(secret_headers=bindparam("none"))
        session.connection().execute(emptied, [{"row": row, "none": []} for row in lost])
    return {row for row, stored in lost.items() if not _had_none(stored)}


def _had_none(stored: str) -> bool:
    try:
        return sealed_length(stored) == NO_HEADERS_LENGTH
    except ValueError:
        # Damaged: it may have been anything.
        return False


def _switch_off(session: Session, affected: Collection[int]) -> int:
    now, news = clock.now(), []
    for endpoint_id in sorted(affected):
        endpoint = session.get_one(Endpoint, endpoint_id)
        if endpoint.deleted_at is None:
            switch_endpoint_off(endpoint, InactiveReason.SECRET_LOST)
            # Of one that was off already, that its owner has to do something before switching it on.
            endpoint.inactive_reason, endpoint.told_at = InactiveReason.SECRET_LOST, now
            news.append(News(endpoint_id, NoticeKind.SECRET_LOST, ""))
    session.flush()
    notify_owner(session.connection(), news, now)
    return len(news)

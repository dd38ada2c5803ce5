"""What becomes of endpoints whose secrets can no longer be decrypted: nothing is sent until new ones are entered."""

from collections.abc import Collection

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from calhooks import clock, ids
from calhooks.delivery.endpoints import switch_endpoint_off
from calhooks.delivery.models.endpoints import Endpoint, InactiveReason, NoticeKind
from calhooks.delivery.notices import News, notify_owner
from calhooks.delivery.tables import endpoints, signing_keys
from calhooks.encryption.columns import sealed_length
from calhooks.encryption.unreadable import unreadable

# What JSON writes for no headers, which every endpoint stores that has none.
NO_HEADERS_LENGTH = len("[]")


def discard_lost_secrets(session: Session) -> int:
    """Switch off the endpoints with a secret or secret header that cannot be decrypted, and tell their owners.

    Returns how many. A lost secret is replaced by a random one: an endpoint that had one never sends unsigned
    requests, even when it is switched on before its owner has entered another. Lost headers are removed.
    """
    affected = _replace_keys(session) | _remove_headers(session)
    return _switch_off(session, affected)


def _replace_keys(session: Session) -> set[int]:
    """Replace newest keys that were lost, delete older ones, and return the endpoints that signed with one of them."""
    now = clock.now()
    lost = {row for row, _ in unreadable(session, signing_keys.c.secret)}
    rows = session.execute(select(signing_keys.c.id, signing_keys.c.endpoint_id, signing_keys.c.expires_at)).all()
    keys = [key for key in rows if key.id in lost]
    replaced = [{"row": key.id, "new": ids.new_secret()} for key in keys if key.expires_at is None]
    old = [{"row": key.id} for key in keys if key.expires_at is not None]
    connection, is_row = session.connection(), signing_keys.c.id == bindparam("row")
    if replaced:
        connection.execute(update(signing_keys).where(is_row).values(secret=bindparam("new")), replaced)
    if old:
        connection.execute(delete(signing_keys).where(is_row), old)
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

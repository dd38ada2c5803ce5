"""The Ed25519 key pairs of an endpoint: made, replaced, ended, removed."""

from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from calhooks import clock
from calhooks.delivery.models.endpoints import Endpoint, KeyPair
from calhooks.encryption.ed25519 import new_key_pair

# For how many replaced key pairs signatures are added.
MAX_OLD_KEY_PAIRS = 3


def create_key_pair(endpoint: Endpoint, overlap: timedelta) -> None:
    """Sign with a new key pair from now on, and for `overlap` with the one it replaces, if that can be decrypted."""
    now, new = clock.now(), new_key_pair()
    old = [pair for pair in valid_key_pairs(endpoint) if overlap and pair.is_readable]
    for pair in old:
        pair.expires_at = pair.expires_at or now + overlap
    made = KeyPair(private_key=new.private_key, public_key=new.public_key, created_at=now)
    endpoint.key_pairs = [made, *old[:MAX_OLD_KEY_PAIRS]]


def remove_key_pairs(endpoint: Endpoint) -> None:
    """Sign with no key pair from now on."""
    endpoint.key_pairs = []


def end_old_key_pairs(endpoint: Endpoint) -> None:
    """Let only the newest key pair sign, for example after a copy of the database has leaked."""
    endpoint.key_pairs = endpoint.key_pairs[:1]


def valid_key_pairs(endpoint: Endpoint) -> list[KeyPair]:
    """Return the key pairs that sign now, newest first."""
    now = clock.now()
    return [pair for pair in endpoint.key_pairs if pair.expires_at is None or pair.expires_at > now]


def valid_private_keys(session: Session, endpoint: Endpoint) -> list[str]:
    """Return the private keys that sign now, newest first. Raises Unreadable."""
    return signing_now(session, endpoint, KeyPair.private_key)


def signing_now(session: Session, endpoint: Endpoint, column: InstrumentedAttribute[str]) -> list[str]:
    """Return `column`, what is secret of a kind of key, of those that sign now, newest first. Raises Unreadable."""
    keys = column.class_
    is_valid = or_(keys.expires_at.is_(None), keys.expires_at > clock.now())
    query = select(column).where(keys.endpoint_id == endpoint.id, is_valid)
    return list(session.scalars(query.order_by(keys.id.desc())))


def old_key_pair_until(endpoint: Endpoint) -> datetime | None:
    """Return until when a replaced key pair also signs, None if none does."""
    return max((pair.expires_at for pair in valid_key_pairs(endpoint) if pair.expires_at), default=None)

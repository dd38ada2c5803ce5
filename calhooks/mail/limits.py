"""How much mail an account may send: strangers decide whom a host writes to, and nobody is to be flooded through it."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.mail.models import KnownAddress, Mail, MailState

MAX_NEW_ADDRESSES = 100
MAX_TO_ONE_ADDRESS = 50
LIMIT_WINDOW = timedelta(days=1)
NEW_ADDRESSES = f"this account has written to {MAX_NEW_ADDRESSES} new addresses within a day, which is the limit."
ONE_ADDRESS = f"this address has got {MAX_TO_ONE_ADDRESS} mails from this account within a day, which is the limit."


def refusals(session: Session, owner_id: int, emails: Collection[str], now: datetime) -> dict[str, str]:
    """Return which of these addresses an account may not write to now, each with the reason, and note the others.

    An account's own address has no limit. Letter case does not matter.
    """
    own = session.scalar(select(User.email).where(User.id == owner_id))
    by_address = {email.lower(): email for email in emails if email.lower() != own}
    if not by_address:
        return {}
    known = set(
        session.scalars(
            select(KnownAddress.address).where(KnownAddress.owner_id == owner_id, KnownAddress.address.in_(by_address))
        )
    )
    new = [address for address in by_address if address not in known]
    room = MAX_NEW_ADDRESSES - _new_lately(session, owner_id, now) if new else 0
    _note(session, owner_id, new[: max(room, 0)], now)
    refused = {by_address[address]: f"Not sent: {NEW_ADDRESSES}" for address in new[max(room, 0) :]}
    had_enough = _had_enough(session, owner_id, known, now) if known else set()
    return refused | {by_address[address]: f"Not sent: {ONE_ADDRESS}" for address in had_enough}


def _new_lately(session: Session, owner_id: int, now: datetime) -> int:
    query = select(func.count()).where(
        KnownAddress.owner_id == owner_id, KnownAddress.first_used_at > now - LIMIT_WINDOW
    )
    return session.scalar(query) or 0


def _note(session: Session, owner_id: int, addresses: Collection[str], now: datetime) -> None:
    if addresses:
        # Somebody else may note the same address at this moment.
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        rows = [{"owner_id": owner_id, "address": address, "first_used_at": now} for address in addresses]
        session.execute(insert(KnownAddress).values(rows).on_conflict_do_nothing())


def _had_enough(session: Session, owner_id: int, addresses: Collection[str], now: datetime) -> set[str]:
    recipient = func.lower(Mail.recipient)
    query = select(recipient).where(
        Mail.owner_id == owner_id,
        Mail.created_at > now - LIMIT_WINDOW,
        recipient.in_(addresses),
        Mail.state != MailState.DROPPED,
    )
    return set(session.scalars(query.group_by(recipient).having(func.count() >= MAX_TO_ONE_ADDRESS)))

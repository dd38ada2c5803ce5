"""How much mail an account may send: strangers decide whom a host writes to, and nobody is to be flooded through it.

What is over a limit waits for room. Guests have a limit of their own, so that a stranger who names many of them delays
no booker's mail.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.config import current_config
from calhooks.mail.models import KnownAddress, Mail, MailState

MAX_TO_ONE_ADDRESS = 50
LIMIT_WINDOW = timedelta(days=1)
NEW_ADDRESSES = "this account has written to {count} new addresses of {whose} within a day, which is the limit."
ONE_ADDRESS = f"this address has had {MAX_TO_ONE_ADDRESS} mails from this account within a day, which is the limit."


@dataclass(frozen=True, slots=True)
class MailSlot:
    """When an account may write to an address, in UTC; None if that is too late. `reason` says why not at once."""

    at: datetime | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """The addresses of one letter on behalf of an account, which is no longer of use after `expires_at`, in UTC."""

    owner_id: int
    emails: Collection[str]
    are_guests: bool
    expires_at: datetime | None


def find_slots(session: Session, recipients: Recipients, now: datetime) -> dict[str, MailSlot]:
    """Return which of these addresses may not be written to at once, and when; keep that time for them.

    An account's own address has no limit. Letter case does not matter.
    """
    own = session.scalar(select(User.email).where(User.id == recipients.owner_id))
    by_address = {email.lower(): email for email in recipients.emails if email.lower() != own}
    if not by_address:
        return {}
    whose = "guests" if recipients.are_guests else "bookers"
    reason = NEW_ADDRESSES.format(count=current_config().mail_limit, whose=whose)
    first_uses = _first_uses(session, recipients, list(by_address), now)
    slots = {
        by_address[address]: _slot(at, recipients, reason)
        for address, at in first_uses.items()
        if at is None or at > now
    }
    for address, at in _when_had_enough(session, recipients.owner_id, by_address, now).items():
        later = max(at, first_uses[address] or at)
        # As many as a day takes may wait for the next day; more would be a flood that goes on for days.
        slots[by_address[address]] = _slot(later if at <= now + LIMIT_WINDOW else None, recipients, ONE_ADDRESS)
    return slots


def _slot(at: datetime | None, recipients: Recipients, reason: str) -> MailSlot:
    if at is None or _is_late(at, recipients):
        return MailSlot(None, f"Not sent: {reason}")
    return MailSlot(at, f"It waits: {reason}")


def _is_late(at: datetime, recipients: Recipients) -> bool:
    return recipients.expires_at is not None and at >= recipients.expires_at


def _first_uses(
    session: Session, recipients: Recipients, addresses: Sequence[str], now: datetime
) -> dict[str, datetime | None]:
    """Return since when each address is known, or when there is room for it; None if that is too late.

    An address that waits among the guests though it is a booker's, or the reverse, gets the better room of the two.
    """
    owned = KnownAddress.owner_id == recipients.owner_id
    known = {
        row.address: row
        for row in session.scalars(select(KnownAddress).where(owned, KnownAddress.address.in_(addresses)))
    }
    first_uses: dict[str, datetime | None] = {address: row.first_used_at for address, row in known.items()}
    waiting = [
        row.address for row in known.values() if row.first_used_at > now and row.as_guest != recipients.are_guests
    ]
    new = [address for address in addresses if address not in known]
    slots = dict(zip([*waiting, *new], _slots(session, recipients, len(waiting) + len(new), now), strict=True))
    for address in waiting:
        if slots[address] < known[address].first_used_at:
            known[address].first_used_at, known[address].as_guest = slots[address], recipients.are_guests
            first_uses[address] = slots[address]
    for address in new:
        first_uses[address] = None if _is_late(slots[address], recipients) else slots[address]
    _note(session, recipients, {address: at for address in new if (at := first_uses[address])})
    return first_uses


def _slots(session: Session, recipients: Recipients, count: int, now: datetime) -> list[datetime]:
    """Return when `count` further addresses may be written to, after those that wait already."""
    return rooms(latest_uses(session, recipients.owner_id, recipients.are_guests, now), count, now) if count else []


def latest_uses(
    session: Session, owner_id: int, are_guests: bool, now: datetime, *, until: datetime | None = None
) -> list[datetime]:
    """Return since when, or from when, an account writes to its latest addresses of one kind, as many as the limit.

    Those after `until`, in UTC, are left out.
    """
    used_at = KnownAddress.first_used_at
    query = select(used_at).where(
        KnownAddress.owner_id == owner_id, KnownAddress.as_guest == are_guests, used_at > now - LIMIT_WINDOW
    )
    if until:
        query = query.where(used_at <= until)
    return list(reversed(session.scalars(query.order_by(used_at.desc()).limit(current_config().mail_limit)).all()))


def rooms(used: Sequence[datetime], count: int, now: datetime) -> list[datetime]:
    """Return when `count` addresses may be written to after those `used`, so that no window has more than the limit."""
    limit, taken = current_config().mail_limit, list(used)
    if not limit:
        return [now] * count
    for _ in range(count):
        taken.append(now if len(taken) < limit else max(now, taken[-limit] + LIMIT_WINDOW))
    return taken[len(used) :]


def _note(session: Session, recipients: Recipients, first_uses: Mapping[str, datetime]) -> None:
    if first_uses:
        # Another transaction may note the same address at this moment.
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        shared = {"owner_id": recipients.owner_id, "as_guest": recipients.are_guests}
        rows = [{**shared, "address": address, "first_used_at": at} for address, at in first_uses.items()]
        session.execute(insert(KnownAddress).values(rows).on_conflict_do_nothing())


def _when_had_enough(session: Session, owner_id: int, addresses: Collection[str], now: datetime) -> dict[str, datetime]:
    """Return the addresses that have got as many mails as they may within a window, and when they may get another."""
    recipient, sent = func.lower(Mail.recipient), func.coalesce(Mail.sent_at, Mail.due_at, Mail.created_at)
    mails = (Mail.owner_id == owner_id, Mail.created_at > now - 2 * LIMIT_WINDOW, Mail.state != MailState.DROPPED)
    query = select(recipient).where(*mails, recipient.in_(addresses), sent > now - LIMIT_WINDOW)
    full = session.scalars(query.group_by(recipient).having(func.count() >= MAX_TO_ONE_ADDRESS)).all()
    nth = select(sent).where(*mails).order_by(sent.desc()).offset(MAX_TO_ONE_ADDRESS - 1).limit(1)
    return {address: session.scalars(nth.where(recipient == address)).one() + LIMIT_WINDOW for address in full}

"""Mail that waits for room when the operator raises CALHOOKS_MAIL_LIMIT."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from calhooks.mail.limits import latest_uses, rooms
from calhooks.mail.models import KnownAddress, Mail, MailState


def follow_raised_limit(session: Session, now: datetime) -> int:
    """Bring mail forward to when the limit of today has room for it, and return for how many addresses."""
    query = select(KnownAddress).where(KnownAddress.first_used_at > now)
    order = KnownAddress.owner_id, KnownAddress.as_guest, KnownAddress.first_used_at, KnownAddress.id
    waiting = session.scalars(query.order_by(*order)).all()
    return sum(
        _bring_forward(session, list(alike), now)
        for _, alike in groupby(waiting, key=lambda row: (row.owner_id, row.as_guest))
    )


def _bring_forward(session: Session, waiting: Sequence[KnownAddress], now: datetime) -> int:
    """Do it for addresses of one account that count against one limit, those that wait longest first."""
    used = latest_uses(session, waiting[0].owner_id, waiting[0].as_guest, now, until=now)
    sooner = {}
    for row, at in zip(waiting, rooms(used, len(waiting), now), strict=True):
        if at < row.first_used_at:
            sooner[row.address] = (row.first_used_at, at)
            row.first_used_at = at
    query = select(Mail).where(Mail.owner_id == waiting[0].owner_id, Mail.state == MailState.QUEUED, Mail.due_at > now)
    for mail in session.scalars(query.options(defer(Mail.text), defer(Mail.html), defer(Mail.calendar))):
        before, at = sooner.get(mail.recipient.lower(), (None, now))
        # Others wait for another reason.
        if mail.due_at == before:
            mail.due_at = at
    return len(sooner)

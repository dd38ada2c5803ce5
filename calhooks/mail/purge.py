"""Forget mail that is older than the retention, in steps so small that no booking waits for them."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from calhooks.mail.models import Mail, MailState

MAILS_PURGED_AT_ONCE = 50


def purge_mail(session: Session, now: datetime, retention_days: int) -> int:
    """Delete a few old mails and return how many; 0 when nothing is left. What is still owed stays."""
    if retention_days <= 0:
        return 0
    limit = now - timedelta(days=retention_days)
    query = select(Mail.id).where(Mail.created_at < limit, Mail.state != MailState.QUEUED)
    old = session.scalars(query.order_by(Mail.id).limit(MAILS_PURGED_AT_ONCE)).all()
    if old:
        session.execute(delete(Mail).where(Mail.id.in_(old)).execution_options(synchronize_session=False))
    return len(old)

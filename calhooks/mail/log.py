"""What became of the mail about something, for the account on whose behalf it was sent."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from calhooks.mail.models import Mail, MailState

# They are large, and a list shows none of it.
CONTENTS = (defer(Mail.text), defer(Mail.html), defer(Mail.calendar))
SETTLED_BADLY = (MailState.FAILED, MailState.DROPPED)


def mails_about(session: Session, owner_id: int, uid: str) -> Sequence[Mail]:
    """Return every mail about one thing, oldest first, without their contents."""
    query = select(Mail).where(Mail.owner_id == owner_id, Mail.about == uid).order_by(Mail.id)
    return session.scalars(query.options(*CONTENTS)).all()


def newest_to(session: Session, owner_id: int, uid: str, email: str) -> Mail | None:
    """Return the newest mail about one thing to one address, without its contents."""
    query = select(Mail).where(Mail.owner_id == owner_id, Mail.about == uid, Mail.recipient == email)
    return session.scalars(query.order_by(Mail.id.desc()).limit(1).options(*CONTENTS)).first()


def problems(session: Session, owner_id: int, uids: Collection[str]) -> dict[str, list[Mail]]:
    """Return the mails that did not go out or are being tried again, by what they are about."""
    if not uids:
        return {}
    trouble = Mail.state.in_(SETTLED_BADLY) | (Mail.error != "")
    query = select(Mail).where(Mail.owner_id == owner_id, Mail.about.in_(uids), trouble).order_by(Mail.id)
    found: dict[str, list[Mail]] = {}
    for mail in session.scalars(query.options(*CONTENTS)):
        found.setdefault(mail.about, []).append(mail)
    return found

"""What became of the mail about something, for the account or the team on whose behalf it was sent.

Mail about a team's booking is sent on behalf of its hosts, one after the other; then no `owner_id` is given.
"""

from collections.abc import Mapping

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, defer

from calhooks.mail.models import Mail, MailState

# They are large, and a list shows none of it.
CONTENTS = (defer(Mail.text), defer(Mail.html), defer(Mail.calendar))
SETTLED_BADLY = (MailState.FAILED, MailState.DROPPED)


def mails_about(session: Session, owners: Mapping[str, int | None]) -> list[Mail]:
    """Return every mail about some things, oldest first, without their contents.

    `owners` has the owner's id for all that is asked about.
    """
    query = select(Mail).where(Mail.about.in_(owners)).order_by(Mail.id)
    return [mail for mail in session.scalars(query.options(*CONTENTS)) if owners[mail.about] in (None, mail.owner_id)]


def newest_to(session: Session, owner_id: int | None, uid: str, email: str) -> Mail | None:
    """Return the newest mail about one thing to one address, without its contents."""
    query = _of(owner_id, select(Mail).where(Mail.about == uid, Mail.recipient == email))
    return session.scalars(query.order_by(Mail.id.desc()).limit(1).options(*CONTENTS)).first()


def problems(session: Session, owners: Mapping[str, int | None]) -> dict[str, list[Mail]]:
    """Return the mails that did not go out or are being tried again, by what they are about.

    `owners` has the owner's id for all that is asked about.
    """
    if not owners:
        return {}
    trouble = Mail.state.in_(SETTLED_BADLY) | (Mail.error != "")
    query = select(Mail).where(Mail.about.in_(owners), trouble).order_by(Mail.id)
    found: dict[str, list[Mail]] = {}
    for mail in session.scalars(query.options(*CONTENTS)):
        if owners[mail.about] in (None, mail.owner_id):
            found.setdefault(mail.about, []).append(mail)
    return found


def _of(owner_id: int | None, query: Select[Mail]) -> Select[Mail]:
    return query if owner_id is None else query.where(Mail.owner_id == owner_id)

"""Owing somebody a mail: written now, in the caller's transaction; a pump sends it after the commit."""

from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from calhooks import clock, ids
from calhooks.accounts.models import User
from calhooks.config import current_config
from calhooks.mail.addresses import Correspondent, one_line, sender
from calhooks.mail.letters import Letter, as_html, as_text
from calhooks.mail.models import KnownAddress, Mail, MailState

MOST_NEW_ADDRESSES = 100
DAY = timedelta(days=1)
LONGEST_SUBJECT = 200
OVER_LIMIT = (
    f"Not sent: this account has written to {MOST_NEW_ADDRESSES} new addresses within a day, which is the limit."
)


def owe_mail(
    session: Session,
    *,
    owner_id: int,
    kind: str,
    to: Correspondent,
    letter: Letter,
    about: str = "",
    sequence_key: str = "",
    reply_to: Correspondent | None = None,
    calendar: bytes | None = None,
    calendar_method: str = "",
    expires_at: datetime | None = None,
) -> Mail | None:
    """Owe somebody a letter. Without MAIL_URL nothing at all is written and the answer is None.

    `owner_id` is the account on whose behalf it is sent; over that account's daily limit of new addresses the mail is
    `dropped`, with the reason. `calendar` is an iCalendar file, with its METHOD.
    """
    config = current_config()
    if not config.mail_url:
        return None
    now = clock.now()
    may_send = _may_write_to(session, owner_id, to.email, now)
    mail = Mail(
        message_id=f"<{ids.new_uid()}@{sender(config).email.rpartition('@')[2]}>",
        owner_id=owner_id,
        about=about,
        sequence_key=sequence_key,
        kind=kind,
        recipient=to.email,
        recipient_name=one_line(to.name, 200),
        reply_to=reply_to.email if reply_to else "",
        reply_to_name=one_line(reply_to.name, 200) if reply_to else "",
        subject=one_line(letter.subject, LONGEST_SUBJECT),
        text=as_text(letter),
        html=as_html(letter),
        calendar=calendar,
        calendar_method=calendar_method,
        state=MailState.QUEUED if may_send else MailState.DROPPED,
        due_at=now if may_send else None,
        expires_at=expires_at,
        error="" if may_send else OVER_LIMIT,
        created_at=now,
    )
    session.add(mail)
    return mail


def _may_write_to(session: Session, owner_id: int, email: str, now: datetime) -> bool:
    """Tell whether an account may write to an address, and note that it has. Its own address is always allowed."""
    address = email.lower()
    if session.scalar(select(exists().where(User.id == owner_id, User.email == address))):
        return True
    if session.scalar(select(exists().where(KnownAddress.owner_id == owner_id, KnownAddress.address == address))):
        return True
    recent = select(func.count()).where(KnownAddress.owner_id == owner_id, KnownAddress.first_used_at > now - DAY)
    if (session.scalar(recent) or 0) >= MOST_NEW_ADDRESSES:
        return False
    # Somebody else may note the same address at this moment.
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    noted = insert(KnownAddress).values(owner_id=owner_id, address=address, first_used_at=now)
    session.execute(noted.on_conflict_do_nothing())
    return True

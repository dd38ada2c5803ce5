"""Owing people a mail: written now, in the caller's transaction; a pump sends it after the commit."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from calhooks import clock, ids
from calhooks.config import current_config
from calhooks.mail.addresses import Correspondent, sender
from calhooks.mail.letters import Letter, as_html, as_text
from calhooks.mail.limits import refusals
from calhooks.mail.models import Mail, MailState
from calhooks.text import MAX_NAME_LENGTH, shortened

LONGEST_SUBJECT = 200


def owe_mail(
    session: Session,
    *,
    owner_id: int,
    kind: str,
    to: Sequence[Correspondent],
    letter: Letter,
    about: str = "",
    sequence_key: str = "",
    reply_to: Correspondent | None = None,
    calendar: bytes | None = None,
    calendar_method: str = "",
    expires_at: datetime | None = None,
) -> list[Mail]:
    """Owe people the same letter, each in a mail of their own. Without MAIL_URL nothing at all is written.

    `owner_id` is the account on whose behalf it is sent; over one of that account's daily limits a mail is `dropped`,
    with the reason. `calendar` is an iCalendar file, with its METHOD. Mails with one `sequence_key` reach a reader in
    order; after `expires_at` the mail is not sent any more.
    """
    config = current_config()
    if not config.mail_url:
        return []
    now, domain = clock.now(), sender(config).email.rpartition("@")[2]
    subject, text, html = shortened(letter.subject, LONGEST_SUBJECT), as_text(letter), as_html(letter)
    refused = refusals(session, owner_id, [person.email for person in to], now)
    mails = [
        Mail(
            message_id=f"<{ids.new_uid()}@{domain}>",
            owner_id=owner_id,
            about=about,
            sequence_key=sequence_key,
            kind=kind,
            recipient=person.email,
            recipient_name=shortened(person.name, MAX_NAME_LENGTH),
            reply_to=reply_to.email if reply_to else "",
            reply_to_name=shortened(reply_to.name, MAX_NAME_LENGTH) if reply_to else "",
            subject=subject,
            text=text,
            html=html,
            calendar=calendar,
            calendar_method=calendar_method,
            state=MailState.DROPPED if person.email in refused else MailState.QUEUED,
            due_at=None if person.email in refused else now,
            expires_at=expires_at,
            error=refused.get(person.email, ""),
            created_at=now,
        )
        for person in to
    ]
    session.add_all(mails)
    return mails

"""Owing people a mail: written now, in the caller's transaction; a pump sends it after the commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from calhooks import clock, ids
from calhooks.config import current_config
from calhooks.mail.addresses import Correspondent, sender
from calhooks.mail.headers import MAX_SUBJECT_LENGTH
from calhooks.mail.letters import Letter, as_html, letter_as_text
from calhooks.mail.limits import MailSlot, Recipients, find_slots
from calhooks.mail.models import Mail, MailState
from calhooks.text import MAX_NAME_LENGTH, shortened


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDraft:
    """One letter to one or more readers. `owner_id` is the account on whose behalf it is sent.

    `about` is the uid of a booking, `calendar` an iCalendar file, `calendar_method` its METHOD. Mails with the same
    `sequence_key` reach a reader in order. After `expires_at`, in UTC, the letter is no longer sent. `to_guests` says
    that all readers are guests, whose addresses are limited apart from others; `to_hosts` that they are accounts who
    host what the letter is about, and have no limit.
    """

    owner_id: int
    kind: str
    to: Sequence[Correspondent]
    letter: Letter
    about: str = ""
    sequence_key: str = ""
    reply_to: Correspondent | None = None
    calendar: bytes | None = None
    calendar_method: str = ""
    expires_at: datetime | None = None
    to_guests: bool = False
    to_hosts: bool = False


@dataclass(frozen=True, slots=True)
class WrittenMail:
    """A draft with its letter as the mail's subject, plain text and HTML."""

    draft: MailDraft
    subject: str
    text: str
    html: str


def write_mail(draft: MailDraft) -> WrittenMail:
    """Write out a draft, which takes milliseconds. It may be done before the transaction in which the mail is owed."""
    letter = draft.letter
    return WrittenMail(draft, shortened(letter.subject, MAX_SUBJECT_LENGTH), letter_as_text(letter), as_html(letter))


def owe_mail(session: Session, draft: MailDraft) -> list[Mail]:
    """Write out a draft and owe it, as `owe_written` does; without MAIL_URL nothing is owed."""
    return owe_written(session, write_mail(draft)) if current_config().mail_url else []


def owe_written(session: Session, written: WrittenMail) -> list[Mail]:
    """Owe each reader of a draft a mail of their own, and return the mails.

    A mail over one of the account's daily limits waits, with the reason as its error; it is `dropped` where that would
    last until it expires.
    """
    draft = written.draft
    now, domain = clock.now(), sender(current_config()).email.rpartition("@")[2]
    reply_to = draft.reply_to or Correspondent("")
    recipients = Recipients(
        owner_id=draft.owner_id,
        emails=[person.email for person in draft.to],
        are_guests=draft.to_guests,
        expires_at=draft.expires_at,
    )
    slots, at_once = {} if draft.to_hosts else find_slots(session, recipients, now), MailSlot(now)
    mails = [
        Mail(
            message_id=f"<{ids.new_uid()}@{domain}>",
            owner_id=draft.owner_id,
            about=draft.about,
            sequence_key=draft.sequence_key,
            kind=draft.kind,
            recipient=person.email,
            recipient_name=shortened(person.name, MAX_NAME_LENGTH),
            reply_to=reply_to.email,
            reply_to_name=shortened(reply_to.name, MAX_NAME_LENGTH),
            subject=written.subject,
            text=written.text,
            html=written.html,
            calendar=draft.calendar,
            calendar_method=draft.calendar_method,
            state=MailState.QUEUED if slot.at else MailState.DROPPED,
            due_at=slot.at,
            expires_at=draft.expires_at,
            error=slot.reason,
            created_at=now,
        )
        for person, slot in ((person, slots.get(person.email, at_once)) for person in draft.to)
    ]
    session.add_all(mails)
    return mails

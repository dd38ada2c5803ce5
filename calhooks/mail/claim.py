"""Which mails go out now, and what became of them: the pump's short transactions."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, exists, literal, select, update
from sqlalchemy.orm import Session, aliased, defer

from calhooks import ids
from calhooks.encryption.columns import Unreadable
from calhooks.mail.models import Mail, MailKind, MailState
from calhooks.mail.sender import Outcome

MAILS_AT_ONCE = 20
MAIL_LEASE = timedelta(seconds=90)
RETRY_WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
)
# Written into the statement: SQLite uses a partial index only where it sees the index' own condition.
QUEUED = literal(str(MailState.QUEUED), literal_execute=True)
UNREADABLE_TEXT = "Its text cannot be decrypted with SECRET_KEY."
TOO_LATE = "Not sent: its time had passed before the mail server could be reached."


def any_mail_due(session: Session, now: datetime) -> bool:
    """Tell whether a pump has something to do."""
    return not _someone_sends(session, now) and session.scalar(_due(now).limit(1)) is not None


def claim_mails(session: Session, now: datetime) -> Sequence[Mail]:
    """Lease a batch of mails, oldest first. The objects are detached: reading them touches no database.

    Nothing while another pump sends: a mail server that hangs is to hold up one worker, not all. Of mails to one
    recipient with one `sequence_key` only the first is given. One that cannot be decrypted has failed this try.
    """
    if _someone_sends(session, now):
        return ()
    # Decrypted below: one that cannot be would end the query for all.
    query = _due(now).options(defer(Mail.text), defer(Mail.html))
    due = session.scalars(query.limit(MAILS_AT_ONCE).with_for_update(skip_locked=True)).all()
    readable = [mail for mail in due if _read(session, mail, now)]
    token = ids.new_uid()
    for mail in readable:
        mail.lease_token, mail.due_at = token, now + MAIL_LEASE
    session.flush()
    for mail in readable:
        session.expunge(mail)
    return readable


def record_mail(session: Session, mail: Mail, outcome: Outcome, now: datetime) -> None:
    """Note what became of a leased mail and extend the lease of the rest of its batch.

    Does nothing when the lease has gone to another pump meanwhile.
    """
    row = session.scalar(_leased(mail).with_for_update())
    if row is None:
        return
    row.lease_token = None
    row.tries += 1
    row.error = outcome.sentence
    if outcome.sent:
        row.state, row.due_at, row.sent_at = MailState.SENT, None, now
    else:
        _wait_or_fail(row, now, permanent=outcome.permanent)
    _forget_secrets(row)
    session.execute(
        update(Mail)
        .where(Mail.lease_token == mail.lease_token, Mail.state == MailState.QUEUED, Mail.id != mail.id)
        .values(due_at=now + MAIL_LEASE)
        .execution_options(synchronize_session=False)
    )


def drop_late(session: Session, mail: Mail) -> None:
    """Give up a leased mail that is no longer worth sending."""
    row = session.scalar(_leased(mail).with_for_update())
    if row is not None:
        row.state, row.due_at, row.lease_token, row.error = MailState.DROPPED, None, None, TOO_LATE
        _forget_secrets(row)


def postpone(session: Session, sentence: str, now: datetime) -> None:
    """Put off whatever is due: no mail can go out now. It counts as a try only for those that were leased."""
    session.execute(
        update(Mail)
        .where(Mail.state == MailState.QUEUED, Mail.due_at <= now)
        .values(due_at=now + RETRY_WAITS[0], error=sentence)
        .execution_options(synchronize_session=False)
    )


def release_mails(session: Session, mails: Sequence[Mail], now: datetime) -> None:
    """Give back leased mails that were not tried."""
    session.execute(
        update(Mail)
        .where(Mail.id.in_([mail.id for mail in mails]), Mail.lease_token == mails[0].lease_token)
        .values(due_at=now, lease_token=None)
        .execution_options(synchronize_session=False)
    )


def _read(session: Session, mail: Mail, now: datetime) -> bool:
    """Decrypt a mail, or put it off: the key may only be missing from this process."""
    try:
        session.refresh(mail, ("text", "html"))
    except Unreadable:
        mail.tries += 1
        mail.error = UNREADABLE_TEXT
        _wait_or_fail(mail, now, permanent=False)
        return False
    return True


def _wait_or_fail(mail: Mail, now: datetime, *, permanent: bool) -> None:
    if permanent or mail.tries > len(RETRY_WAITS):
        mail.state, mail.due_at = MailState.FAILED, None
    else:
        mail.due_at = now + RETRY_WAITS[mail.tries - 1]


def _forget_secrets(mail: Mail) -> None:
    """Keep no link that opens an account longer than it takes to send it."""
    if mail.kind == MailKind.PASSWORD_RESET and mail.state != MailState.QUEUED:
        mail.text = mail.html = ""


def _due(now: datetime) -> Select[Mail]:
    earlier = aliased(Mail)
    waits = exists().where(
        earlier.state == QUEUED,
        earlier.recipient == Mail.recipient,
        earlier.sequence_key == Mail.sequence_key,
        earlier.id < Mail.id,
    )
    return (
        select(Mail)
        .where(Mail.state == QUEUED, Mail.due_at <= now, (Mail.sequence_key == "") | ~waits)
        .order_by(Mail.due_at, Mail.id)
    )


def _leased(mail: Mail) -> Select[Mail]:
    return select(Mail).where(Mail.id == mail.id, Mail.lease_token == mail.lease_token, Mail.state == MailState.QUEUED)


def _someone_sends(session: Session, now: datetime) -> bool:
    sending = exists().where(Mail.state == QUEUED, Mail.lease_token.is_not(None), Mail.due_at > now)
    return bool(session.scalar(select(sending)))

"""Which mails go out now, and what became of them: the pump's short transactions."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, case, exists, literal, select, update
from sqlalchemy.orm import Session, aliased, defer

from calhooks.encryption.columns import Unreadable
from calhooks.mail.models import Mail, MailKind, MailState
from calhooks.mail.sending.sender import Outcome
from calhooks.mail.sending.smtp import RFC_PATIENCE

MAILS_AT_ONCE = 20
# Longer than a mail may take, from its own renewal on.
MAIL_LEASE = timedelta(seconds=RFC_PATIENCE.mail + 60)
RETRY_WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
)
# While the server takes no mail at all: a quarter of the mail's age, within these. It costs no try for as long as RFC
# 5321, 4.5.4.1, has servers try.
MIN_BUSY_WAIT, MAX_BUSY_WAIT = timedelta(minutes=1), timedelta(minutes=15)
MAX_BUSY_AGE = timedelta(days=5)
# Written into the statement: SQLite uses a partial index only where it sees the index' own condition.
QUEUED = literal(str(MailState.QUEUED), literal_execute=True)
# After a connection was lost that may have delivered a mail, and how often that may happen to one.
DOUBT_WAIT = timedelta(hours=1)
MAX_DOUBTS = 3
UNREADABLE_TEXT = "Its text cannot be decrypted with SECRET_KEY."
# Of a mail that was not tried because it had expired.
LATE = Outcome("Not sent in time.", permanent=True)


def any_mail_due(session: Session, now: datetime) -> bool:
    """Tell whether a pump has something to do."""
    return not _someone_sends(session, now) and session.scalar(_due(now).limit(1)) is not None


def claim_mails(session: Session, token: str, now: datetime) -> Sequence[Mail]:
    """Lease a batch of mails, oldest first. The objects are detached: reading them touches no database.

    Nothing while another pump sends: a slow mail server occupies one worker's thread, not all. Of mails to one
    recipient with one `sequence_key` only the first is given. One that cannot be decrypted has failed this try.
    """
    if _someone_sends(session, now):
        return ()
    # Decrypted below: one that cannot be would end the query for all.
    query = _due(now).options(defer(Mail.text), defer(Mail.html))
    due = session.scalars(query.limit(MAILS_AT_ONCE).with_for_update(skip_locked=True)).all()
    readable = [mail for mail in due if _read(session, mail, now)]
    for mail in readable:
        mail.lease_token, mail.due_at = token, now + MAIL_LEASE
    session.flush()
    for mail in readable:
        session.expunge(mail)
    return readable


def renew_leases(session: Session, mail: Mail, now: datetime) -> bool:
    """Extend the leases of a batch, and tell whether the one of this mail is still held."""
    held = _leased(mail).with_only_columns(Mail.id)
    if session.scalar(held.with_for_update()) is None:
        return False
    whole = Mail.lease_token == mail.lease_token, Mail.state == MailState.QUEUED
    session.execute(
        update(Mail).where(*whole).values(due_at=now + MAIL_LEASE).execution_options(synchronize_session=False)
    )
    return True


def record_mail(session: Session, mail: Mail, outcome: Outcome, now: datetime) -> None:
    """Note what became of a leased mail. Does nothing when the lease has gone to another pump meanwhile."""
    row = session.scalar(_leased(mail).with_for_update())
    if row is None:
        return
    row.lease_token = None
    if outcome is LATE:
        row.state, row.due_at, row.error = MailState.DROPPED, None, f"{LATE.sentence} {row.error}".strip()
    else:
        _record_try(row, outcome, now)
    _forget_secrets(row)


def postpone(session: Session, mails: Sequence[Mail], sentence: str, now: datetime) -> None:
    """Put off leased mails and whatever else is due: no mail can go out now, which costs no try for five days."""
    for mail in mails:
        record_mail(session, mail, Outcome(sentence, busy=True), now)
    later = now + _busy_wait(min(mail.created_at for mail in mails), now)
    session.execute(
        update(Mail)
        .where(Mail.state == MailState.QUEUED, Mail.due_at <= now)
        .values(due_at=case((Mail.expires_at < later, Mail.expires_at), else_=later), error=sentence)
        .execution_options(synchronize_session=False)
    )


def release_mails(session: Session, mails: Sequence[Mail], now: datetime) -> None:
    """Give back leased mails that were not tried."""
    _release(session, Mail.id.in_([mail.id for mail in mails]) & (Mail.lease_token == mails[0].lease_token), now)


def release_of(session: Session, prefix: str, now: datetime) -> None:
    """Give back the mails that a dead worker had leased; its tokens begin with `prefix`.

    A mail that was under way may go out twice then, with one Message-ID.
    """
    _release(session, Mail.lease_token.startswith(prefix, autoescape=True), now)


def _release(session: Session, leased: ColumnElement[bool], now: datetime) -> None:
    session.execute(
        update(Mail)
        .where(Mail.state == QUEUED, leased)
        .values(due_at=now, lease_token=None)
        .execution_options(synchronize_session=False)
    )


def _read(session: Session, mail: Mail, now: datetime) -> bool:
    """Decrypt a mail, or put it off: the key may only be missing from this process."""
    try:
        session.refresh(mail, ("text", "html"))
    except Unreadable:
        _record_try(mail, Outcome(UNREADABLE_TEXT), now)
        return False
    return True


def _record_try(mail: Mail, outcome: Outcome, now: datetime) -> None:
    """Note a try, and when the next one is: at the mail's expiry, to be dropped, if that is sooner."""
    mail.error = outcome.sentence
    if outcome.busy and now - mail.created_at < MAX_BUSY_AGE:
        _try_again(mail, now + _busy_wait(mail.created_at, now))
        return
    mail.tries += 1
    mail.doubts += outcome.doubtful
    if outcome.sent:
        mail.state, mail.due_at, mail.sent_at = MailState.SENT, None, now
        return
    if outcome.permanent or mail.tries > len(RETRY_WAITS) or mail.doubts >= MAX_DOUBTS:
        mail.state, mail.due_at = MailState.FAILED, None
        return
    wait = RETRY_WAITS[mail.tries - 1]
    _try_again(mail, now + (max(wait, DOUBT_WAIT) if outcome.doubtful else wait))


def _try_again(mail: Mail, again: datetime) -> None:
    mail.due_at = min(again, mail.expires_at) if mail.expires_at else again


def _busy_wait(created_at: datetime, now: datetime) -> timedelta:
    return min(max((now - created_at) / 4, MIN_BUSY_WAIT), MAX_BUSY_WAIT)


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

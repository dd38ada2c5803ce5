"""What becomes of mails whose text can no longer be decrypted."""

from collections.abc import Sequence
from itertools import islice
from typing import cast

from sqlalchemy import Table, update

from calhooks.db import db, writing
from calhooks.encryption.unreadable import unreadable
from calhooks.mail.models import Mail, MailState

LOST_AT_ONCE = 500
LOST = "Not sent: the key that encrypted its text is lost."


def discard_lost_texts() -> int:
    """Empty the mails whose text cannot be decrypted, and fail those that were to be sent. Returns how many failed.

    Takes several short transactions, and may be interrupted: what is left is found the next time.
    """
    mails = cast(Table, Mail.__table__)
    lost = iter(sorted({row for column in (mails.c.text, mails.c.html) for row, _ in unreadable(db.session(), column)}))
    failed = 0
    while batch := list(islice(lost, LOST_AT_ONCE)):
        failed += _discard(batch)
    return failed


def _discard(mails: Sequence[int]) -> int:
    with writing() as session:
        waiting = update(Mail).where(Mail.id.in_(mails), Mail.state == MailState.QUEUED).returning(Mail.id)
        settled = {"state": MailState.FAILED, "due_at": None, "lease_token": None, "error": LOST}
        failed = session.scalars(waiting.values(settled).execution_options(synchronize_session=False)).all()
        emptied = update(Mail).where(Mail.id.in_(mails)).values(text="", html="")
        session.execute(emptied.execution_options(synchronize_session=False))
    return len(failed)

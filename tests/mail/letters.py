"""Letters and mails for tests that do not care what they say."""

from typing import Any

from calhooks.accounts.models import User
from calhooks.config import current_config
from calhooks.db import writing
from calhooks.mail.addresses import Correspondent
from calhooks.mail.letters import Letter, LetterFact, Link
from calhooks.mail.models import Mail
from calhooks.mail.outbox import MailDraft, owe_mail
from calhooks.mail.sending.pump import MailPump

LETTER = Letter(
    subject="Confirmed: Quick chat",
    heading="Your meeting is confirmed",
    paragraphs=("You are meeting Rick & Co.",),
    facts=(LetterFact(label="When", value="Thursday 5 March 2026"), LetterFact(label="Notes", value="one\ntwo <b>")),
    links=(
        Link(label="Reschedule", url="http://localhost/reschedule/x"),
        Link(label="Cancel", url="http://x/?a=1&b=2"),
    ),
    closing="Sent by calhooks.",
)


def owe(owner: User, to: str = "ann@example.net", name: str = "Ann Lee", **values: Any) -> Mail:
    """Owe somebody a mail and commit."""
    with writing() as session:
        draft = {"owner_id": owner.id, "kind": "test", "to": [Correspondent(to, name)], "letter": LETTER}
        (mail,) = owe_mail(session, MailDraft(**(draft | values)))
    return mail


def pump() -> int:
    """Send what is due, as a worker does, and return how many mails were tried."""
    return MailPump(current_config()).run()

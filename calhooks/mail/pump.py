"""Send what is due: claim a batch, hand it to the mail server over one connection, record each mail as it goes.

No transaction is open while the mail server is spoken to. A pump that dies between sending a mail and recording it
leaves a lease that runs out, and the mail goes out again under the same Message-ID: at least once.
"""

import logging
from collections.abc import Callable, Sequence
from time import monotonic

from sqlalchemy.exc import SQLAlchemyError

from calhooks import clock
from calhooks.config import Config
from calhooks.db import database_reason, writing
from calhooks.mail import claim
from calhooks.mail.compose import compose
from calhooks.mail.models import Mail
from calhooks.mail.sender import Connection, Outcome, ServerUnavailable

log = logging.getLogger(__name__)

RUN_SECONDS = 30.0
BROKEN = Outcome("calhooks itself failed while sending this mail; its log says how.")


class MailPump:
    """One for each process. `run()` may be called again and again."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._stopping = False
        # Called before each mail.
        self.tick: Callable[[], None] = lambda: None

    def stop(self) -> None:
        """Have `run()` end after the mail that is under way; what was claimed is given back."""
        self._stopping = True

    def run(self) -> int:
        """Send until nothing is due, or for half a minute; return how many mails were tried.

        A database that is away ends it, too: leases run out by themselves.
        """
        tried, end = 0, monotonic() + RUN_SECONDS
        try:
            while self._config.mail_url and not self._time_is_up(end):
                with writing() as session:
                    batch = claim.claim_mails(session, clock.now())
                if not batch:
                    break
                tried += self._send_batch(batch, end)
        except SQLAlchemyError as error:
            log.warning("mail waits, the database is away: %s", database_reason(error))
        return tried

    def _send_batch(self, batch: Sequence[Mail], end: float) -> int:
        with Connection(self._config) as connection:
            for number, mail in enumerate(batch):
                self.tick()
                if self._time_is_up(end):
                    return _give_back(batch, number)
                if mail.expires_at is not None and mail.expires_at <= clock.now():
                    with writing() as session:
                        claim.drop_late(session, mail)
                    continue
                try:
                    outcome = _send(mail, connection, self._config)
                except ServerUnavailable as error:
                    _postpone(batch[number:], str(error))
                    break
                with writing() as session:
                    claim.record_mail(session, mail, outcome, clock.now())
                _log(mail, outcome)
        return len(batch)

    def _time_is_up(self, end: float) -> bool:
        return self._stopping or monotonic() > end


def _send(mail: Mail, connection: Connection, config: Config) -> Outcome:
    try:
        return connection.send(compose(mail, config))
    except ServerUnavailable:
        raise
    except ValueError as error:
        return Outcome(f"This mail cannot be sent: {error}", permanent=True)
    except Exception:
        log.exception("sending mail %s failed unexpectedly", mail.id)
        return BROKEN


def _postpone(mails: Sequence[Mail], sentence: str) -> None:
    """Try later, also what else is due: each further mail would wait for the same server in vain."""
    now = clock.now()
    with writing() as session:
        for mail in mails:
            claim.record_mail(session, mail, Outcome(sentence), now)
        claim.postpone(session, sentence, now)


def _give_back(batch: Sequence[Mail], number: int) -> int:
    with writing() as session:
        claim.release_mails(session, batch[number:], clock.now())
    return number


def _log(mail: Mail, outcome: Outcome) -> None:
    if outcome.sent:
        log.info("mail %s (%s) was sent", mail.id, mail.kind)
    else:
        log.warning("mail %s (%s) was not sent: %s", mail.id, mail.kind, outcome.sentence)

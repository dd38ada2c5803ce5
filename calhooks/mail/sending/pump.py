"""Send what is due: claim a batch, hand it to the mail server over one connection, record each mail as it goes.

No transaction is open while the mail server is spoken to. A pump that dies between sending a mail and recording it
leaves a lease that expires, and the mail goes out again under the same Message-ID: at least once.
"""

import logging
import secrets
import threading
from collections.abc import Sequence
from time import monotonic, sleep

from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from calhooks import clock
from calhooks.config import Config
from calhooks.db import database_reason, writing
from calhooks.mail.models import Mail
from calhooks.mail.sending import claim
from calhooks.mail.sending.compose import compose
from calhooks.mail.sending.pace import MailPace
from calhooks.mail.sending.sender import Connection, LeaseLost, Outcome, ServerUnavailable
from calhooks.mail.sending.smtp import RFC_PATIENCE, Patience

log = logging.getLogger(__name__)

RECORD_AGAIN_SECONDS = 0.5
BROKEN = Outcome("calhooks itself failed while sending this mail; its log says how.")


class MailPump:
    """One for each process. `run()` may be called again and again; stop() and what follows, by other threads.

    The tokens of its leases begin with `holder`, 12 hexadecimal characters.
    """

    def __init__(self, config: Config, patience: Patience = RFC_PATIENCE) -> None:
        self.holder = secrets.token_hex(6)
        self._config = config
        self._patience = patience
        self._connection: Connection | None = None
        self._unsettled: Sequence[Mail] = ()
        self._pace = MailPace()
        self._stopping = threading.Event()
        self._cut = False

    def stop(self) -> None:
        """Have `run()` end after the mail that is under way; the rest of what was claimed is given back."""
        self._stopping.set()

    def cut(self) -> None:
        """After stop(): end the mail that is under way. It costs no try, unless it may have been delivered."""
        self._cut = True
        if self._connection is not None:
            self._connection.cut()

    def abandon(self) -> None:
        """After cut(): give back what another thread holds that waits for a name or a connection, which do not end."""
        if self._connection is None or not self._connection.is_connecting:
            return
        try:
            self._give_back(self._unsettled)
        except SQLAlchemyError as error:
            log.warning("Leased mail waits until its leases expire (%s)", database_reason(error))

    def run(self) -> int:
        """Send until nothing is due, and return how many mails were tried. An unreachable database ends it, too."""
        tried = 0
        try:
            while self._config.mail_url and not self._stopping.is_set():
                with writing() as session:
                    batch = claim.claim_mails(session, self.holder + secrets.token_hex(10), clock.now())
                if not batch:
                    break
                tried += self._send_batch(batch)
        except SQLAlchemyError as error:
            log.warning("Mail waits (the database is unreachable: %s)", database_reason(error))
        return tried

    def _send_batch(self, batch: Sequence[Mail]) -> int:
        with Connection(self._config, self._patience) as self._connection:
            for number, mail in enumerate(batch):
                self._unsettled = batch[number:]
                if self._stopping.wait(self._pace.wait_seconds()):
                    self._give_back(batch[number:])
                    return number
                self._pace.begin()
                try:
                    outcome = self._try(mail, self._connection)
                except LeaseLost:
                    log.warning("Mail %s and the rest of its batch are sent by another process", mail.id)
                    return number
                except ServerUnavailable as error:
                    outcome = Outcome(str(error), busy=True)
                    if not self._cut:
                        _postpone(batch[number:], outcome)
                        return len(batch)
                if self._cut and not outcome.sent and not outcome.doubtful:
                    self._give_back(batch[number:])
                    return number
                if outcome.busy and not self._pace.slow_down():
                    log.warning("Mail waits: %s", outcome.sentence)
                    _postpone(batch[number:], outcome)
                    return len(batch)
                self._record(mail, outcome)
        return len(batch)

    def _try(self, mail: Mail, connection: Connection) -> Outcome:
        """Send one mail, if it is still of use. Raises ServerUnavailable, LeaseLost."""
        if not _is_held(mail):
            raise LeaseLost
        if mail.expires_at is not None and mail.expires_at <= clock.now():
            return claim.LATE
        try:
            return connection.send(compose(mail, self._config), lambda: _is_held(mail))
        except (ServerUnavailable, LeaseLost, SQLAlchemyError):
            raise
        except ValueError as error:
            return Outcome(f"This mail cannot be sent: {error}", permanent=True)
        except Exception:
            log.exception("Sending mail %s failed unexpectedly", mail.id)
            return BROKEN

    def _record(self, mail: Mail, outcome: Outcome) -> None:
        """Record what became of a mail; while the database is unreachable, again, since it would be sent twice."""
        until = monotonic() + self._patience.mail
        while True:
            try:
                with writing() as session:
                    claim.record_mail(session, mail, outcome, clock.now())
                break
            except (OperationalError, InterfaceError):
                if self._stopping.is_set() or monotonic() > until:
                    raise
                sleep(RECORD_AGAIN_SECONDS)
        if outcome.sent:
            self._pace.ease()
            log.info("Mail %s (%s) was sent", mail.id, mail.kind)
        else:
            log.warning("Mail %s (%s) was not sent: %s", mail.id, mail.kind, outcome.sentence)

    def _give_back(self, mails: Sequence[Mail]) -> None:
        self._unsettled = ()
        if mails:
            with writing() as session:
                claim.release_mails(session, mails, clock.now())


def _is_held(mail: Mail) -> bool:
    with writing() as session:
        return claim.renew_leases(session, mail, clock.now())


def _postpone(mails: Sequence[Mail], outcome: Outcome) -> None:
    """Try later, also what else is due: each further mail would wait for the same server in vain."""
    with writing() as session:
        claim.postpone(session, mails, outcome.sentence, clock.now())

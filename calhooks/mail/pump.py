"""Send what is due: claim a batch, hand it to the mail server over one connection, record each mail as it goes.

No transaction is open while the mail server is spoken to. A pump that dies between sending a mail and recording it
leaves a lease that runs out, and the mail goes out again under the same Message-ID: at least once.
"""

import logging
from collections.abc import Callable, Sequence
from time import monotonic

from calhooks import clock
from calhooks.config import Config, current_config
from calhooks.db import writing
from calhooks.mail import claim
from calhooks.mail.compose import compose
from calhooks.mail.models import Mail
from calhooks.mail.sender import Connection, Outcome, ServerUnavailable

log = logging.getLogger(__name__)

RUN_SECONDS = 30.0
BROKEN = Outcome("calhooks itself failed while sending this mail; its log says how.")


def pump(should_stop: Callable[[], bool] = lambda: False) -> int:
    """Send until nothing is due, for half a minute or so, or until told to stop. Returns how many mails were tried."""
    config = current_config()
    if not config.mail_url:
        return 0
    tried, end = 0, monotonic() + RUN_SECONDS

    def time_is_up() -> bool:
        return should_stop() or monotonic() > end

    while not time_is_up():
        with writing() as session:
            batch = claim.claim(session, clock.now())
        if not batch:
            break
        tried += _send_batch(batch, config, time_is_up)
    return tried


def _send_batch(batch: Sequence[Mail], config: Config, time_is_up: Callable[[], bool]) -> int:
    with Connection(config) as connection:
        for number, mail in enumerate(batch):
            if number and time_is_up():
                return _give_back(batch, number)
            if mail.expires_at is not None and mail.expires_at <= clock.now():
                with writing() as session:
                    claim.drop_late(session, mail)
                continue
            try:
                outcome = _send(mail, connection, config)
            except ServerUnavailable as error:
                _postpone(batch[number:], str(error))
                break
            with writing() as session:
                claim.record(session, mail, outcome, clock.now())
            _log(mail, outcome)
    return len(batch)


def _send(mail: Mail, connection: Connection, config: Config) -> Outcome:
    try:
        message = compose(mail, config)
        author = message["From"].addresses[0].addr_spec
        recipient = message["To"].addresses[0].addr_spec
        return connection.send(message, sender=author, recipient=recipient)
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
            claim.record(session, mail, Outcome(sentence), now)
        claim.postpone(session, sentence, now)


def _give_back(batch: Sequence[Mail], number: int) -> int:
    with writing() as session:
        claim.release(session, batch[number:], clock.now())
    return number


def _log(mail: Mail, outcome: Outcome) -> None:
    if outcome.sent:
        log.info("mail %s (%s) was sent", mail.id, mail.kind)
    else:
        log.warning("mail %s (%s) was not sent: %s", mail.id, mail.kind, outcome.sentence)

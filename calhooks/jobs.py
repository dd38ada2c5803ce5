"""The names that RQ imports. A job takes no payload: it says "look now"."""

from functools import lru_cache

from calhooks.config import Config, current_config
from calhooks.delivery.pump.pump import Pump
from calhooks.delivery.queue import wake
from calhooks.mail.pump import MailPump

LINGER_SECONDS = 1.0


def pump() -> None:
    """Deliver what is due and what comes in the next second, and hand over to a fresh job when that takes long."""
    if pump_of(current_config()).run(LINGER_SECONDS):
        wake.wake_another()


def send_mail() -> None:
    """Send the mail that is due."""
    mail_pump_of(current_config()).run()


@lru_cache(maxsize=1)
def pump_of(config: Config) -> Pump:
    """Return the process's pump, whose connections stay open from one job to the next."""
    return Pump(config)


@lru_cache(maxsize=1)
def mail_pump_of(config: Config) -> MailPump:
    """Return the process's pump of mail, which is the one to stop."""
    return MailPump(config)

"""The names that RQ imports. A job takes no payload: it says "look now"."""

from functools import lru_cache
from typing import cast

from flask import Flask, current_app
from werkzeug.local import LocalProxy

from calhooks.config import Config, current_config
from calhooks.delivery.pump.pump import Pump
from calhooks.delivery.queue import wake
from calhooks.mail.sending.pump import MailPump
from calhooks.mail.sending.thread import MailThread

LINGER_SECONDS = 1.0


def pump() -> None:
    """Deliver what is due and what comes in the next second, and hand over to a fresh job when that takes long."""
    if pump_of(current_config()).run(LINGER_SECONDS):
        wake.wake_another()


def send_mail() -> None:
    """Have the thread for mail send what is due, and return at once."""
    mail_thread_of(current_config()).wake()


@lru_cache(maxsize=1)
def pump_of(config: Config) -> Pump:
    """Return the process's pump, whose connections stay open from one job to the next."""
    return Pump(config)


@lru_cache(maxsize=1)
def mail_thread_of(config: Config) -> MailThread:
    """Return the process's thread for mail, which is the one to stop."""
    app = cast(LocalProxy[Flask], current_app)._get_current_object()
    mail_pump = MailPump(config)
    # By one heartbeat the leases of both are found when the process is dead.
    mail_pump.holder = pump_of(config).heart.token
    return MailThread(app, mail_pump)

"""The thread of a worker that sends mail, so that a slow mail server delays no webhook."""

import logging
import threading
from queue import SimpleQueue
from time import monotonic

from flask import Flask

from calhooks.mail.sending.pump import MailPump

log = logging.getLogger(__name__)

# What a mail under way gets when the process is told to stop, and then to notice that its connection was cut.
MAIL_STOP_SECONDS = 7.5
CUT_SECONDS = 0.5


class MailThread:
    """Sends mail when it is woken, beside whatever else the process does. It starts with the first wake-up."""

    def __init__(self, app: Flask, pump: MailPump) -> None:
        self._app = app
        self._pump = pump
        # A signal handler may put something in while the same thread does.
        self._wakes: SimpleQueue[None] = SimpleQueue()
        self._stop_at: float | None = None
        # Never keeps a process from ending.
        self._thread = threading.Thread(target=self._run, name="mail", daemon=True)

    def wake(self) -> None:
        """Have it look for mail that is due, after the one that is under way."""
        if not self._thread.ident:
            self._thread.start()
        self._wakes.put(None)

    def stop(self) -> None:
        """Have it send no further mail. The one under way gets 7.5 seconds. A signal handler may call this."""
        self._stop_at = monotonic() + MAIL_STOP_SECONDS
        self._pump.stop()
        self._wakes.put(None)

    def wind_up(self) -> None:
        """After stop(): wait for the end of the mail under way as long as it has, and give back what was not sent."""
        if not self._thread.ident or self._stop_at is None:
            return
        self._thread.join(max(0.0, self._stop_at - monotonic()))
        if self._thread.is_alive():
            self._pump.cut()
            self._thread.join(CUT_SECONDS)
            self._pump.abandon()

    def _run(self) -> None:
        while self._stop_at is None:
            self._wakes.get()
            while not self._wakes.empty():
                self._wakes.get()
            try:
                with self._app.app_context():
                    self._pump.run()
            except Exception:
                log.exception("Sending mail failed unexpectedly; mail waits for the next wake-up")

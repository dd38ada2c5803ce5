"""The body of `flask worker`: it pumps when RQ says so, and every second while Redis is unreachable."""

import logging
import signal
import sqlite3
import threading

from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from calhooks.config import current_config
from calhooks.db import database_reason, db
from calhooks.delivery.pump.pump import Pump
from calhooks.delivery.queue.client import RedisAway
from calhooks.delivery.queue.worker import PumpWorker
from calhooks.delivery.upkeep.dead_workers import Watch
from calhooks.jobs import mail_thread_of, pump_of
from calhooks.mail.sending.thread import MailThread

log = logging.getLogger(__name__)

# How soon a Redis that is back is noticed, and how often it is looked for what is due until then.
RECONNECT_SECONDS = 1.0


class _Stop:
    """What SIGTERM and SIGINT do: nothing more is claimed, sends under way get their seconds, the process ends."""

    def __init__(self, *pumps: Pump | MailThread) -> None:
        self.requested = threading.Event()
        self.worker: PumpWorker | None = None
        self._pumps = pumps
        signal.signal(signal.SIGTERM, self._handle)
        signal.signal(signal.SIGINT, self._handle)

    def _handle(self, _number: int, _frame: object) -> None:
        if not self.requested.is_set():
            self.requested.set()
            for pump in self._pumps:
                pump.stop()
        if self.worker is not None:
            self.worker.stop()


def run_worker() -> None:
    """Work until SIGTERM or SIGINT; neither Redis nor the database being away ends it."""
    config = current_config()
    _relax_durability()
    pump, mail = pump_of(config), mail_thread_of(config)
    stop = _Stop(pump, mail)
    pump.heart.start()
    _look_for_dead()
    away = False
    while not stop.requested.is_set():
        try:
            stop.worker = PumpWorker(config.redis_url, pump.settle)
            if away:
                log.warning("Redis is back")
            away = False
            # A signal that came before there was a worker has told it nothing.
            if not stop.requested.is_set():
                stop.worker.work_in_turns()
        # redis-py reads a file of its own for each connection; there may be no descriptor for it.
        except (RedisAway, OSError) as error:
            if not away:
                log.warning("Redis is away (%s); looking for what is due every second without it", error)
            away = True
        stop.worker = None
        if not stop.requested.is_set():
            if config.mail_url:
                mail.wake()
            pump.run()
            stop.requested.wait(RECONNECT_SECONDS)
    pump.wind_up()
    mail.wind_up()
    pump.heart.stop()


def _look_for_dead() -> None:
    """Take over from a worker of this machine that was killed, also while no scheduler runs."""
    try:
        Watch().look(by_heartbeat=False)
    except SQLAlchemyError as error:
        log.warning("Dead workers were not looked for (%s); the scheduler does it every second", database_reason(error))


def _relax_durability() -> None:
    """Spare SQLite the wait for the disk at each commit of this process.

    Should the power fail, a few of its claims and results are forgotten and those deliveries go out again with the
    same id; what is owed was committed by others, who do wait.
    """
    if db.engine.dialect.name == "sqlite":
        event.listen(db.engine, "connect", _do_not_wait_for_the_disk)


def _do_not_wait_for_the_disk(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")

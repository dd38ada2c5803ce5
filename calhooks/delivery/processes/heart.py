"""The heartbeat of a worker or scheduler: a row that says that it is alive, and until when it may send what it claims.

A thread writes it, so that neither a mail server nor a long pass over the database makes the process look dead.
"""

import logging
import os
import secrets
import socket
import threading

from sqlalchemy import delete, insert, update
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from calhooks import clock
from calhooks.db import IMMEDIATE, database_reason, db
from calhooks.delivery.models.processes import TOKEN_LENGTH, Heartbeat
from calhooks.delivery.processes.machine import start_of, this_machine

log = logging.getLogger(__name__)

BEAT_SECONDS = 2.0
# Without a heartbeat for this long, a process that cannot be asked counts as dead, and its leases are given back.
DEAD_SECONDS = 10.0
# For how long after a heartbeat a request may begin: it must be well under way before another worker gets the lease.
SEND_SECONDS = 9.0
# A pump writes an older heartbeat anew before it claims, so that there is time left to connect.
OLD_SECONDS = 3.0
LAST_BEAT_SECONDS = 1.0


class Heart:
    """The heartbeat of this process. A database that is unreachable stops neither it nor the process.

    `token` begins the lease tokens of this process, so that its leases are found when it is dead.
    """

    def __init__(self, kind: str) -> None:
        self.token = secrets.token_hex(TOKEN_LENGTH // 2)
        self.name = f"{socket.gethostname()[:60]}:{os.getpid()}:{self.token}"
        self._kind = kind
        self._engine: Engine | None = None
        self._started_at = clock.now()
        self._beat_at = 0.0
        self._beating = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Write the first heartbeat, and one every two seconds from then on."""
        self._engine = db.engine
        self._try()
        self._thread.start()

    def stop(self) -> None:
        """Say that this process has ended."""
        self._stopping.set()
        if self._engine is None:
            return
        self._thread.join(LAST_BEAT_SECONDS)
        try:
            with self._engine.connect().execution_options(**{IMMEDIATE: True}) as connection, connection.begin():
                connection.execute(delete(Heartbeat).where(Heartbeat.name == self.name))
        except SQLAlchemyError as error:
            log.warning("The heartbeat of %s was not removed: %s", self.name, database_reason(error))

    def keep(self) -> None:
        """Write a heartbeat now if the last is old, as after the process was stopped. Raises SQLAlchemyError."""
        if self._engine is not None and clock.since_boot() - self._beat_at > OLD_SECONDS:
            self._beat(self._engine)

    def sends_until(self) -> float:
        """Return until when what is claimed now may be sent, by `clock.since_boot()`."""
        return (self._beat_at or clock.since_boot()) + SEND_SECONDS

    def _run(self) -> None:
        missed = False
        while not self._stopping.wait(BEAT_SECONDS):
            missed = not self._try(log_it=not missed)

    def _try(self, *, log_it: bool = True) -> bool:
        assert self._engine is not None
        try:
            self._beat(self._engine)
        except SQLAlchemyError as error:
            if log_it:
                log.warning("No heartbeat was written (%s); it is tried again every 2 s", database_reason(error))
            return False
        return True

    def _beat(self, engine: Engine) -> None:
        with self._beating:
            began = clock.since_boot()
            seen = {"seen_at": clock.now(), "gone_at": None}
            with engine.connect().execution_options(**{IMMEDIATE: True}) as connection, connection.begin():
                known = update(Heartbeat).where(Heartbeat.name == self.name).values(seen)
                if not connection.execute(known).rowcount:
                    connection.execute(insert(Heartbeat).values(self._row() | seen))
            # As of before the transaction: whoever watches saw it no sooner.
            self._beat_at = began

    def _row(self) -> dict[str, object]:
        return {
            "name": self.name,
            "kind": self._kind,
            "started_at": self._started_at,
            "token": self.token,
            "machine": this_machine(),
            "pid": os.getpid(),
            "pid_started": start_of(os.getpid()),
        }

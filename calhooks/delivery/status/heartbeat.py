"""Who is alive: a row for each worker and scheduler in the database, which is where everybody can see it."""

import logging
import os
import secrets
import socket
from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy import delete, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.db import database_reason, writing
from calhooks.delivery.models.processes import Heartbeat

log = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
FORGOTTEN_AFTER = timedelta(days=1)
# A process that was not seen for this long counts as stopped.
ALIVE = timedelta(seconds=15)


class Heart:
    """The heartbeat of this process. A database that is away stops neither it nor the process."""

    def __init__(self, kind: str) -> None:
        self.name = f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._kind = kind
        self._started_at = clock.now()
        self._beat_at = 0.0
        self._missed = False

    def beat(self) -> None:
        """Say that this process is alive, at most every five seconds."""
        if monotonic() < self._beat_at:
            return
        self._beat_at = monotonic() + BEAT_SECONDS
        try:
            with writing() as session:
                row = Heartbeat(name=self.name, kind=self._kind, started_at=self._started_at, seen_at=clock.now())
                session.merge(row)
                session.execute(delete(Heartbeat).where(Heartbeat.seen_at < clock.now() - FORGOTTEN_AFTER))
            self._missed = False
        except SQLAlchemyError as error:
            # Once for each outage: the log may be on the same full disk.
            if not self._missed:
                log.warning("No heartbeat was written (%s); this process counts as stopped", database_reason(error))
            self._missed = True

    def stop(self) -> None:
        """Say that this process is gone."""
        try:
            with writing() as session:
                session.execute(delete(Heartbeat).where(Heartbeat.name == self.name))
        except SQLAlchemyError as error:
            log.warning("the heartbeat of %s was not removed: %s", self.name, database_reason(error))


def alive(session: Session, now: datetime) -> dict[str, int]:
    """Count the processes of each kind that were seen lately."""
    rows = session.execute(
        select(Heartbeat.kind, func.count())
        .where(Heartbeat.seen_at.between(now - ALIVE, now + ALIVE))
        .group_by(Heartbeat.kind)
    )
    return dict(rows.all())

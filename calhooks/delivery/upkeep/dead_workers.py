"""Give back the leases of processes that have died, so that what they were sending goes out again at once.

On the same machine a process that has ended is found by its id. One of another machine, or one that was stopped, counts
as dead when a scheduler that sees the database all the time has seen no heartbeat of it for ten seconds.
"""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from sqlalchemy import bindparam, delete, exists, func, select, text, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from calhooks import clock
from calhooks.db import UTCDateTime, db, writing
from calhooks.delivery.models.deliveries import DeliveryState
from calhooks.delivery.models.processes import TOKEN_LENGTH, Heartbeat, Lease
from calhooks.delivery.pace import ANSWER
from calhooks.delivery.processes.heart import DEAD_SECONDS
from calhooks.delivery.processes.machine import Life, life_of, this_machine
from calhooks.delivery.pump.attempt_log import write_attempts
from calhooks.delivery.pump.claim import DELIVERY_LEASE, interrupted_attempt
from calhooks.delivery.pump.release import settle_endpoints
from calhooks.delivery.queue.wake import wake_another
from calhooks.delivery.tables import deliveries, endpoints
from calhooks.mail.sending.claim import release_of

log = logging.getLogger(__name__)

# A watcher that has not looked for this long knows nothing of the heartbeats of that time.
MAX_GAP_SECONDS = 3.0
# For how long a dead process is looked at again: the database may still commit what it had asked for.
LOOKED_AT_AGAIN = timedelta(seconds=2)
# By how much the clocks of machines may be apart.
MAX_SKEW = timedelta(seconds=30)
# For the log, by the kind of the process.
AFTERWARDS = {"worker": "what it was sending goes out again", "scheduler": "the next scheduler takes over"}
# https://www.postgresql.org/docs/current/errcodes-appendix.html
LOCK_NOT_AVAILABLE = "55P03"


class Watch:
    """The heartbeats that one process has seen, and since when each has been the same. It trusts no other's clock."""

    def __init__(self) -> None:
        self._machine = this_machine()
        self._seen: dict[str, tuple[datetime, float]] = {}
        self._looked_at = 0.0

    def look(self, *, by_heartbeat: bool) -> None:
        """Give back what dead processes had claimed, of any machine if `by_heartbeat`. Raises SQLAlchemyError."""
        try:
            hearts = db.session().execute(_ALL_HEARTS).all()
        finally:
            # A transaction that only read must not stay open, and one that failed would fail whatever comes next.
            db.session.rollback()
        self._note(hearts, monotonic())
        dead = {each.name: each.seen_at for each in hearts if self._is_dead(each, by_heartbeat=by_heartbeat)}
        if dead:
            _bury(dead, clock.now())

    def _note(self, hearts: Sequence[Any], at: float) -> None:
        if at - self._looked_at > MAX_GAP_SECONDS:
            self._seen.clear()
        self._looked_at = at
        before = self._seen
        self._seen = {}
        for each in hearts:
            seen_at, since = before.get(each.name, (None, at))
            self._seen[each.name] = (each.seen_at, since if seen_at == each.seen_at else at)

    def _is_dead(self, heart: Any, *, by_heartbeat: bool) -> bool:
        here = heart.machine != "" and heart.machine == self._machine
        life = life_of(heart.pid, heart.pid_started) if here else Life.UNKNOWN
        silent = self._looked_at - self._seen[heart.name][1] > DEAD_SECONDS
        return life is Life.GONE or (life is not Life.RUNNING and by_heartbeat and silent)


def _bury(dead: dict[str, datetime], now: datetime) -> None:
    """Give back the leases of dead processes, as long as they have written no heartbeat since, and wake a worker."""
    try:
        given_back = _give_back_all(dead, now, wait=True)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        given_back = _give_back_all(dead, now, wait=False)
    if given_back:
        wake_another()


def _give_back_all(dead: dict[str, datetime], now: datetime, *, wait: bool) -> int:
    with writing() as session:
        connection = session.connection()
        rows = connection.execute(_HEARTS, {"names": list(dead)}).all()
        found = [row for row in rows if row.seen_at == dead[row.name]]
        new = [row.name for row in found if not row.gone_at]
        connection.execute(_LET_GO, {"names": [row.name for row in found], "now": now})
        # Those of an older version have no token, with which every lease would begin.
        tokens = [row.token for row in found if len(row.token) == TOKEN_LENGTH]
        given_back, left = give_back_leases(connection, tokens, now, wait=wait)
        for token in tokens:
            release_of(session, token, now)
        connection.execute(_GONE, {"names": new, "now": now})
        if not left:
            old = [row.name for row in found if row.gone_at and abs(now - row.gone_at) >= LOOKED_AT_AGAIN]
            connection.execute(_FORGET, {"names": old})
    for row in found:
        if row.name in new:
            log.warning("The %s %s has died; %s", row.kind, row.name, AFTERWARDS[row.kind])
    return given_back


def give_back_leases(
    connection: Connection, tokens: Collection[str], now: datetime, *, wait: bool = True
) -> tuple[int, int]:
    """Make the deliveries due that processes with these tokens hold. The log has their attempts.

    Return how many there were, and how many endpoints are left because another transaction holds them: when told to
    `wait`, that is an OperationalError after a second instead.
    """
    if not tokens:
        return 0, 0
    if connection.dialect.name == "postgresql":
        connection.execute(_WAIT_BRIEFLY)
    leased = {"tokens": list(tokens), "now": now, "latest": now + DELIVERY_LEASE + MAX_SKEW}
    since = now - DELIVERY_LEASE - MAX_SKEW
    endpoint_ids = connection.scalars(_CLAIMED_FROM, leased | {"since": since}).all()
    if not endpoint_ids:
        return 0, 0
    # Endpoints are held first and in order, as by everyone else.
    hold = _HOLD.with_for_update(key_share=True, skip_locked=not wait)
    held = connection.scalars(hold, {"ids": endpoint_ids}).all()
    rows = connection.execute(_LEASED, leased | {"endpoints": held}).all()
    if rows:
        write_attempts(connection, [interrupted_attempt(row, row.url) for row in rows])
        connection.execute(_RELEASE, {"ids": [row.id for row in rows], "now": now})
        # The claim holds an endpoint until the answer to the one delivery that finds out its pace.
        asked = {row.endpoint_id for row in rows if row.held_until == row.due_at - DELIVERY_LEASE + ANSWER}
        settle_endpoints(connection, held, asked)
    return len(rows), len(endpoint_ids) - len(held)


# A process that was stopped in a transaction holds what it has locked.
_WAIT_BRIEFLY = text("SET LOCAL lock_timeout = '1s'")
_ALL_HEARTS = select(Heartbeat.name, Heartbeat.seen_at, Heartbeat.machine, Heartbeat.pid, Heartbeat.pid_started)
_HEARTS = (
    select(Heartbeat.name, Heartbeat.kind, Heartbeat.token, Heartbeat.seen_at, Heartbeat.gone_at)
    .where(Heartbeat.name.in_(bindparam("names", expanding=True)))
    .order_by(Heartbeat.name)
    .with_for_update(skip_locked=True)
)
_FORGET = delete(Heartbeat).where(Heartbeat.name.in_(bindparam("names", expanding=True)))
_GONE = update(Heartbeat).where(Heartbeat.name.in_(bindparam("names", expanding=True))).values(gone_at=bindparam("now"))
# The scheduler's work is for the next one.
_LET_GO = (
    update(Lease)
    .where(Lease.holder.in_(bindparam("names", expanding=True)), Lease.ends_at > bindparam("now", type_=UTCDateTime))
    .values(ends_at=bindparam("now"))
)
# Over the index (endpoint, state, due_at) of the endpoints that were claimed from lately.
_IS_LEASED = (
    deliveries.c.state == DeliveryState.DUE,
    deliveries.c.due_at > bindparam("now", type_=UTCDateTime),
    deliveries.c.due_at <= bindparam("latest", type_=UTCDateTime),
    func.substr(deliveries.c.lease_token, 1, TOKEN_LENGTH).in_(bindparam("tokens", expanding=True)),
)
_CLAIMED_FROM = select(endpoints.c.id).where(
    endpoints.c.last_claim_at > bindparam("since", type_=UTCDateTime),
    exists().where(deliveries.c.endpoint_id == endpoints.c.id, *_IS_LEASED),
)
_HOLD = select(endpoints.c.id).where(endpoints.c.id.in_(bindparam("ids", expanding=True))).order_by(endpoints.c.id)
_LEASED = (
    select(
        deliveries.c.id,
        deliveries.c.endpoint_id,
        deliveries.c.attempt_count,
        deliveries.c.due_at,
        endpoints.c.url,
        endpoints.c.held_until,
    )
    .join(endpoints, endpoints.c.id == deliveries.c.endpoint_id)
    .where(deliveries.c.endpoint_id.in_(bindparam("endpoints", expanding=True)), *_IS_LEASED)
    .with_for_update(of=deliveries, key_share=True)
)
_RELEASE = (
    update(deliveries)
    .where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
    .values(lease_token=None, due_at=bindparam("now"))
)

"""The pump: claim what is due, send it side by side, record what came back, until nothing is due.

Its own thread alone touches the database, but for the heartbeat's, in short transactions that never span a request.
"""

import logging
import math
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from time import monotonic, sleep

from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from calhooks import clock
from calhooks.config import Config
from calhooks.db import db, writing
from calhooks.delivery.processes.heart import Heart
from calhooks.delivery.pump.claim import Claim, Claimed, any_delivery_due, claim_deliveries
from calhooks.delivery.pump.ended import Finished
from calhooks.delivery.pump.record import record_attempts
from calhooks.delivery.pump.release import release_deliveries, return_unsent
from calhooks.delivery.pump.rest import Rest
from calhooks.delivery.pump.room import YOUNG_SECONDS, UnderWay
from calhooks.delivery.pump.threads import Send, SenderThreads
from calhooks.delivery.queue.wake import Wakes, wake_another
from calhooks.delivery.sending.sender import sender_for
from calhooks.egress.failures import Failure

log = logging.getLogger(__name__)

# How often to ask for wake-ups while sends are under way and while there is nothing to do, and to look without one.
NOTICE_SECONDS = 0.01
LINGER_NOTICE_SECONDS = 0.005
LOOK_SECONDS = 0.5
HAND_OVER_SECONDS = 30.0
STOP_SECONDS = 7.5
DATABASE_PAUSE_SECONDS = 0.5
HELP_SECONDS = 1.0
# For how long at most a pump with nothing else to do waits for an endpoint's pace.
GATE_SECONDS = 2.0
# A request that was too late after this long waited for its connection; one that was sooner had waited here.
SLOW_CONNECTION_MS = 3000

_NOTHING = Claimed([])


@dataclass(frozen=True, slots=True)
class _Turn:
    """One transaction: what was claimed, how many results it recorded, and whether the database was there."""

    taken: Claimed
    recorded: int = 0
    failed: bool = False


class Pump:
    """One for each process. `run()` may be called again and again; connections and threads stay warm in between."""

    def __init__(self, config: Config, send: Send | None = None) -> None:
        self._waits = config.retry_schedule
        self._wakes = Wakes(config.redis_url)
        self._threads = SenderThreads(send or sender_for(config.egress_allow, config.ca_bundle).send)
        self._under_way = UnderWay()
        self._finished: list[Finished] = []
        self._unsent: list[Claim] = []
        # Whether receivers have taken deliveries since the last claim, which makes room for more.
        self._has_more_room = False
        self._stop_at: float | None = None
        self._help_at = 0.0
        self._gate_at = math.inf
        self._database_is_away = False
        self._rest = Rest()
        # The process that runs the pump starts and stops it.
        self.heart = Heart("worker")

    def stop(self) -> None:
        """Have `run()` claim nothing more and end: sends under way get 7.5 seconds, whatever is left is given back."""
        self._stop_at = monotonic() + STOP_SECONDS

    def run(self, linger: float = 0.0) -> bool:
        """Deliver what is due, then wait `linger` seconds for more, which is far cheaper than another job.

        Return True when it is time to hand over although more may be due. Sends that receivers keep waiting may then
        be under way still: settle() writes down how they ended.
        """
        began = looked = busy = monotonic()
        self._wakes.came()
        look, turn = True, _Turn(_NOTHING)
        while self._stop_at is None:
            if look or self._has_news():
                self._gather(self._rest.until)
                looked = monotonic()
                turn = self._turn()
                self._rest.after(looked, monotonic(), turn.recorded + len(turn.taken.claims), more=turn.taken.more)
            if monotonic() - began > HAND_OVER_SECONDS:
                self._wakes.let_go()
                self._wait_for_young()
                return True
            look = turn.taken.more and self._under_way.slots() > 0
            waits = self._gate_at < math.inf
            if look or waits or turn.taken.held or self._under_way or self._has_news():
                busy = monotonic()
            elif monotonic() - busy >= linger:
                look = self._wakes.let_go()
                if not look:
                    return False
            if not look:
                self._wait(turn)
                due = monotonic() - looked > LOOK_SECONDS
                look = turn.failed or turn.taken.held or due or self._gate_opens() or self._has_more_room
                look = look or (not self._finished and self._wakes.came())
        self.wind_up()
        return False

    def settle(self) -> None:
        """Write down how sends ended that were still under way when `run()` handed over."""
        self._collect(0)
        if self._has_news():
            self._turn(claiming=False)

    def wind_up(self) -> None:
        """After stop(): wait for the sends under way as long as they have, and give back what has not ended."""
        while self._under_way and self._stop_at is not None and monotonic() < self._stop_at:
            self._collect(NOTICE_SECONDS)
            if self._has_news():
                self._turn(claiming=False)
        finished, unsent, claims = self._finished, self._unsent, self._under_way.clear()
        self._finished, self._unsent = [], []
        if not finished and not unsent and not claims:
            return
        try:
            with writing() as session:
                record_attempts(session.connection(), finished, waits=self._waits, now=clock.now())
                return_unsent(session.connection(), unsent, clock.now())
                release_deliveries(session.connection(), claims, clock.now())
        except SQLAlchemyError as error:
            log.warning("%d leases were not given back and run out by themselves: %s", len(unsent + claims), error)

    def _turn(self, *, claiming: bool = True) -> _Turn:
        """Record what has finished and claim what there is room for, in one transaction; then start sending."""
        finished, self._finished = self._finished, []
        self._has_more_room = False
        try:
            taken = self._record_and_claim(finished, claiming=claiming)
        except (OperationalError, InterfaceError) as error:
            # The database is away or somebody was quicker. What has finished must not be forgotten.
            self._note_database(error)
            self._finished = finished + self._finished
            return _Turn(_NOTHING, failed=True)
        except SQLAlchemyError:
            log.exception("%d results could not be recorded together", len(finished))
            for each in finished:
                self._record_alone(each)
            return _Turn(_NOTHING, failed=True)
        self._note_database(None)
        for claimed in taken.claims:
            self._under_way.add(claimed)
            self._threads.give(claimed, quick=self._under_way.is_quick(claimed.endpoint_id))
        if taken.more and self._under_way.slots() <= 0:
            self._call_for_help()
        return _Turn(taken, len(finished))

    def _has_news(self) -> bool:
        """Tell whether there is something to write down."""
        return bool(self._finished or self._unsent)

    def _note_database(self, error: OperationalError | InterfaceError | None) -> None:
        """Log that the database has gone or is back, once each."""
        if error is not None and not self._database_is_away:
            log.warning(
                "the database is away, results are kept until it is back: %s", str(error.orig).partition("\n")[0]
            )
        if error is None and self._database_is_away:
            log.warning("the database is back")
        self._database_is_away = error is not None

    def _record_and_claim(self, finished: list[Finished], *, claiming: bool) -> Claimed:
        now = clock.now()
        has_room = self._under_way.slots() > 0
        unsent = self._unsent
        if not finished and not unsent and not (claiming and has_room and self._anything_due(now)):
            return Claimed([], more=claiming and not has_room)
        if claiming:
            self.heart.keep()
        with writing(pipelined=True) as session:
            connection = session.connection()
            if finished:
                self._await_gate(record_attempts(connection, finished, waits=self._waits, now=now), now)
            return_unsent(connection, unsent, now)
            if not claiming or self._under_way.slots() <= 0:
                taken = Claimed([], more=claiming)
            else:
                token, until = self.heart.token + secrets.token_hex(10), self.heart.sends_until()
                taken = claim_deliveries(connection, now=now, token=token, room=self._under_way, send_before=until)
                self._await_gate(taken.gate, now)
        self._unsent = []
        return taken

    def _await_gate(self, gate: datetime | None, now: datetime) -> None:
        """Look again when an endpoint's pace lets the next one go, where that is soon; later the scheduler calls."""
        seconds = (gate - now).total_seconds() if gate else GATE_SECONDS
        if seconds < GATE_SECONDS:
            self._gate_at = min(self._gate_at, monotonic() + seconds)

    def _gate_opens(self) -> bool:
        """Tell whether the moment has come for which an endpoint was waiting, once."""
        if monotonic() < self._gate_at:
            return False
        self._gate_at = math.inf
        return True

    def _anything_due(self, now: datetime) -> bool:
        """Look before locking: while several pumps are at work, all of them hear of every wake-up."""
        session = db.session()
        try:
            return any_delivery_due(session.connection(), now=now, full=self._under_way.full())
        finally:
            session.rollback()

    def _record_alone(self, finished: Finished) -> None:
        """Record a result that may be one that the database refuses; then without what the receiver said."""
        bare = replace(finished.result, headers=(), body=b"", request_headers=(), detail=None)
        for each in (finished, replace(finished, result=bare)):
            try:
                self._record_and_claim([each], claiming=False)
                return
            except SQLAlchemyError:
                log.exception("the result of delivery %d could not be recorded", finished.claim.delivery_id)

    def _wait(self, turn: _Turn) -> None:
        if turn.failed:
            sleep(DATABASE_PAUSE_SECONDS)
        if self._under_way:
            self._collect(NOTICE_SECONDS)
        else:
            sleep(LINGER_NOTICE_SECONDS)

    def _gather(self, until: float) -> None:
        """Let more come together until a moment (monotonic)."""
        while (left := until - monotonic()) > 0:
            if self._under_way:
                self._collect(left)
            else:
                sleep(left)

    def _collect(self, seconds: float) -> None:
        unsent: list[Claim] = []
        for each in self._threads.take(seconds, len(self._under_way)):
            if each.result.failure is Failure.STALE and each.result.duration_ms < SLOW_CONNECTION_MS:
                unsent.append(each.claim)
            else:
                self._under_way.remove(each.claim, each.result)
                self._finished.append(_without_stale(each))
        # These are given back in the transaction that records the refusals they came back for.
        unsent += self._threads.unsent()
        for claim in unsent:
            self._under_way.remove_unsent(claim)
        self._unsent += unsent
        for delivery_id in self._threads.taken():
            self._under_way.take(delivery_id)
            self._has_more_room = True

    def _call_for_help(self) -> None:
        """Have another worker join, if one is free."""
        if monotonic() >= self._help_at:
            self._help_at = monotonic() + HELP_SECONDS
            wake_another()

    def _wait_for_young(self) -> None:
        """Leave nothing behind that ends in an instant."""
        until = monotonic() + YOUNG_SECONDS
        while self._under_way and monotonic() < until:
            self._collect(NOTICE_SECONDS)
            if self._has_news():
                self._turn(claiming=False)


def _without_stale(finished: Finished) -> Finished:
    """Return a result with the failure that a connection is which was ready only when it was too late to send."""
    if finished.result.failure is not Failure.STALE:
        return finished
    seconds = finished.result.duration_ms / 1000
    detail = f"The connection took {seconds:.0f} s to be ready, which is too long. Nothing was sent."
    return replace(finished, result=replace(finished.result, failure=Failure.CONNECT_TIMEOUT, detail=detail))

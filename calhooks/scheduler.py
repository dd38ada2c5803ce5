"""The body of `flask scheduler`: once a second it sees to it that nothing due is forgotten. One of several works."""

import logging
import signal
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from time import monotonic

from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.sessions import purge_sessions
from calhooks.config import Config, current_config
from calhooks.db import database_reason, db, writing
from calhooks.delivery import pausing
from calhooks.delivery.processes.heart import Heart
from calhooks.delivery.processes.signals import PROCESS_DIED
from calhooks.delivery.pump import claim
from calhooks.delivery.queue.wake import wake_another, wake_mail
from calhooks.delivery.upkeep import clock_set_back, given_up, leases
from calhooks.delivery.upkeep.dead_workers import Watch
from calhooks.delivery.upkeep.purge import purge_step
from calhooks.mail.purge import purge_mail
from calhooks.mail.raised_limit import follow_raised_limit
from calhooks.mail.sending import claim as mail_claim
from calhooks.scheduling.bookings.meetings import announce_meetings, prepare_meetings
from calhooks.scheduling.notifications.reminders import owe_reminders
from calhooks.webhooks import runs

log = logging.getLogger(__name__)

SCHEDULER_LEASE_NAME = "scheduler"
SWEEP_SECONDS = 1.0
PURGE_EVERY_SECONDS = 600.0
# For how long after the clock was set back somebody may come who had read it before.
STRAGGLING_SECONDS = 10.0
# Of every second, while there is something to purge.
PURGE_SECONDS = 0.2


def run_scheduler() -> None:
    """Work until SIGTERM or SIGINT; a database that is unreachable is waited for."""
    stopping, called = threading.Event(), threading.Event()

    def stop(_number: int, _frame: object) -> None:
        stopping.set()
        called.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    signal.signal(PROCESS_DIED, lambda *_: called.set())
    heart = Heart("scheduler")
    heart.start()
    scheduler, away, turn_at = Scheduler(current_config(), heart.name), False, monotonic()
    while not stopping.is_set():
        try:
            scheduler.look_for_dead()
            if monotonic() >= turn_at:
                turn_at = monotonic() + SWEEP_SECONDS
                scheduler.turn()
            away = False
        except SQLAlchemyError as error:
            # What failed in a transaction that only read would fail the next look, too.
            db.session.rollback()
            if not away:
                log.warning("the database is away: %s", database_reason(error))
            away, turn_at = True, monotonic() + SWEEP_SECONDS
        called.wait(max(0.0, turn_at - monotonic()))
        called.clear()
    scheduler.leave()
    heart.stop()


class Scheduler:
    """One of perhaps several schedulers; the lease says which is at work."""

    def __init__(self, config: Config, holder: str) -> None:
        self._config = config
        self._holder = holder
        self._purge_at = 0.0
        self._gone_back = timedelta()
        self._stragglers_until = 0.0
        self._broken: set[str] = set()
        self._watch = Watch()
        self._at_work = False
        # It changes only with a new process.
        self._mail_limit_is_old = True

    def look_for_dead(self) -> None:
        """Give back what dead processes had claimed: of this machine, and if it holds the lease, of any."""
        self._watch.look(by_heartbeat=self._at_work)

    def turn(self) -> None:
        """Do what is to be done this second, if this scheduler holds the lease. Raises SQLAlchemyError."""
        now = clock.now()
        with writing() as session:
            held, gone_back = leases.hold_lease(session, SCHEDULER_LEASE_NAME, self._holder, now)
            if held:
                self._follow_clock(session, now, gone_back)
            due = held and claim.any_delivery_due(session.connection(), now=now)
            untold = held and given_up.any_untold(session, now)
            pause_over = held and pausing.any_pause_over(session, now)
            mail_due = held and self._config.mail_url and mail_claim.any_mail_due(session, now)
        self._at_work = held
        if not held:
            return
        if pause_over:
            self._by_itself("the end of a pause", partial(_tell_all, pausing.end_pauses, None))
        if due:
            wake_another()
        if mail_due:
            wake_mail()
        for tell, ready in ((announce_meetings, prepare_meetings), (owe_reminders, None)):
            self._by_itself(tell.__name__, partial(_tell_all, tell, ready))
        if untold:
            self._by_itself("the telling of what was given up", partial(_tell_all, given_up.tell_given_up, None))
        for run_id in self._running():
            self._by_itself(f"run {run_id}", partial(_advance, run_id))
        if self._mail_limit_is_old:
            self._mail_limit_is_old = False
            self._by_itself("mail that waits for the limit", _follow_mail_limit)
        self._by_itself("the purge", self._purge)

    def leave(self) -> None:
        """Let another scheduler take over at once."""
        try:
            with writing() as session:
                leases.let_go(session, SCHEDULER_LEASE_NAME, self._holder, clock.now())
        except SQLAlchemyError as error:
            log.warning("the scheduler's lease runs out by itself: %s", database_reason(error))

    def _follow_clock(self, session: Session, now: datetime, gone_back: timedelta) -> None:
        if gone_back:
            log.warning("the clock was set back by %s; what waits is brought forward by as much", gone_back)
            clock_set_back.follow_clock(session, now, gone_back)
            self._gone_back, self._stragglers_until = gone_back, monotonic() + STRAGGLING_SECONDS
        elif monotonic() < self._stragglers_until:
            clock_set_back.follow_stragglers(session, now, self._gone_back)

    def _running(self) -> list[int]:
        try:
            return runs.running(db.session())
        finally:
            # A transaction that only read must not stay open until the next second.
            db.session.rollback()

    def _by_itself(self, what: str, do: Callable[[], None]) -> None:
        """Do one thing, so that a fault in it keeps nothing else from its turn. Raises when the database is away."""
        try:
            do()
            self._broken.discard(what)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            db.session.rollback()
            if what not in self._broken:
                log.exception("%s failed and is tried again each second", what)
            self._broken.add(what)

    def _purge(self) -> None:
        if monotonic() < self._purge_at:
            return
        until, purged = monotonic() + PURGE_SECONDS, 1
        while purged and monotonic() < until:
            with writing() as session:
                purged = purge_step(session, clock.now(), self._config.retention_days)
                purged += purge_mail(session, clock.now(), self._config.retention_days)
                purge_sessions(session, clock.now())
        if not purged:
            self._purge_at = monotonic() + PURGE_EVERY_SECONDS


def _tell_all(tell: Callable[[Session, datetime], int], ready: Callable[[Session, datetime], None] | None) -> None:
    told = 1
    while told:
        if ready:
            ready(db.session(), clock.now())
        with writing() as session:
            told = tell(session, clock.now())


def _follow_mail_limit() -> None:
    with writing() as session:
        follow_raised_limit(session, clock.now())


def _advance(run_id: int) -> None:
    runs.prepare_run(db.session(), run_id)
    with writing() as session:
        runs.advance(session, run_id)

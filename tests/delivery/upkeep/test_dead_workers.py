"""What dead processes had claimed is due again at once, and nothing of the living."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.config import current_config
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Attempt, Delivery
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.models.processes import Heartbeat
from calhooks.delivery.pace import ANSWER
from calhooks.delivery.processes.machine import Life, life_of, start_of, this_machine
from calhooks.delivery.pump.claim import DELIVERY_LEASE
from calhooks.delivery.queue import client
from calhooks.delivery.upkeep import dead_workers
from calhooks.delivery.upkeep.dead_workers import Watch
from calhooks.scheduler import Scheduler
from tests import factories
from tests.delivery.conftest import MovingClock
from tests.delivery.helpers import by_plan, fresh, happen, query_plans, wait_until

DEAD, LIVING = "dead" * 3, "be" * 6


@pytest.fixture
def running() -> Iterator[subprocess.Popen[bytes]]:
    """A process of this machine that lives."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def ended() -> int:
    """The id of a process of this machine that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def boot(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock by which a watch counts, to be moved."""
    moment = [1000.0]
    monkeypatch.setattr(dead_workers, "monotonic", lambda: moment[0])
    return moment


def heart(token: str, pid: int = 0, machine: str = "elsewhere", **values: object) -> None:
    """Have a process seen a moment ago."""
    with writing() as session:
        now = clock.now()
        started = start_of(pid) or 1 if pid else None
        row = {"kind": "worker", "started_at": now, "seen_at": now, "pid": pid, "pid_started": started} | values
        session.add(Heartbeat(name=f"host:{token}", token=token, machine=machine, **row))


def beat(token: str) -> None:
    with writing() as session:
        session.scalars(select(Heartbeat).where(Heartbeat.token == token)).one().seen_at += timedelta(microseconds=1)


def leased(endpoint: Endpoint, owner: User, token: str, ends_in: timedelta = DELIVERY_LEASE) -> Delivery:
    """Have a delivery leased by a pump at this moment, under a token that begins so."""
    (delivery,) = happen(owner, [endpoint])
    now = clock.now()
    with writing() as session:
        taken = {"lease_token": (token + "0" * 32)[:32], "due_at": now + ends_in, "attempt_count": 1}
        session.execute(update(Delivery).where(Delivery.id == delivery.id).values(taken))
        values = {"last_claim_at": now, "next_due_at": now + ends_in}
        session.execute(update(Endpoint).where(Endpoint.id == endpoint.id).values(values))
    return delivery


def look(watch: Watch | None = None, *, by_heartbeat: bool = False) -> None:
    (watch or Watch()).look(by_heartbeat=by_heartbeat)


def names(session: Session) -> list[str]:
    session.rollback()
    return sorted(session.scalars(select(Heartbeat.token)))


def test_what_a_process_that_has_ended_had_claimed_goes_out_at_once(
    session: Session, owner: User, redis: Redis, ended: int, running: subprocess.Popen[bytes]
) -> None:
    heart(DEAD, ended, this_machine())
    heart(LIVING, running.pid, this_machine())
    endpoint = factories.create_endpoint(owner)
    mine, others = leased(endpoint, owner, DEAD), leased(endpoint, owner, LIVING)
    (waiting,) = happen(owner, [endpoint])
    redis.flushdb()
    began = clock.now()
    look()
    given_back = fresh(session, mine)
    assert (given_back.state, given_back.lease_token, given_back.tries) == ("due", None, 0)
    assert given_back.due_at <= clock.now()
    assert fresh(session, endpoint).next_due_at <= clock.now()
    assert fresh(session, others).lease_token.startswith(LIVING)
    assert fresh(session, waiting).attempt_count == 0
    (attempt,) = session.scalars(select(Attempt)).all()
    assert (attempt.delivery_id, attempt.number, attempt.error) == (mine.id, 1, "interrupted")
    assert abs(attempt.started_at - began) < timedelta(seconds=20)
    assert client.pump_queue(redis).count == 1


def test_a_process_whose_id_another_has_now_is_dead(
    session: Session, owner: User, running: subprocess.Popen[bytes]
) -> None:
    heart(DEAD, running.pid, this_machine(), pid_started=(start_of(running.pid) or 0) - 1)
    delivery = leased(factories.create_endpoint(owner), owner, DEAD)
    look()
    assert fresh(session, delivery).lease_token is None


@pytest.mark.parametrize("machine", ["elsewhere", ""])
def test_the_id_of_another_machines_process_means_nothing(
    session: Session, owner: User, ended: int, machine: str
) -> None:
    heart(LIVING, ended, machine)
    delivery = leased(factories.create_endpoint(owner), owner, LIVING)
    look(by_heartbeat=True)
    assert fresh(session, delivery).lease_token is not None


def test_another_machines_process_is_dead_after_ten_seconds_without_a_heartbeat_whatever_its_clock_says(
    session: Session, owner: User, boot: list[float], time: MovingClock
) -> None:
    heart(DEAD, seen_at=clock.now() + timedelta(hours=1))
    heart(LIVING, seen_at=clock.now() - timedelta(hours=1))
    endpoint = factories.create_endpoint(owner)
    delivery, other = leased(endpoint, owner, DEAD), leased(endpoint, owner, LIVING)
    watch = Watch()
    for _ in range(11):
        look(watch, by_heartbeat=True)
        assert fresh(session, delivery).lease_token is not None
        boot[0] += 1
        beat(LIVING)
    look(watch, by_heartbeat=True)
    assert fresh(session, delivery).lease_token is None
    assert fresh(session, other).lease_token is not None


def test_one_scheduler_alone_judges_by_heartbeats(session: Session, owner: User, boot: list[float]) -> None:
    heart(DEAD)
    delivery = leased(factories.create_endpoint(owner), owner, DEAD)
    watch = Watch()
    for _ in range(13):
        look(watch)
        boot[0] += 1
    assert fresh(session, delivery).lease_token is not None
    # It has watched all the time, so it can judge as soon as it takes over.
    look(watch, by_heartbeat=True)
    assert fresh(session, delivery).lease_token is None


def test_who_did_not_see_the_database_for_a_while_takes_nobody_for_dead(
    session: Session, owner: User, boot: list[float]
) -> None:
    heart(LIVING)
    delivery = leased(factories.create_endpoint(owner), owner, LIVING)
    watch = Watch()
    look(watch, by_heartbeat=True)
    boot[0] += 60
    for _ in range(10):
        look(watch, by_heartbeat=True)
        boot[0] += 1
    assert fresh(session, delivery).lease_token is not None


def test_a_running_process_of_this_machine_is_alive_without_heartbeats_and_a_stopped_one_is_not(
    session: Session, owner: User, boot: list[float], running: subprocess.Popen[bytes]
) -> None:
    heart(LIVING, running.pid, this_machine())
    delivery = leased(factories.create_endpoint(owner), owner, LIVING)
    watch = Watch()
    for _ in range(13):
        look(watch, by_heartbeat=True)
        boot[0] += 1
    assert fresh(session, delivery).lease_token is not None
    running.send_signal(signal.SIGSTOP)
    wait_until(lambda: life_of(running.pid, start_of(running.pid)) is Life.STOPPED)
    look(watch, by_heartbeat=True)
    assert fresh(session, delivery).lease_token is None


def test_a_process_of_an_older_version_has_no_leases_that_could_be_told_apart(
    session: Session, owner: User, boot: list[float]
) -> None:
    heart("")
    heart(LIVING)
    delivery = leased(factories.create_endpoint(owner), owner, LIVING)
    watch = Watch()
    for _ in range(13):
        look(watch, by_heartbeat=True)
        boot[0] += 1
        beat(LIVING)
    assert fresh(session, delivery).lease_token is not None


def test_a_dead_process_is_looked_at_again_and_then_forgotten(
    session: Session, owner: User, ended: int, time: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Longer than a busy machine takes for this.
    monkeypatch.setattr(dead_workers, "LOOKED_AT_AGAIN", timedelta(minutes=5))
    heart(DEAD, ended, this_machine())
    watch = Watch()
    look(watch)
    # The database commits what it had been asked for before the death.
    late = leased(factories.create_endpoint(owner), owner, DEAD)
    look(watch)
    assert fresh(session, late).lease_token is None
    assert names(session) == [DEAD]
    time.advance(minutes=5)
    look(watch)
    assert names(session) == []


def test_a_heartbeat_that_comes_in_between_saves_the_process(session: Session, owner: User, ended: int) -> None:
    heart(LIVING, ended, this_machine())
    delivery = leased(factories.create_endpoint(owner), owner, LIVING)
    dead_workers._bury({f"host:{LIVING}": clock.now() - timedelta(seconds=10)}, clock.now())
    assert fresh(session, delivery).lease_token is not None


def test_a_dead_scheduler_leaves_its_work_to_the_next_at_once(
    session: Session, owner: User, redis: Redis, ended: int
) -> None:
    heart(DEAD, ended, this_machine(), kind="scheduler")
    Scheduler(current_config(), f"host:{DEAD}").turn()
    happen(owner, [factories.create_endpoint(owner)])
    redis.flushdb()
    other = Scheduler(current_config(), "other")
    other.turn()
    assert client.pump_queue(redis).count == 0
    other.look_for_dead()
    other.turn()
    assert client.pump_queue(redis).count == 1


def test_a_pace_that_a_dead_worker_was_finding_out_is_asked_for_anew(session: Session, owner: User, ended: int) -> None:
    heart(DEAD, ended, this_machine())
    asked, told = factories.create_endpoint(owner), factories.create_endpoint(owner)
    for endpoint in (asked, told):
        leased(endpoint, owner, DEAD)
    with writing() as inner:
        for endpoint in (asked, told):
            ends_at = inner.scalars(select(Delivery.due_at).where(Delivery.endpoint_id == endpoint.id)).one()
            held_until = ends_at - DELIVERY_LEASE + ANSWER
            if endpoint is told:
                # As the receiver asked for.
                held_until += timedelta(seconds=1)
            inner.execute(update(Endpoint).where(Endpoint.id == endpoint.id).values(asking=True, held_until=held_until))
    look()
    assert fresh(session, asked).held_until is None
    assert fresh(session, told).held_until is not None


@pytest.mark.only_on("postgresql", "SQLite locks no single rows")
def test_an_endpoint_that_a_stopped_process_holds_keeps_no_other_waiting(
    session: Session, owner: User, ended: int
) -> None:
    heart(DEAD, ended, this_machine())
    locked, free = factories.create_endpoint(owner), factories.create_endpoint(owner)
    waits, goes = leased(locked, owner, DEAD), leased(free, owner, DEAD)
    with db.engine.begin() as other:
        other.execute(select(Endpoint.id).where(Endpoint.id == locked.id).with_for_update(key_share=True))
        look()
        assert fresh(session, goes).lease_token is None
        assert fresh(session, waits).lease_token is not None
    look()
    assert fresh(session, waits).lease_token is None


@by_plan
def test_leases_are_found_over_the_index_of_claims(session: Session, owner: User, ended: int) -> None:
    leased(factories.create_endpoint(owner), owner, DEAD)

    def act() -> None:
        with writing() as inner:
            dead_workers.give_back_leases(inner.connection(), [DEAD], clock.now())

    steps = [step for step in query_plans(session, act) if "deliveries" in step]
    assert any("ix_deliveries_claim (endpoint_id=? AND state=? AND due_at>? AND due_at<?)" in step for step in steps)
    assert [step for step in steps if step.startswith("SCAN deliveries")] == []


@pytest.mark.only_on("postgresql", "an error leaves a transaction of SQLite as it was")
def test_a_look_that_the_database_ended_does_not_fail_the_next(session: Session, owner: User, ended: int) -> None:
    heart(DEAD, ended, this_machine())
    delivery = leased(factories.create_endpoint(owner), owner, DEAD)
    session.rollback()
    watch = Watch()
    with db.engine.begin() as other:
        other.execute(text("LOCK TABLE heartbeats IN ACCESS EXCLUSIVE MODE"))
        db.session.execute(text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(OperationalError):
            look(watch)
    look(watch)
    assert fresh(session, delivery).lease_token is None

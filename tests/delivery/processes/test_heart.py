"""Heartbeats: what is written, and until when a process may send."""

import logging

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.db import db, writing
from calhooks.delivery.models.processes import Heartbeat
from calhooks.delivery.processes import heart as module
from calhooks.delivery.processes.heart import Heart
from calhooks.delivery.processes.machine import Life, life_of, this_machine
from tests.delivery.helpers import wait_until


def rows(session: Session) -> list[Heartbeat]:
    session.rollback()
    session.expire_all()
    return list(session.scalars(select(Heartbeat)))


def test_a_heart_beats_until_it_is_stopped(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.01)
    heart = Heart("worker")
    heart.start()
    (row,) = rows(session)
    assert (row.name, row.kind, row.token, row.machine) == (heart.name, "worker", heart.token, this_machine())
    assert life_of(row.pid, row.pid_started) in (Life.RUNNING, Life.UNKNOWN)
    first = row.seen_at
    wait_until(lambda: rows(session)[0].seen_at > first)
    heart.stop()
    assert rows(session) == []


def test_a_process_that_was_taken_for_dead_is_alive_again_with_its_next_heartbeat(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.01)
    heart = Heart("worker")
    heart.start()
    with writing() as inner:
        inner.execute(update(Heartbeat).values(gone_at=clock.now()))
    wait_until(lambda: rows(session)[0].gone_at is None)
    with writing() as inner:
        inner.execute(text("DELETE FROM heartbeats"))
    wait_until(lambda: [row.name for row in rows(session)] == [heart.name])
    heart.stop()


def test_what_is_claimed_may_be_sent_for_as_long_as_the_heartbeat_keeps_others_from_it(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    boot = clock.since_boot()
    monkeypatch.setattr(clock, "since_boot", lambda: boot)
    heart = Heart("worker")
    # Nobody knows of it yet: the lease alone counts.
    assert heart.sends_until() == boot + module.SEND_SECONDS
    heart.start()
    began = boot
    boot += 2
    heart.keep()
    assert heart.sends_until() == began + module.SEND_SECONDS < began + module.DEAD_SECONDS
    # It was stopped, or the machine slept.
    boot += 60
    heart.keep()
    assert heart.sends_until() == boot + module.SEND_SECONDS
    heart.stop()


def test_a_pump_hears_of_it_when_no_heartbeat_can_be_written(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    heart = Heart("worker")
    heart.start()
    monkeypatch.setattr(module, "OLD_SECONDS", -1.0)
    with db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE heartbeats RENAME TO away")
    try:
        with pytest.raises(SQLAlchemyError, match="heartbeats"):
            heart.keep()
    finally:
        with db.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO heartbeats")
    heart.stop()


def test_missed_heartbeats_are_logged_once(
    session: Session, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.01)
    caplog.set_level(logging.WARNING)
    heart = Heart("worker")
    heart.start()
    tries = 0
    beat = Heart._beat

    def count(self: Heart, engine: object) -> None:
        nonlocal tries
        tries += 1
        beat(self, engine)  # type: ignore[arg-type]

    monkeypatch.setattr(Heart, "_beat", count)
    with db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE heartbeats RENAME TO away")
    try:
        before = tries
        wait_until(lambda: tries > before + 3)
    finally:
        with db.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO heartbeats")
    heart.stop()
    assert [record.getMessage()[:23] for record in caplog.records] == ["No heartbeat was writte"]

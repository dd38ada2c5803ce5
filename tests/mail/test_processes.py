"""Tests of mail under the processes that send it: the scheduler's sweep, a worker's job."""

import signal
import time
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis
from rq import Queue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.config import Config
from calhooks.delivery.queue.client import MAIL_QUEUE
from calhooks.delivery.queue.worker import PumpWorker
from calhooks.mail.limits import LIMIT_WINDOW
from calhooks.mail.models import Mail, MailState
from calhooks.mail.sending.claim import MAIL_LEASE
from calhooks.scheduler import Scheduler
from tests import factories
from tests.delivery.helpers import happen, wait_until
from tests.delivery.receivers import answer, receiving
from tests.delivery.test_processes import alive, process
from tests.mail.letters import owe
from tests.mail.smtp_server import DRIP, MailServer


def work(config: Config, session: Session) -> None:
    """Do what waits in the queues, as a worker process does, and return when no mail is due any more."""
    PumpWorker(config.redis_url, lambda: None).work(burst=True, logging_level="WARNING")
    wait_until(lambda: not _waiting(session))


def _waiting(session: Session) -> bool:
    session.rollback()
    # A lease that begins in this instant ends a little later.
    due = Mail.due_at <= clock.now() + MAIL_LEASE + timedelta(minutes=1)
    return session.scalar(select(Mail.id).where(Mail.state == MailState.QUEUED, due)) is not None


def test_the_sweep_has_a_worker_send_what_is_due(session: Session, config: Config, server: MailServer) -> None:
    owe(factories.create_user())
    Scheduler(config, "this one").turn()
    work(config, session)
    assert [mail.recipient for mail in server.mails] == ["ann@example.net"]


def test_one_job_at_most_waits_for_all_the_mail(session: Session, config: Config, server: MailServer) -> None:
    scheduler = Scheduler(config, "this one")
    for number in range(3):
        owe(factories.create_user(), f"guest{number}@example.net")
        scheduler.turn()
    assert Queue(MAIL_QUEUE, connection=Redis.from_url(config.redis_url)).count == 1
    work(config, session)
    assert len(server.mails) == 3
    scheduler.turn()
    assert Queue(MAIL_QUEUE, connection=Redis.from_url(config.redis_url)).count == 0


def test_reminders_go_out_by_the_sweep(
    session: Session, config: Config, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 3, 5, 9, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: now)
    event_type = factories.create_event_type(factories.create_user())
    factories.create_booking(event_type, now + timedelta(hours=2), remind_at=now)
    scheduler = Scheduler(config, "this one")
    # Owed in one turn, noticed as due in the next.
    scheduler.turn()
    scheduler.turn()
    work(config, session)
    assert [str(mail.message["Subject"]) for mail in server.mails] == [
        f"Reminder: 30 min meeting with {event_type.owner.name}, Thu 5 Mar, 16:30"
    ]


def test_old_mail_is_forgotten_and_what_is_owed_is_not(
    session: Session, config: Config, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for state in MailState:
        mail = owe(factories.create_user())
        mail.state, mail.due_at = state, None
        session.commit()
    later = clock.now() + config.retention_days * LIMIT_WINDOW + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    Scheduler(config, "this one").turn()
    assert session.scalars(select(Mail.state)).all() == [MailState.QUEUED]
    assert session.scalar(select(func.count(Mail.id))) == 1


@pytest.mark.timed
@pytest.mark.parametrize("behaviour", ["HANG", DRIP])
def test_a_slow_mail_server_delays_no_webhook_and_no_stop(
    session: Session, environ: dict[str, str], server: MailServer, behaviour: str
) -> None:
    owner = factories.create_user()
    server.always = dict.fromkeys(("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "BODY"), behaviour)
    with receiving(answer()) as receiver, process(environ, "worker") as worker, process(environ, "scheduler"):
        endpoint = factories.create_endpoint(owner, receiver.url)
        for number in range(20):
            owe(owner, f"guest{number}@example.net")
        wait_until(lambda: server.connections > 0)
        waited = []
        for number in range(1, 8):
            happened = time.time()
            happen(owner, [endpoint])
            waited.append(receiver.wait_for(number)[-1].at - happened)
            assert alive(session, "worker") == 1
        assert max(waited) < 2
        assert len(server.mails) < 20
        began = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=9.2) == 0
        assert time.monotonic() - began < 9.2
    session.rollback()
    assert session.scalars(select(Mail.lease_token).where(Mail.lease_token.is_not(None))).all() == []
    # The one under way when the process stopped may have been lost after its final dot; no other was tried.
    assert session.scalar(select(func.sum(Mail.doubts))) in (0, 1)
    assert session.scalar(select(func.count()).where(Mail.state == MailState.FAILED)) == 0


def test_mail_goes_out_while_redis_is_away(session: Session, environ: dict[str, str], server: MailServer) -> None:
    with process(environ | {"REDIS_URL": "redis://127.0.0.1:9/0"}, "worker"):
        wait_until(lambda: alive(session, "worker") == 1)
        owe(factories.create_user())
        wait_until(lambda: len(server.mails) == 1)

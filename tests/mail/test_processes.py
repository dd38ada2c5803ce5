"""Tests of mail under the processes that send it: the scheduler's sweep, a worker's job."""

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
from tests.delivery.helpers import wait_until
from tests.mail.letters import owe
from tests.mail.smtp_server import MailServer


def work(config: Config, session: Session) -> None:
    """Do what waits in the queues, as a worker process does, and return when no mail is due any more."""
    PumpWorker(config.redis_url, lambda: None).work(burst=True, logging_level="WARNING")
    wait_until(lambda: not _waiting(session))


def _waiting(session: Session) -> bool:
    session.rollback()
    due = Mail.due_at <= clock.now() + MAIL_LEASE
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

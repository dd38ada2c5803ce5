"""Tests of mail servers that take no mail for a while, or so much in a time: no mail is lost, and none pays for it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.mail.models import Mail, MailState
from calhooks.mail.sending import claim, pace
from calhooks.mail.sending.pace import MailPace
from tests import factories
from tests.mail.letters import owe, pump
from tests.mail.smtp_server import HANG_UP, MailServer

NOW = datetime(2026, 3, 5, 9, tzinfo=UTC)
HOURLY_LIMIT = 2
TOO_MANY = {
    "MAIL": "451 4.7.0 too many messages this hour",
    "RCPT": "450 4.7.1 Error: too much mail",
    "DATA": "421 4.7.0 try again later",
    "BODY": "454 Throttling failure: Maximum sending rate exceeded.",
}


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Move the clock."""

    def move(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    move(NOW)
    return move


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait hundredths of a second where it would be seconds."""
    for name in ("FIRST_MAIL_GAP_SECONDS", "MAX_MAIL_GAP_SECONDS", "MIN_MAIL_GAP_SECONDS"):
        monkeypatch.setattr(pace, name, getattr(pace, name) / 1000)


def owe_many(user: User, count: int) -> None:
    for number in range(count):
        owe(user, f"guest{number}@example.net")


def mails(session: Session) -> list[Mail]:
    session.rollback()
    session.expire_all()
    return list(session.scalars(select(Mail).order_by(Mail.id)))


@pytest.mark.usefixtures("_hasty")
@pytest.mark.parametrize("command", list(TOO_MANY))
def test_a_server_that_takes_so_many_an_hour_gets_them_all_and_none_fails(
    session: Session, server: MailServer, at: Callable[[datetime], None], command: str
) -> None:
    owe_many(factories.create_user(), count := 5 * HOURLY_LIMIT)
    asked: list[datetime] = []

    def refuse(asked_for: str) -> str | None:
        if asked_for != command:
            return None
        hour = clock.now().replace(minute=0)
        if sum(moment >= hour for moment in asked) >= HOURLY_LIMIT:
            return TOO_MANY[command]
        asked.append(clock.now())
        return None

    server.refusal = refuse
    for minute in range(0, 60 * count // HOURLY_LIMIT, 15):
        at(NOW + timedelta(minutes=minute))
        pump()
    assert [mail.state for mail in mails(session)] == [MailState.SENT] * count
    assert {mail.tries for mail in mails(session)} == {1}
    assert len(server.mails) == count


@pytest.mark.timed
def test_a_server_with_a_rate_is_sent_to_at_about_that_rate(
    session: Session, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "FIRST_MAIL_GAP_SECONDS", 0.1)
    monkeypatch.setattr(pace, "MIN_MAIL_GAP_SECONDS", 0.01)
    interval, taken_at = 0.1, 0.0

    def refuse(command: str) -> str | None:
        nonlocal taken_at
        if command != "MAIL":
            return None
        if monotonic() - taken_at < interval:
            return "450 4.7.1 too fast"
        taken_at = monotonic()
        return None

    server.refusal = refuse
    owe_many(factories.create_user(), 20)
    began = monotonic()
    assert pump() == 20
    # Those that were refused wait for a minute.
    assert len(server.mails) >= 12
    assert monotonic() - began < 20 * 3 * interval


def test_a_server_that_is_down_for_days_costs_no_mail_its_tries(
    session: Session, server: MailServer, at: Callable[[datetime], None]
) -> None:
    owe(factories.create_user())
    server.always["CONNECT"] = "554 5.3.2 maintenance"
    for age, wait in ((0, claim.MIN_BUSY_WAIT), (40, timedelta(minutes=10)), (4 * 24 * 60, claim.MAX_BUSY_WAIT)):
        at(moment := NOW + timedelta(minutes=age))
        pump()
        (mail,) = mails(session)
        assert (mail.state, mail.tries, mail.due_at) == (MailState.QUEUED, 0, moment + wait)
    at(moment + wait)
    server.always.clear()
    pump()
    assert mails(session)[0].state == MailState.SENT


def test_a_server_that_never_takes_mail_is_given_up(
    session: Session, server: MailServer, at: Callable[[datetime], None]
) -> None:
    owe(factories.create_user())
    server.always["MAIL"] = "553 5.7.1 not your domain"
    at(NOW + claim.MAX_BUSY_AGE)
    while pump():
        (mail,) = mails(session)
        at(mail.due_at or clock.now())
    assert (mail.state, mail.tries) == (MailState.FAILED, len(claim.RETRY_WAITS) + 1)


@pytest.mark.parametrize("answer", [HANG_UP, "421 4.7.0 too many messages in this connection"])
def test_a_server_that_takes_one_mail_a_connection_gets_each_on_a_new_one(
    session: Session, server: MailServer, answer: str
) -> None:
    used: set[int] = set()

    def refuse(command: str) -> str | None:
        if command != "MAIL":
            return None
        again = server.connections in used
        used.add(server.connections)
        return answer if again else None

    server.refusal = refuse
    owe_many(factories.create_user(), 5)
    assert pump() == 5
    assert [mail.tries for mail in mails(session)] == [1] * 5
    assert {mail.state for mail in mails(session)} == {MailState.SENT}
    assert server.connections == 5


@pytest.mark.timed
@pytest.mark.parametrize("answer", ["452 4.2.2 mailbox full", "450 4.1.8 unknown domain", "451 lookup failed"])
def test_one_address_that_is_refused_for_now_slows_no_other(
    session: Session, server: MailServer, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr(pace, "FIRST_MAIL_GAP_SECONDS", 60.0)
    server.answers["RCPT"] = [answer] * 5
    owe_many(factories.create_user(), 15)
    began = monotonic()
    assert pump() == 15
    assert monotonic() - began < pace.FIRST_MAIL_GAP_SECONDS
    assert [mail.tries for mail in mails(session)] == [1] * 15
    assert len(server.mails) == 10


@pytest.mark.parametrize("command", ["RCPT", "BODY"])
def test_a_days_quota_is_no_refusal_for_good(session: Session, server: MailServer, command: str) -> None:
    server.answers[command] = ["550-5.4.5 Daily user sending limit exceeded.\r\n550 5.4.5 See the help"]
    owe(factories.create_user())
    pump()
    (mail,) = mails(session)
    assert (mail.state, mail.tries) == (MailState.QUEUED, 0)


def test_a_mail_that_is_too_large_says_so_and_delays_no_other(session: Session, server: MailServer) -> None:
    server.answers["MAIL"] = ["552 5.3.4 message too large"]
    owe_many(factories.create_user(), 2)
    pump()
    first, second = mails(session)
    assert (first.state, second.state) == (MailState.FAILED, MailState.SENT)


def test_the_pace_doubles_the_gap_and_eases_it() -> None:
    mail_pace, gaps = MailPace(), []
    assert mail_pace.wait_seconds() == 0
    while mail_pace.slow_down():
        mail_pace.begin()
        gaps.append(round(mail_pace.wait_seconds()))
    assert gaps == [1, 2, 4, 8, 16]
    for _ in range(60):
        mail_pace.ease()
    assert mail_pace.wait_seconds() == 0

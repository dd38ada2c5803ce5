"""Tests of the way of a mail: owed, leased, sent, recorded, tried again."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from calhooks import clock, create_app
from calhooks.config import Config, current_config
from calhooks.db import db, writing
from calhooks.mail.addresses import Correspondent
from calhooks.mail.models import Mail, MailState
from calhooks.mail.outbox import MailDraft, owe_mail
from calhooks.mail.sending import claim
from calhooks.mail.sending import pump as pump_module
from calhooks.mail.sending import thread as thread_module
from calhooks.mail.sending.pump import MailPump
from calhooks.mail.sending.sender import DOUBT
from calhooks.mail.sending.thread import MailThread
from tests import factories
from tests.delivery.helpers import wait_until
from tests.mail.letters import LETTER, owe, pump
from tests.mail.smtp_server import HANG_UP, SLOW, MailServer

KILLED_PUMP = """
import os, signal
from calhooks import create_app
from calhooks.config import load
from calhooks.mail.sending import claim
from calhooks.mail.sending.pump import MailPump

claim.record_mail = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with create_app().app_context():
    MailPump(load()).run()
"""
NOW = datetime(2026, 3, 5, 9, tzinfo=UTC)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Move the clock."""

    def move(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    move(NOW)
    return move


def mails(session: Session) -> list[Mail]:
    """Return every mail as it stands, oldest first."""
    session.commit()
    session.expire_all()
    return list(session.scalars(select(Mail).order_by(Mail.id)))


def test_a_mail_reaches_its_reader_as_text_and_as_html(session: Session, server: MailServer) -> None:
    owe(factories.create_user())
    assert pump() == 1
    (mail,) = server.mails
    assert (mail.sender, mail.recipient) == ("calendar@acme.example", "ann@example.net")
    message = mail.message
    assert message["From"] == "Acme <calendar@acme.example>"
    assert message["To"] == "Ann Lee <ann@example.net>"
    assert message["Subject"] == "Confirmed: Quick chat"
    assert message["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert "You are meeting Rick & Co." in mail.text
    assert "Notes: one\n    two <b>" in mail.text
    assert "Cancel:\nhttp://x/?a=1&b=2" in mail.text
    assert "You are meeting Rick &amp; Co." in mail.html
    assert "one<br>two &lt;b&gt;" in mail.html
    assert 'href="http://x/?a=1&amp;b=2"' in mail.html
    assert mails(session)[0].state == MailState.SENT
    assert mails(session)[0].sent_at is not None


def test_what_is_sent_is_not_sent_again(session: Session, server: MailServer) -> None:
    owe(factories.create_user())
    assert (pump(), pump()) == (1, 0)
    assert len(server.mails) == 1


def test_without_mail_url_nothing_is_owed(environ: dict[str, str]) -> None:
    app = create_app(Config.from_env(environ | {"MAIL_URL": ""}))
    with app.app_context():
        who, user = [Correspondent("ann@example.net")], factories.create_user()
        with writing() as session:
            draft = MailDraft(owner_id=user.id, kind="test", to=who, letter=LETTER)
            assert owe_mail(session, draft) == []
        assert mails(db.session()) == []
        assert pump() == 0
        db.engine.dispose()


def test_a_mail_whose_transaction_fails_was_never_owed(session: Session, server: MailServer) -> None:
    user = factories.create_user()

    def fail() -> None:
        with writing():
            who = [Correspondent("ann@example.net")]
            assert owe_mail(session, MailDraft(owner_id=user.id, kind="test", to=who, letter=LETTER))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (pump(), mails(session)) == (0, [])


def test_a_batch_goes_over_one_connection(session: Session, server: MailServer) -> None:
    user = factories.create_user()
    for number in range(5):
        owe(user, f"guest{number}@example.net")
    assert pump() == 5
    assert {mail.connection for mail in server.mails} == {1}


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "BODY"])
@pytest.mark.parametrize(
    "answer", ["450 4.2.1 greylisted", "452 4.2.2 mailbox full", "421 4.3.2 shutting down", HANG_UP]
)
def test_a_temporary_failure_is_tried_again_later(
    session: Session, server: MailServer, at: Callable[[datetime], None], command: str, answer: str
) -> None:
    server.answers[command] = [answer]
    owe(factories.create_user())
    assert pump() == 1
    (mail,) = mails(session)
    # A connection that is lost after the whole mail may have delivered it.
    wait = timedelta(minutes=60 if command == "BODY" and answer == HANG_UP else 1)
    # What comes before the recipient, and 421, is not about this mail.
    tries = 0 if command == "MAIL" or answer.startswith("421") else 1
    assert (mail.state, mail.tries, mail.due_at) == (MailState.QUEUED, tries, NOW + wait)
    assert mail.error
    assert pump() == 0
    at(NOW + wait)
    assert pump() == 1
    (mail,) = mails(session)
    assert (mail.state, mail.tries, mail.error) == (MailState.SENT, tries + 1, "")
    assert len({received.message["Message-ID"] for received in server.mails}) == 1


@pytest.mark.parametrize("command", ["RCPT", "BODY"])
def test_a_permanent_refusal_is_final_and_says_what_the_server_said(
    session: Session, server: MailServer, command: str
) -> None:
    server.answers[command] = ["550 5.1.1 no such user here"]
    user = factories.create_user()
    owe(user)
    owe(user, "bob@example.net")
    assert pump() == 2
    first, second = mails(session)
    assert (first.state, first.tries, first.due_at) == (MailState.FAILED, 1, None)
    assert first.error.startswith("The mail server refuses this")
    assert first.error.endswith("550 5.1.1 no such user here")
    assert (second.state, len(server.to("bob@example.net"))) == (MailState.SENT, 1)


def test_a_refused_sender_is_tried_again_since_it_is_mail_from_that_is_wrong(
    session: Session, server: MailServer
) -> None:
    server.answers["MAIL"] = ["553 5.7.1 not your domain"]
    owe(factories.create_user())
    pump()
    (mail,) = mails(session)
    assert mail.state == MailState.QUEUED
    assert mail.error == "The mail server refuses MAIL_FROM as the sender: 553 5.7.1 not your domain"


def test_retries_come_ever_later_and_end(session: Session, server: MailServer, at: Callable[[datetime], None]) -> None:
    server.answers["RCPT"] = ["450 4.2.1 busy"] * 100
    owe(factories.create_user())
    moment, waits = NOW, []
    while pump():
        (mail,) = mails(session)
        if mail.due_at is None:
            break
        waits.append(mail.due_at - moment)
        at(moment := mail.due_at)
    minutes = [wait.total_seconds() / 60 for wait in waits]
    assert minutes == [1, 5, 30, 120, 360, 720]
    assert mails(session)[0].state == MailState.FAILED
    assert server.commands.count("RCPT") == 7


def test_a_server_that_is_away_is_asked_once_for_all_that_is_due(
    session: Session, server: MailServer, at: Callable[[datetime], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim, "MAILS_AT_ONCE", 3)
    user = factories.create_user()
    for number in range(5):
        owe(user, f"guest{number}@example.net")
    server.answers["CONNECT"] = ["554 5.3.2 maintenance"]
    pump()
    assert server.connections == 1
    assert [mail.tries for mail in mails(session)] == [0] * 5
    assert {mail.due_at for mail in mails(session)} == {NOW + timedelta(minutes=1)}
    assert all("554 5.3.2 maintenance" in mail.error for mail in mails(session))
    at(NOW + timedelta(minutes=1))
    assert pump() == 5
    assert len(server.mails) == 5


def test_a_pump_killed_between_sending_and_recording_sends_again_with_the_same_message_id(
    session: Session, server: MailServer, at: Callable[[datetime], None], environ: dict[str, str]
) -> None:
    at(datetime.now(UTC))
    owe(factories.create_user())
    killed = subprocess.run([sys.executable, "-c", KILLED_PUMP], env=os.environ | environ, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(server.mails) == 1
    assert pump() == 0
    at(clock.now() + timedelta(minutes=1) + claim.MAIL_LEASE)
    assert pump() == 1
    first, second = server.mails
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert mails(session)[0].state == MailState.SENT


def test_a_result_that_comes_after_the_lease_has_ended_is_not_recorded(
    session: Session, server: MailServer, at: Callable[[datetime], None]
) -> None:
    owe(factories.create_user())
    with writing():
        (slow,) = claim.claim_mails(session, "token", NOW)
    at(NOW + claim.MAIL_LEASE)
    assert pump() == 1
    with writing():
        claim.record_mail(session, slow, pump_module.BROKEN, clock.now())
    assert mails(session)[0].state == MailState.SENT


def test_while_one_pump_sends_another_finds_nothing_to_do(session: Session, server: MailServer) -> None:
    user = factories.create_user()
    owe(user)
    with writing():
        claim.claim_mails(session, "token", clock.now())
    owe(user, "bob@example.net")
    assert not claim.any_mail_due(session, clock.now())
    assert pump() == 0


def test_no_transaction_is_open_while_the_server_is_spoken_to(
    session: Session, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe(factories.create_user())
    seen = []
    send = pump_module.Connection.send

    def look(*args: object, **kwargs: object) -> object:
        seen.append(db.session().in_transaction())
        return send(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(pump_module.Connection, "send", look)
    pump()
    assert seen == [False]


def test_mails_about_one_booking_reach_a_reader_in_order(
    session: Session, server: MailServer, at: Callable[[datetime], None]
) -> None:
    user = factories.create_user()
    owe(user, sequence_key="a", about="1")
    server.answers["RCPT"] = ["451 4.7.1 greylisted"]
    pump()
    at(NOW + timedelta(seconds=10))
    owe(user, sequence_key="a", about="2")
    owe(user, "bob@example.net", sequence_key="a", about="3")
    owe(user, sequence_key="b", about="4")
    pump()
    assert [mail.about for mail in mails(session) if mail.state == MailState.SENT] == ["3", "4"]
    at(NOW + timedelta(minutes=1))
    pump()
    sent_at = {mail.about: mail.id for mail in mails(session) if mail.state == MailState.SENT}
    assert set(sent_at) == {"1", "2", "3", "4"}
    ids = [received.message["Message-ID"] for received in server.to("ann@example.net")]
    by_id = {mail.message_id: mail.about for mail in mails(session)}
    assert [by_id[message_id] for message_id in ids] == ["4", "1", "2"]


def test_what_came_too_late_is_dropped_with_its_reason(
    session: Session, server: MailServer, at: Callable[[datetime], None]
) -> None:
    owe(factories.create_user(), expires_at=NOW + timedelta(hours=1))
    at(NOW + timedelta(hours=1))
    pump()
    (mail,) = mails(session)
    assert (mail.state, mail.error, server.mails) == (MailState.DROPPED, claim.LATE.sentence, [])


def test_what_waits_longer_than_it_is_of_use_is_dropped_as_soon_as_it_is_not(
    session: Session, server: MailServer, at: Callable[[datetime], None]
) -> None:
    expires_at = NOW + timedelta(minutes=4)
    owe(factories.create_user(), expires_at=expires_at)
    server.answers["RCPT"] = ["450 4.2.1 busy"] * 2
    for moment, due_at in ((NOW, NOW + timedelta(minutes=1)), (NOW + timedelta(minutes=1), expires_at)):
        at(moment)
        pump()
        assert mails(session)[0].due_at == due_at
    at(expires_at)
    pump()
    (mail,) = mails(session)
    assert (mail.state, mail.tries) == (MailState.DROPPED, 2)
    assert mail.error == "Not sent in time. The mail server refuses this address: 450 4.2.1 busy"


def test_a_mail_that_may_have_arrived_is_tried_again_an_hour_later_and_three_times_at_most(
    session: Session, server: MailServer, at: Callable[[datetime], None]
) -> None:
    server.answers["BODY"] = [HANG_UP] * 9
    owe(factories.create_user())
    moment, waits = NOW, []
    while pump():
        (mail,) = mails(session)
        if mail.due_at is None:
            break
        waits.append(mail.due_at - moment)
        at(moment := mail.due_at)
    assert waits == [timedelta(hours=1)] * 2
    assert (mail.state, mail.tries, mail.doubts) == (MailState.FAILED, 3, 3)
    assert mail.error == f"{DOUBT} (the server closed it)."
    assert len({received.message["Message-ID"] for received in server.mails}) == 1


def test_a_slow_server_gets_each_mail_once(session: Session, server: MailServer) -> None:
    user = factories.create_user()
    for number in range(3):
        owe(user, f"guest{number}@example.net")
    server.always["BODY"] = SLOW
    assert pump() == 3
    assert [mail.state for mail in mails(session)] == [MailState.SENT] * 3
    assert len(server.mails) == 3


def test_a_pump_told_to_stop_gives_back_what_it_has_not_tried(
    session: Session, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = factories.create_user()
    for number in range(3):
        owe(user, f"guest{number}@example.net")
    mail_pump = MailPump(current_config())
    record = claim.record_mail

    def record_and_stop(*args: Any) -> None:
        record(*args)
        mail_pump.stop()

    monkeypatch.setattr(claim, "record_mail", record_and_stop)
    assert mail_pump.run() == 1
    assert [mail.lease_token for mail in mails(session)] == [None, None, None]
    assert pump() == 2
    assert len(server.mails) == 3


@pytest.mark.parametrize(("command", "wait"), [("CONNECT", 0), ("RCPT", 0), ("BODY", 60)])
def test_a_mail_under_way_is_given_back_when_the_process_must_stop(
    app: Flask,
    session: Session,
    server: MailServer,
    monkeypatch: pytest.MonkeyPatch,
    at: Callable[[datetime], None],
    command: str,
    wait: int,
) -> None:
    monkeypatch.setattr(thread_module, "MAIL_STOP_SECONDS", 0.1)
    user = factories.create_user()
    owe(user)
    owe(user, "bob@example.net")
    server.answers[command] = ["HANG"]
    thread = MailThread(app, MailPump(current_config()))
    thread.wake()
    wait_until(lambda: bool(server.mails) if command == "BODY" else server.connections == 1)
    wait_until(lambda: mails(session)[0].lease_token is not None)
    thread.stop()
    thread.wind_up()
    first, second = mails(session)
    assert (first.state, first.lease_token, first.due_at) == (MailState.QUEUED, None, NOW + timedelta(minutes=wait))
    # Where the server had all of it, it may have arrived, and was tried.
    assert (first.tries, first.doubts) == ((1, 1) if wait else (0, 0))
    assert (second.tries, second.lease_token, second.due_at) == (0, None, NOW)


def test_leases_of_a_dead_worker_are_given_back(session: Session, server: MailServer) -> None:
    user = factories.create_user()
    owe(user)
    with writing():
        claim.claim_mails(session, "0123456789ab" + "c" * 20, clock.now())
    for prefix, sent in (("ba9876543210", 0), ("0123456789ab", 1)):
        with writing() as inner:
            claim.release_of(inner, prefix, clock.now())
        assert pump() == sent


def test_a_pump_whose_lease_was_given_away_does_not_send(
    session: Session, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe(factories.create_user())
    mail_pump, compose = MailPump(current_config()), pump_module.compose

    def lose_lease(*args: Any) -> Any:
        with writing() as inner:
            claim.release_of(inner, mail_pump.holder, clock.now())
        mail_pump.stop()
        return compose(*args)

    monkeypatch.setattr(pump_module, "compose", lose_lease)
    mail_pump.run()
    assert server.commands == ["EHLO", "MAIL", "RCPT"]
    assert mails(session)[0].tries == 0


def test_an_address_that_cannot_be_written_to_fails_and_the_rest_goes_on(session: Session, server: MailServer) -> None:
    user = factories.create_user()
    owe(user, "not an address")
    owe(user)
    pump()
    first, second = mails(session)
    assert (first.state, second.state) == (MailState.FAILED, MailState.SENT)
    assert first.error == "This mail cannot be sent: “not an address” is not an e-mail address."


def test_neither_names_nor_passwords_nor_addresses_are_logged(
    app: Flask, session: Session, server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answers["RCPT"] = ["550 5.1.1 no"]
    owe(factories.create_user())
    owe(factories.create_user())
    pump()
    assert "was not sent" in caplog.text
    assert "ann@example.net" not in caplog.text


def test_a_mail_that_cannot_be_decrypted_holds_up_no_other(session: Session, server: MailServer) -> None:
    rick = factories.create_user()
    owe(rick)
    owe(rick)
    with writing() as inner:
        inner.execute(text("UPDATE mails SET text = 'damaged' WHERE id = (SELECT min(id) FROM mails)"))
    assert pump() == 1
    assert len(server.mails) == 1
    query = select(Mail.state, Mail.tries, Mail.error, Mail.lease_token).order_by(Mail.id)
    damaged, sent = session.execute(query)
    assert tuple(damaged) == (MailState.QUEUED, 1, "Its text cannot be decrypted with SECRET_KEY.", None)
    assert sent.state == MailState.SENT

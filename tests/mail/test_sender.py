"""Tests of the connection to the mail server: TLS, login, and what is said when there is none."""

import logging
import threading
from time import monotonic

import pytest

from calhooks.config import Config
from calhooks.mail.sending import sender as sender_module
from calhooks.mail.sending.compose import Message
from calhooks.mail.sending.sender import Connection, LeaseLost, MailServer, Outcome, ServerUnavailable
from calhooks.mail.sending.smtp import RFC_PATIENCE, Patience
from tests.delivery.helpers import wait_until
from tests.mail.smtp_server import CA_BUNDLE, DRIP, HANG_UP, SLOW, SLOW_SECONDS, mail_server
from tests.mail.smtp_server import MailServer as FakeServer

# Of each step, and of all of them together.
STEP_SECONDS, MAIL_SECONDS = 0.2, 2.0
IMPATIENT = Patience(
    connect=STEP_SECONDS,
    command=STEP_SECONDS,
    data=STEP_SECONDS,
    block=STEP_SECONDS,
    verdict=STEP_SECONDS,
    mail=MAIL_SECONDS,
    goodbye=STEP_SECONDS,
)
STEPS = ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "BODY")


def message(recipient: str = "ann@example.net", subject: str = "Hello") -> Message:
    """Return a message with dots where SMTP has a use for them."""
    data = f"From: calendar@acme.example\r\nTo: {recipient}\r\nSubject: {subject}\r\n\r\nHello\r\n.\r\n..two dots\r\n"
    return Message("calendar@acme.example", recipient, data.encode())


def connection_to(environ: dict[str, str], url: str, patience: Patience = RFC_PATIENCE) -> Connection:
    config = Config.from_env(environ | {"MAIL_URL": url, "CALHOOKS_CA_BUNDLE": str(CA_BUNDLE)})
    return Connection(config, patience)


def send(
    environ: dict[str, str],
    url: str,
    *,
    patience: Patience = RFC_PATIENCE,
    recipient: str = "ann@example.net",
    subject: str = "Hello",
) -> Outcome:
    with connection_to(environ, url, patience) as connection:
        return connection.send(message(recipient, subject), lambda: True)


def unavailable(environ: dict[str, str], url: str, patience: Patience = RFC_PATIENCE) -> str:
    with pytest.raises(ServerUnavailable) as error:
        send(environ, url, patience=patience)
    return str(error.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://host", ("host", 25, False, "", "")),
        ("smtp://host:2525", ("host", 2525, False, "", "")),
        ("smtp://user:pass@host", ("host", 587, False, "user", "pass")),
        ("smtps://host", ("host", 465, True, "", "")),
        ("smtp://me%40acme.example:p%2Fa%3As@host:587", ("host", 587, False, "me@acme.example", "p/a:s")),
        ("smtp://[::1]:25", ("::1", 25, False, "", "")),
    ],
)
def test_mail_url_says_where_and_who(url: str, expected: tuple[object, ...]) -> None:
    server = MailServer.from_url(url)
    assert (server.host, server.port, server.tls, server.user, server.password) == expected
    assert "pass" not in repr(server)


def test_smtps_is_encrypted_from_the_first_byte(environ: dict[str, str]) -> None:
    with mail_server(certificate="good") as server:
        assert send(environ, server.url).sent
        assert server.mails[0].tls


def test_smtp_changes_to_tls_before_it_says_the_password(environ: dict[str, str]) -> None:
    with mail_server(certificate="good", starttls=True, login="rick:secret") as server:
        assert send(environ, server.url).sent
        (mail,) = server.mails
    assert (mail.tls, mail.user) == (True, "rick")
    assert server.commands[:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]


@pytest.mark.parametrize("certificate", ["expired", "other-name"])
def test_a_password_is_not_said_to_a_server_with_a_bad_certificate(environ: dict[str, str], certificate: str) -> None:
    with mail_server(certificate=certificate, starttls=True, login="rick:secret") as server:
        sentence = unavailable(environ, server.url)
    assert sentence.startswith(f"The certificate of the mail server localhost:{server.port} is not valid: ")
    assert "AUTH" not in server.commands


def test_without_a_password_any_encryption_is_better_than_none(environ: dict[str, str]) -> None:
    with mail_server(certificate="expired", starttls=True) as server:
        assert send(environ, server.url).sent
        assert server.mails[0].tls


def test_a_password_never_goes_in_clear_text_over_a_network(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server(login="rick:secret") as server:
        assert send(environ, server.url).sent
        monkeypatch.setattr(sender_module, "is_loopback", lambda _host: False)
        sentence = unavailable(environ, server.url)
    assert "STARTTLS" in sentence
    assert server.commands.count("AUTH") == 1


def test_a_wrong_password_is_said_without_saying_it(environ: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with mail_server(login="rick:secret") as server:
        sentence = unavailable(environ, server.url.replace("secret", "mistaken"))
    assert sentence.endswith("refuses the user and password in MAIL_URL: 535.")
    assert "mistaken" not in sentence + caplog.text


def test_a_server_that_is_not_there_is_one_sentence(environ: dict[str, str]) -> None:
    with mail_server() as server:
        pass
    sentence = unavailable(environ, server.url)
    assert sentence == f"The mail server localhost:{server.port} cannot be used: Connection refused."


@pytest.mark.timed
@pytest.mark.parametrize("command", ["CONNECT", "EHLO"])
def test_a_server_that_hangs_is_given_up_after_the_time_limit(environ: dict[str, str], command: str) -> None:
    with mail_server() as server:
        server.answers[command] = ["HANG"]
        assert unavailable(environ, server.url, IMPATIENT).endswith("no response within 0.2 seconds.")


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "BODY"])
def test_a_response_without_a_code_breaks_the_connection(environ: dict[str, str], command: str) -> None:
    with mail_server() as server:
        server.answers[command] = ["hello"]
        outcome = send(environ, server.url)
    assert outcome.sentence.endswith(("its response could not be read.", "its response could not be read)."))
    assert (outcome.permanent, outcome.doubtful) == (False, command == "BODY")


def test_a_challenge_that_cannot_be_decoded_fails_no_mail(environ: dict[str, str]) -> None:
    with mail_server(certificate="good", starttls=True, login="rick:secret") as server:
        server.answers["AUTH"] = ["334 abcde"]
        assert "cannot be used" in unavailable(environ, server.url)


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "LINE"])
@pytest.mark.parametrize("answer", ["HANG", HANG_UP])
def test_a_server_that_hangs_or_closes_in_the_middle_fails_that_mail_alone(
    environ: dict[str, str], command: str, answer: str
) -> None:
    with mail_server() as server:
        server.answers[command] = [answer]
        outcome = send(environ, server.url, patience=IMPATIENT)
        assert server.mails == []
    assert not outcome.permanent
    if command != "LINE":
        said = "no response within 0.2 seconds" if answer == "HANG" else "the server closed it"
        assert outcome == Outcome(f"The connection to the mail server broke: {said}.", busy=command == "MAIL")


@pytest.mark.parametrize(
    ("answer", "said"), [("HANG", "no response within 0.2 seconds"), (HANG_UP, "the server closed it")]
)
def test_a_connection_lost_after_the_final_dot_leaves_it_open_whether_the_mail_was_taken(
    environ: dict[str, str], answer: str, said: str
) -> None:
    with mail_server() as server:
        server.answers["BODY"] = [answer]
        outcome = send(environ, server.url, patience=IMPATIENT)
        assert len(server.mails) == 1
    assert outcome == Outcome(f"{sender_module.DOUBT} ({said}).", doubtful=True)


def test_the_waits_are_those_of_rfc_5321() -> None:
    patience = RFC_PATIENCE
    assert (patience.command, patience.data, patience.block, patience.verdict) == (300, 120, 180, 600)
    assert patience.mail >= 3 * patience.command + patience.data + patience.block + patience.verdict


@pytest.mark.timed
@pytest.mark.parametrize("command", STEPS)
def test_a_server_that_takes_its_time_gets_each_mail_once(environ: dict[str, str], command: str) -> None:
    with mail_server() as server:
        server.always[command] = SLOW
        began = monotonic()
        assert send(environ, server.url).sent
        assert monotonic() - began >= SLOW_SECONDS
        assert len(server.mails) == 1


@pytest.mark.timed
@pytest.mark.parametrize("command", STEPS)
def test_bytes_that_drip_do_not_extend_a_wait(environ: dict[str, str], command: str) -> None:
    with mail_server() as server:
        server.always[command] = DRIP
        began = monotonic()
        try:
            outcome = send(environ, server.url, patience=IMPATIENT)
        except ServerUnavailable as error:
            outcome = Outcome(str(error))
        # The greeting alone would take two seconds.
        assert monotonic() - began < 3 * STEP_SECONDS + SLOW_SECONDS
    assert "no response within 0.2 seconds" in outcome.sentence


@pytest.mark.timed
def test_a_mail_has_one_deadline_for_all_its_steps(environ: dict[str, str]) -> None:
    patient = Patience(mail=1.4, goodbye=STEP_SECONDS)
    with mail_server() as server:
        # Not while connecting, which has a sentence of its own.
        server.always = dict.fromkeys(STEPS[2:], SLOW)
        began = monotonic()
        outcome = send(environ, server.url, patience=patient)
        assert monotonic() - began < 4
    assert outcome.sentence == "The connection to the mail server broke: no response within 1.4 seconds."


@pytest.mark.timed
def test_each_mail_of_a_connection_has_all_of_its_time(environ: dict[str, str]) -> None:
    with mail_server() as server, connection_to(environ, server.url, Patience(mail=0.8)) as connection:
        server.always["BODY"] = SLOW
        for _ in range(3):
            assert connection.send(message(), lambda: True).sent
        assert server.connections == 1


@pytest.mark.parametrize("command", [*STEPS, "AUTH", "STARTTLS"])
@pytest.mark.parametrize("answer", ["421 4.3.2 shutting down", "450 4.2.1 greylisted", "452 4.2.2 mailbox full"])
def test_what_is_refused_for_now_is_not_permanent_at_any_point(
    environ: dict[str, str], command: str, answer: str
) -> None:
    with mail_server(certificate="good", starttls=True, login="rick:secret") as server:
        # EHLO and HELO are asked in turn, and the second AUTH is another way to log in.
        server.answers[command] = [answer]
        server.always["HELO"] = answer
        try:
            outcome = send(environ, server.url)
        except ServerUnavailable as error:
            outcome = Outcome(str(error))
        assert server.mails == []
    assert not outcome.permanent
    assert not outcome.doubtful
    assert answer[:3] in outcome.sentence or command in ("EHLO", "AUTH", "STARTTLS")


def test_a_reply_without_end_is_not_read_to_its_end(environ: dict[str, str]) -> None:
    with mail_server() as server:
        server.answers["RCPT"] = ["250-" + "x" * 50 + "\r\n" + ("250-" + "y" * 200 + "\r\n") * 1000 + "250 ok"]
        outcome = send(environ, server.url)
    assert not outcome.sent
    assert len(outcome.sentence) < 400


def test_another_thread_can_end_a_wait(environ: dict[str, str]) -> None:
    for command in ("CONNECT", "RCPT", "BODY"):
        with mail_server() as server, connection_to(environ, server.url) as connection:
            server.answers[command] = ["HANG"]
            outcomes: list[Outcome | Exception] = []
            thread = threading.Thread(target=_send_and_keep, args=(connection, outcomes))
            thread.start()
            wait_until(lambda command=command, server=server: _has_come_to(command, server))
            connection.cut()
            thread.join(2)
            (outcome,) = outcomes
        assert isinstance(outcome, ServerUnavailable if command == "CONNECT" else Outcome)
        assert getattr(outcome, "doubtful", False) == (command == "BODY")


def _has_come_to(command: str, server: FakeServer) -> bool:
    if command == "BODY":
        return bool(server.mails)
    return server.connections == 1 and (command == "CONNECT" or command in server.commands)


def _send_and_keep(connection: Connection, outcomes: list[Outcome | Exception]) -> None:
    try:
        outcomes.append(connection.send(message(), lambda: True))
    except ServerUnavailable as error:
        outcomes.append(error)


def test_a_mail_whose_lease_is_lost_is_not_sent(environ: dict[str, str]) -> None:
    with mail_server() as server, connection_to(environ, server.url) as connection, pytest.raises(LeaseLost):
        connection.send(message(), lambda: False)
    assert "DATA" not in server.commands


def test_dots_and_line_ends_arrive_as_written(environ: dict[str, str]) -> None:
    with mail_server() as server:
        send(environ, server.url)
        assert server.mails[0].data.endswith(b"\r\n\r\nHello\r\n.\r\n..two dots\r\n")


def test_an_address_outside_of_ascii_needs_a_server_that_knows_it(environ: dict[str, str]) -> None:
    with mail_server() as old, mail_server(smtputf8=True) as new:
        refused = send(environ, old.url, recipient="änn@example.net")
        assert refused.permanent
        assert send(environ, new.url, recipient="änn@example.net").sent
        assert new.mails[0].recipient == "änn@example.net"


def test_what_a_server_says_is_one_line_of_bounded_length(environ: dict[str, str]) -> None:
    with mail_server() as server:
        server.answers["RCPT"] = ["550-5.1.1 no\r\n550-such\r\n550 " + "x" * 500]
        outcome = send(environ, server.url)
    assert outcome.permanent
    assert "\n" not in outcome.sentence
    assert len(outcome.sentence) < 400


@pytest.mark.parametrize(
    "subject",
    [
        "x\r\nX-Injected: yes",
        "x\nX-Injected: yes",
        "x\rX-Injected: yes",
        "x\r\nSubject: another",
        "x\r\nBcc: eve@example.com",
        "x\r\nno header",
        "x\r\n ",
        "x\0y",
        "x\x0bX-Injected: yes",
        "\x1b[2J",
        "x" * 1000,
    ],
)
def test_a_header_line_that_is_not_ours_never_leaves(
    environ: dict[str, str], caplog: pytest.LogCaptureFixture, subject: str
) -> None:
    with mail_server() as server:
        outcome = send(environ, server.url, subject=subject)
    assert outcome == Outcome(sender_module.FOREIGN_HEADER, permanent=True)
    assert server.mails == []
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "\n" not in record.getMessage()

"""Tests of the connection to the mail server: TLS, login, and what is said when there is none."""

import logging

import pytest

from calhooks.config import Config
from calhooks.mail import sender as sender_module
from calhooks.mail.compose import Message
from calhooks.mail.sender import Connection, MailServer, Outcome, ServerUnavailable
from tests.mail.smtp_server import CA_BUNDLE, mail_server


def message(recipient: str = "ann@example.net", subject: str = "Hello") -> Message:
    """Return a message with dots where SMTP has a use for them."""
    data = f"From: calendar@acme.example\r\nTo: {recipient}\r\nSubject: {subject}\r\n\r\nHello\r\n.\r\n..two dots\r\n"
    return Message("calendar@acme.example", recipient, data.encode())


def send(
    environ: dict[str, str],
    url: str,
    *,
    timeout: float = 15,
    recipient: str = "ann@example.net",
    subject: str = "Hello",
) -> Outcome:
    config = Config.from_env(environ | {"MAIL_URL": url, "CALHOOKS_CA_BUNDLE": str(CA_BUNDLE)})
    with Connection(config, timeout) as connection:
        return connection.send(message(recipient, subject))


def unavailable(environ: dict[str, str], url: str, timeout: float = 15) -> str:
    with pytest.raises(ServerUnavailable) as error:
        send(environ, url, timeout=timeout)
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


@pytest.mark.parametrize("command", ["CONNECT", "EHLO"])
def test_a_server_that_hangs_is_given_up_after_the_time_limit(environ: dict[str, str], command: str) -> None:
    with mail_server() as server:
        server.answers[command] = ["HANG"]
        assert unavailable(environ, server.url, timeout=0.2).endswith("no answer within 0.2 seconds.")


def test_a_server_that_hangs_in_the_middle_fails_that_mail_alone(environ: dict[str, str]) -> None:
    with mail_server() as server:
        server.answers["BODY"] = ["HANG"]
        outcome = send(environ, server.url, timeout=0.2)
    assert not outcome.permanent
    assert outcome.sentence == "The connection to the mail server broke: no answer within 0.2 seconds."


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

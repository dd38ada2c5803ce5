"""What people type is text in every header, never a header line and never an encoded word, whatever Python reads it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import compat32
from email.utils import parseaddr

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks import clock, create_app
from calhooks.config import Config, ConfigError
from calhooks.db import db
from calhooks.mail import headers
from calhooks.mail.addresses import MAX_SHOWN_NAME_LENGTH, Correspondent, mail_address
from calhooks.mail.headers import MAX_SUBJECT_LENGTH, foreign_line
from calhooks.mail.models import Mail, MailState
from calhooks.text import email_address, shortened
from tests import factories
from tests.mail.letters import owe, pump
from tests.mail.smtp_server import MailServer, ReceivedMail
from tests.web import pages

SUNDAY, TUESDAY = datetime(2026, 3, 1, 8, tzinfo=UTC), "2026-03-03T10:00:00Z"
TOP = ["Message-ID", "Date", "From", "To", "Reply-To", "Subject", "Auto-Submitted", "MIME-Version", "Content-Type"]
PARTS = {"content-type", "content-transfer-encoding", "content-disposition", "mime-version"}
HOSTILE = [
    "=?utf-8?q?x=0d=0aX-Injected:_yes?=",
    "=?utf-8?q?=0d=0aContent-Type:text/html=0d=0a=0d=0a<h1>Pwned</h1>?=",
    "=?utf-8?b?eA0KWC1JbmplY3RlZDogeWVz?=",
    "=?UTF-8*en?Q?x=0D=0AX-Injected:_yes?= =?us-ascii?q?=0aBcc:eve@example.com?=",
    "Ann =?utf-8?q?=E2=80=AEeeL?=",
    "=?utf-8?q?never ended",
    "x\r\nX-Injected: yes\r\n\r\n<h1>Pwned</h1>",
    "x\u2028X-Injected: yes\x85X-Injected: yes",
    'Ann" <eve@example.com>, "Bob',
    "Ann <eve@example.com>, Bob (a comment) \\",
    "José Ñandú 😀 =?utf-8?q?x=0aX-Injected:_yes?=",
    "undisclosed-recipients:;",
    "x\r.\r\nMAIL FROM:<eve@example.com>\n.\nRCPT TO:<eve@example.com>\r\n.\r\n",
    "word " * 30,
    "é" * 150,
    "x" * 190,
]
TEXT = st.text(st.characters(exclude_characters="\0"), max_size=300) | st.lists(
    st.sampled_from(
        ["=?utf-8?q?", "=0d=0a", "?=", " ", "é", "x", '"', "\\", ":", "<", "\r\n", "\u202e", "😀", "b" * 70]
    )
).map("".join)


def shown(value: str) -> str:
    """Return a header's value as a mail program shows it (RFC 2047)."""
    return str(make_header(decode_header("".join(value.splitlines()))))


def people(value: str) -> tuple[str, str]:
    """Return the one name and the one address of a header; a name is read after its quotation marks are gone."""
    name, address = parseaddr("".join(value.splitlines()))
    return shown(name), address


def check_raw(mail: ReceivedMail) -> None:
    """Look at the bytes: nothing but our own header lines, at the top and in every part."""
    head = mail.data.partition(b"\r\n\r\n")[0]
    assert [line.split(b":")[0].decode() for line in head.split(b"\r\n") if not line.startswith(b" ")] == TOP
    assert head.replace(b"\r\n", b"").isascii()
    assert all(len(line) <= 998 for line in mail.data.split(b"\r\n"))
    # No lone CR or LF, after which a server could see the end of the message and the next command.
    assert b"\r" not in mail.data.replace(b"\r\n", b"")
    assert b"\n" not in mail.data.replace(b"\r\n", b"")
    first, *parts = message_from_bytes(mail.data, policy=compat32).walk()
    assert first.keys() == TOP
    assert {name.lower() for part in parts for name in part.keys()} <= PARTS  # noqa: SIM118 - parts are not dicts
    assert first.get_content_type() in ("multipart/mixed", "multipart/alternative")


@contextmanager
def app_with(environ: dict[str, str]) -> Iterator[Flask]:
    """Give an application with these variables."""
    app = create_app(Config.from_env(environ))
    with app.app_context():
        yield app
        db.engine.dispose()


@pytest.fixture
def sunday(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still two days before the booking."""
    monkeypatch.setattr(clock, "now", lambda: SUNDAY)


@pytest.mark.usefixtures("sunday")
@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_booker_and_host_type_arrives_as_text(
    app: Flask, client: FlaskClient, server: MailServer, hostile: str
) -> None:
    tidy = " ".join(shortened(hostile, 180).split())
    with app.app_context():
        host = factories.create_user("rick", name=tidy)
        factories.create_event_type(host, slug="chat", title=tidy)
    booked = pages.submit(
        client,
        f"/rick/chat?slot={TUESDAY}",
        {"name": tidy, "email": "ann@example.com", "notes": hostile, "guests": ["bob@example.com"]},
    )
    assert booked.status_code == 303
    uid = booked.location.rpartition("/")[2]
    cancelled = pages.submit(
        client, f"/booking/{uid}?cancel=true", {"cancellationReason": hostile}, to=f"/booking/{uid}"
    )
    assert cancelled.status_code == 303
    with app.app_context():
        pump()
    assert len(server.mails) == 6
    names = {"ann@example.com": tidy, "bob@example.com": "", "rick@example.com": tidy}
    for mail in server.mails:
        check_raw(mail)
        message = message_from_bytes(mail.data, policy=compat32)
        assert people(message["To"]) == (shortened(names[mail.recipient], MAX_SHOWN_NAME_LENGTH), mail.recipient)
        assert people(message["From"]) == ("Acme", "calendar@acme.example")
        replies = "ann@example.com" if mail.recipient == "rick@example.com" else "rick@example.com"
        assert people(message["Reply-To"]) == (shortened(tidy, MAX_SHOWN_NAME_LENGTH), replies)
        assert tidy[:100] in shown(message["Subject"])
        assert message["Message-ID"].endswith("@acme.example>")


@pytest.mark.parametrize("hostile", [text for text in HOSTILE if text.isprintable()])
def test_mail_from_is_text_too(environ: dict[str, str], server: MailServer, hostile: str) -> None:
    quoted = hostile.replace("\\", "\\\\").replace('"', '\\"')
    with app_with(environ | {"MAIL_FROM": f'"{quoted}" <calendar@acme.example>'}):
        owe(factories.create_user(), reply_to=Correspondent("rick@example.com", "Rick"))
        pump()
    (mail,) = server.mails
    check_raw(mail)
    expected = (shortened(hostile, MAX_SHOWN_NAME_LENGTH), "calendar@acme.example")
    assert people(message_from_bytes(mail.data, policy=compat32)["From"]) == expected


@pytest.mark.parametrize("address", ["=?utf-8?q?x?=@acme.example", '"a b"@acme.example', "a>b@acme.example"])
def test_mail_from_has_an_address_that_needs_no_quoting(environ: dict[str, str], address: str) -> None:
    with pytest.raises(ConfigError, match="MAIL_FROM"):
        Config.from_env(environ | {"MAIL_FROM": f"Acme <{address}>"})


@pytest.mark.parametrize("address", ["=?utf-8?q?x=0d=0aX-Injected:_yes?=@example.com", "ann=?x@example.com"])
def test_no_address_begins_an_encoded_word(session: Session, server: MailServer, address: str) -> None:
    with pytest.raises(ValueError, match="is not an e-mail address"):
        email_address(address)
    # One that an earlier version took.
    owe(factories.create_user(), to=address)
    pump()
    assert server.mails == []
    session.expire_all()
    (mail,) = session.scalars(select(Mail))
    assert (mail.state, "is not an e-mail address" in mail.error) == (MailState.FAILED, True)


@pytest.mark.parametrize(
    "address",
    ["a\r\nb@example.com", "a@b@example.com", "a@exa mple.com", "a,b@example.com", "\u202ea@example.com", "@x"],
)
def test_what_is_not_exactly_one_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="is not an e-mail address"):
        mail_address(address)


@settings(max_examples=400, deadline=None)
@given(TEXT)
def test_any_text_is_shown_as_it_was_typed(text: str) -> None:
    subject, to = headers.subject_line(text), headers.address_line("To", Correspondent("", text), "ann@example.com")
    raw = f"{subject}\r\n{to}\r\n\r\nThe text.".encode()
    assert foreign_line(raw) == ""
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    message = message_from_bytes(raw, policy=compat32)
    assert message.keys() == ["Subject", "To"]
    assert shown(message["Subject"]) == shortened(text, MAX_SUBJECT_LENGTH)
    assert people(message["To"]) == (shortened(text, MAX_SHOWN_NAME_LENGTH), "ann@example.com")

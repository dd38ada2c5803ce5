"""A real mail server on loopback that keeps what it takes, and can refuse, hang and break in every place."""

import base64
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from icalendar import Calendar

CERTIFICATES = Path(__file__).parent.parent / "delivery" / "certificates"
CA_BUNDLE = CERTIFICATES / "ca.pem"
HANG_SECONDS = 30
# An answer that is none: the server closes the connection instead.
HANG_UP = ""
# The usual answer, half a second later, or a byte every tenth of a second.
SLOW, SLOW_SECONDS = "SLOW", 0.5
DRIP, DRIP_SECONDS = "DRIP", 0.1
# None of these says no to a message.
TAKES = (HANG_UP, "HANG", SLOW, DRIP)


@dataclass(frozen=True)
class ReceivedMail:
    """One mail as it arrived, with the envelope and what is known of the connection."""

    sender: str
    recipient: str
    data: bytes
    connection: int
    tls: bool
    user: str

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.data, policy=default)  # type: ignore[arg-type,return-value]

    @property
    def text(self) -> str:
        return str(self.message.get_body(("plain",)).get_content()).replace("\r\n", "\n")

    @property
    def html(self) -> str:
        return str(self.message.get_body(("html",)).get_content()).replace("\r\n", "\n")

    @property
    def calendar_part(self) -> EmailMessage | None:
        return next((part for part in self.message.walk() if part.get_content_type() == "text/calendar"), None)

    @property
    def calendar(self) -> Calendar | None:
        part = self.calendar_part
        return Calendar.from_ical(part.get_payload(decode=True)) if part else None


@dataclass
class Session:
    """What one connection has said so far."""

    number: int
    tls: bool
    user: str = ""
    sender: str = ""
    recipients: list[str] = field(default_factory=list)


class MailServer:
    """`answers` holds what to answer to a command, one after another, before the usual answers; "HANG" waits.

    The commands are CONNECT, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, LINE for the first line of the message, where only
    HANG_UP and "HANG" are answers, and BODY for its end. `always` holds what to answer to a command each time.
    `refusal` is asked with each command, and returns what to answer, or None for the rest of these.
    """

    def __init__(
        self, *, certificate: str = "", starttls: bool = False, login: str = "", smtputf8: bool = False
    ) -> None:
        self.mails: list[ReceivedMail] = []
        self.answers: dict[str, list[str]] = {}
        self.always: dict[str, str] = {}
        self.refusal: Callable[[str], str | None] = lambda _command: None
        self.commands: list[str] = []
        self.connections = 0
        self.starttls, self.login, self.smtputf8 = starttls, login, smtputf8
        self.closing = threading.Event()
        self._context = _context(certificate) if certificate else None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        scheme = "smtps" if self._context and not self.starttls else "smtp"
        user = f"{self.login}@" if self.login else ""
        return f"{scheme}://{user}localhost:{self.port}"

    def to(self, address: str) -> list[ReceivedMail]:
        """Return the mails that one person got, in order."""
        return [mail for mail in self.mails if mail.recipient == address]

    def close(self) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        self._open.add(connection)
        with contextlib.suppress(OSError, _Closed):
            tls = self._context is not None and not self.starttls
            if tls:
                connection = self._context.wrap_socket(connection, server_side=True)  # type: ignore[union-attr]
            self._talk(connection, Session(number, tls))
        self._open.discard(connection)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()

    def _talk(self, connection: socket.socket, session: Session) -> None:
        stream = connection.makefile("rb")
        self._answer(connection, "CONNECT", "220 test.example ESMTP")
        while line := stream.readline():
            text = line.decode().strip()
            verb = text.split(" ", 1)[0].upper()
            self.commands.append(verb)
            if verb == "STARTTLS":
                self._answer(connection, verb, "220 go ahead")
                connection = self._context.wrap_socket(connection, server_side=True)  # type: ignore[union-attr]
                stream, session.tls = connection.makefile("rb"), True
            elif verb == "DATA":
                if self._answer(connection, verb, "354 go ahead").startswith("3"):
                    self._take(connection, stream, session)
            elif verb == "QUIT":
                self._answer(connection, verb, "221 bye")
                return
            else:
                self._answer(connection, verb, self._usual(verb, text, session))

    def _usual(self, verb: str, text: str, session: Session) -> str:
        if verb == "EHLO":
            offers = ["test.example", "8BITMIME", "SIZE 10000000"]
            offers += ["STARTTLS"] if self.starttls and not session.tls else []
            offers += ["AUTH PLAIN"] if self.login else []
            offers += ["SMTPUTF8"] if self.smtputf8 else []
            return "\r\n".join([*(f"250-{offer}" for offer in offers[:-1]), f"250 {offers[-1]}"])
        if verb == "AUTH":
            _, user, password = base64.b64decode(text.split()[2]).decode().split("\0")
            if f"{user}:{password}" != self.login:
                return "535 5.7.8 wrong"
            session.user = user
        elif verb == "MAIL":
            session.sender, session.recipients = _address(text), []
            if self.login and not session.user:
                return "530 5.7.0 log in first"
        elif verb == "RCPT":
            session.recipients.append(_address(text))
        return "235 welcome" if verb == "AUTH" else "250 ok"

    def _take(self, connection: socket.socket, stream: Any, session: Session) -> None:
        lines = []
        if self.answers.get("LINE"):
            stream.readline()
            self._answer(connection, "LINE", "")
        while (line := stream.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        mails = [
            ReceivedMail(session.sender, to, b"".join(lines), session.number, session.tls, session.user)
            for to in session.recipients
        ]
        if refusal := self.refusal("BODY"):
            self.answers.setdefault("BODY", []).insert(0, refusal)
        planned = self.answers.get("BODY", [])
        # One that hangs up after the message has taken it all the same.
        if not planned or planned[0] in TAKES:
            self.mails += mails
        self._answer(connection, "BODY", "250 taken")

    def _answer(self, connection: socket.socket, command: str, usual: str) -> str:
        refusal = None if command == "BODY" else self.refusal(command)
        planned = [refusal] if refusal is not None else self.answers.get(command)
        answer = planned.pop(0) if planned else self.always.get(command, usual)
        if answer == "HANG":
            self.closing.wait(HANG_SECONDS)
        if answer in (HANG_UP, "HANG"):
            raise _Closed
        if answer == SLOW:
            self.closing.wait(SLOW_SECONDS)
        if answer == DRIP:
            for byte in usual:
                connection.sendall(byte.encode())
                self.closing.wait(DRIP_SECONDS)
        rest = {SLOW: usual, DRIP: ""}.get(answer, answer)
        connection.sendall(f"{rest}\r\n".encode())
        if answer.startswith("421"):
            raise _Closed
        return usual if answer in (SLOW, DRIP) else answer


class _Closed(Exception):
    pass


@contextmanager
def mail_server(**options: Any) -> Iterator[MailServer]:
    """Run a mail server for as long as the block."""
    server = MailServer(**options)
    try:
        yield server
    finally:
        server.close()


def _address(text: str) -> str:
    return text[text.index("<") + 1 : text.index(">")]


def _context(certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
    return context

"""SMTP with a deadline for each response and for the whole mail, which a server that drips bytes cannot extend.

smtplib's time-out begins again at each byte.
"""

import re
import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

MAX_REPLY_BYTES = 65536
REPLY_PART_BYTES = 4096
BLOCK_BYTES = 65536
READY, BEGIN_MAIL, CLOSING = 220, 354, 421


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait, in seconds: RFC 5321, 4.5.3.2. `connect` is for each address and for TLS from the first byte.

    `command` is for the greeting and each response that has no other time, `data` for the response to DATA, `block` for
    each part of the mail, `verdict` for the response after its final dot. `mail` is for all of it, for one mail.
    """

    connect: float = 30.0
    command: float = 300.0
    data: float = 120.0
    block: float = 180.0
    verdict: float = 600.0
    mail: float = 1800.0
    goodbye: float = 5.0


RFC_PATIENCE = Patience()


class TooSlow(TimeoutError):
    """The server did not respond in time; str() says within which time."""

    def __init__(self, seconds: float) -> None:
        minutes, rest = divmod(seconds, 60)
        span = f"{minutes:g} minutes" if minutes > 1 and not rest else f"{seconds:g} seconds"
        super().__init__(f"no response within {span}")


class TimedSMTP(smtplib.SMTP):
    """A connection whose every wait is bounded. Another thread may cut it.

    `awaits_verdict` is True from just before the final dot of a mail is sent until the server has responded: whether a
    connection that is lost meanwhile has delivered the mail is not known. `knows_recipient` is True from when the
    recipient is named: what goes wrong before that has nothing to do with this mail.
    """

    def __init__(self, own_name: str, patience: Patience) -> None:
        super().__init__(local_hostname=own_name, timeout=patience.connect)
        self.awaits_verdict = self.knows_recipient = False
        self._patience = patience
        self._wait = patience.command
        self._ends_at = monotonic() + patience.mail
        self._received = b""
        self._tls: ssl.SSLContext | None = None
        self._cut = False

    def begin(self) -> None:
        """Give the next mail all of its time."""
        self._ends_at = monotonic() + self._patience.mail
        self.knows_recipient = False

    def open(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        """Connect, with TLS from the first byte where `tls` is given. Raises OSError and SMTPException."""
        # STARTTLS checks the certificate for this name; smtplib sets it in its constructor alone, which also connects.
        self._host, self._tls = host, tls
        code, said = self.connect(host, port)
        if code != READY:
            raise smtplib.SMTPConnectError(code, said)

    def secure(self, context: ssl.SSLContext) -> None:
        """Change to TLS and forget what came before it."""
        self.starttls(context=context)
        self._received = b""
        self.ehlo()

    def hand_over(self, message: bytes) -> tuple[int, bytes]:
        """Send a message after its recipient was accepted, and return the server's response to DATA or to the message.

        `message` has CRLF line ends, also at its end. Raises OSError and SMTPException; `awaits_verdict` then says
        whether it may have been delivered.
        """
        self._wait = self._patience.data
        try:
            code, said = self.docmd("DATA")
            if code != BEGIN_MAIL:
                return code, said
            # A line that begins with a dot gets another one: RFC 5321, 4.5.2.
            self.send(re.sub(rb"(?m)^\.", b"..", message))
            self.awaits_verdict = True
            self.send(b".\r\n")
            self._wait = self._patience.verdict
            code, said = self.getreply()
            self.awaits_verdict = False
            return code, said
        finally:
            self._wait = self._patience.command

    def leave(self) -> None:
        """Say goodbye, without waiting long for the response."""
        self._wait = self._patience.goodbye
        self.begin()
        with suppress(smtplib.SMTPException, OSError):
            self.quit()
        self.close()

    def cut(self) -> None:
        """End whatever another thread waits for on this connection. Name lookup and connecting end by themselves."""
        self._cut = True
        if (waiting := self.sock) is not None:
            with suppress(OSError):
                # Not SSLSocket's own, which takes the state from under the thread that reads.
                socket.socket.shutdown(waiting, socket.SHUT_RDWR)

    def send(self, s: "str | Buffer") -> None:
        """Send text or bytes. Raises TooSlow, SMTPServerDisconnected."""
        raw = s.encode(self.command_encoding) if isinstance(s, str) else bytes(s)
        for start in range(0, len(raw), BLOCK_BYTES):
            until = min(monotonic() + self._patience.block, self._ends_at)
            ready = self._ready(until, self._patience.block)
            try:
                ready.sendall(raw[start : start + BLOCK_BYTES])
            except TimeoutError as error:
                self.close()
                raise self._too_slow(until, self._patience.block) from error
            except OSError as error:
                self.close()
                raise smtplib.SMTPServerDisconnected(error.strerror or str(error)) from error

    def getreply(self) -> tuple[int, bytes]:
        """Return the code of a response and its text. Raises TooSlow, SMTPServerDisconnected."""
        until, size, lines = min(monotonic() + self._wait, self._ends_at), 0, []
        while True:
            line = self._line(until)
            size += len(line)
            lines.append(line[4:].strip())
            if not line[:3].isdigit() or line[3:4] != b"-" or size > MAX_REPLY_BYTES:
                break
        if not line[:3].isdigit() or size > MAX_REPLY_BYTES:
            self.close()
            raise smtplib.SMTPServerDisconnected("its response could not be read")
        if (code := int(line[:3])) == CLOSING:
            self.close()
        return code, b"\n".join(lines)

    def _line(self, until: float) -> bytes:
        while b"\n" not in self._received and len(self._received) <= MAX_REPLY_BYTES:
            ready = self._ready(until, self._wait)
            try:
                received = ready.recv(REPLY_PART_BYTES)
            except TimeoutError as error:
                self.close()
                raise self._too_slow(until, self._wait) from error
            except OSError:
                self.close()
                raise
            if not received:
                self.close()
                raise smtplib.SMTPServerDisconnected("the server closed it")
            self._received += received
        line, _, self._received = self._received.partition(b"\n")
        return line

    def _ready(self, until: float, seconds: float) -> socket.socket:
        """Return the socket, whose next operation may take until a moment. Raises TooSlow, SMTPServerDisconnected."""
        if self.sock is None or self._cut:
            raise smtplib.SMTPServerDisconnected("it is closed")
        left = until - monotonic()
        if left <= 0:
            self.close()
            raise self._too_slow(until, seconds)
        self.sock.settimeout(left)
        return self.sock

    def _too_slow(self, until: float, seconds: float) -> TooSlow:
        """Return the error of a step that has `seconds`, or what was left of the mail's own time."""
        return TooSlow(self._patience.mail if until == self._ends_at else seconds)

    def close(self) -> None:
        """Close the connection."""
        self._received = b""
        super().close()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        raw = socket.create_connection((host, port), timeout)
        return self._tls.wrap_socket(raw, server_hostname=host) if self._tls else raw

"""One connection to the mail server: what it took, what it refused, and whether trying again can help."""

import logging
import re
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from calhooks.config import Config
from calhooks.config.values import is_loopback
from calhooks.mail.headers import foreign_line
from calhooks.mail.sending.compose import Message
from calhooks.mail.sending.smtp import CLOSING, RFC_PATIENCE, Patience, TimedSMTP, TooSlow
from calhooks.text import shortened

log = logging.getLogger(__name__)

MAX_REPLY_LENGTH = 300
SMTP_PORTS = {"smtps": 465, "smtp": 25}
SUBMISSION_PORT = 587
TAKEN = range(200, 300)
PERMANENT = range(500, 600)
TOO_LARGE = 552
# No storage, and what servers without enhanced codes say of too much mail.
BUSY = (452, 454)
# RFC 3463: 3 is the server's state, 7 its policy, 4.5 and 5.3 too much mail; others are about one address or one mail.
_BUSY_STATUS = re.compile(rb"4\.(3\.|7\.|4\.5\b|5\.3\b)|5\.4\.5\b")
_STATUS = re.compile(rb"[45]\.\d{1,3}\.\d")
DOUBT = "The connection was lost after the whole mail had been sent, so it may have arrived"
FOREIGN_HEADER = "This mail was not sent: its header has a line that calhooks does not write."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mail. `sentence` says why it was not sent; `permanent`, that trying again is of no use.

    `doubtful` says that the connection was lost after the whole mail had been sent: it may have been delivered. `busy`
    says that the server takes no mail from calhooks at the moment, whoever it is for.
    """

    sentence: str = ""
    permanent: bool = False
    doubtful: bool = False
    busy: bool = False

    @property
    def sent(self) -> bool:
        """Tell whether the mail server has taken it."""
        return not self.sentence


class LeaseLost(Exception):
    """Another process may send this mail by now, so this one must not."""


class ServerUnavailable(Exception):
    """There is no usable connection, so no mail can go out now; str() is the sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """What MAIL_URL says. `tls` from the first byte is smtps; smtp begins in clear text and changes to TLS."""

    host: str
    port: int
    tls: bool
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @classmethod
    def from_url(cls, url: str) -> "MailServer":
        """Read smtp:// or smtps:// with an optional user, password and port: 465, 587 with a user, 25 without."""
        parts = urlsplit(url)
        user = unquote(parts.username or "")
        default = SUBMISSION_PORT if user and parts.scheme == "smtp" else SMTP_PORTS[parts.scheme]
        return cls(
            host=parts.hostname or "",
            port=parts.port or default,
            tls=parts.scheme == "smtps",
            user=user,
            password=unquote(parts.password or ""),
        )

    @property
    def name(self) -> str:
        """Return what people may know of it: the host and port, never the password."""
        return f"{self.host}:{self.port}"


class Connection:
    """A connection that is opened for the first mail and used for all of a batch. Nothing it says has credentials."""

    def __init__(self, config: Config, patience: Patience = RFC_PATIENCE) -> None:
        self._server = MailServer.from_url(config.mail_url)
        self._ca_bundle = config.ca_bundle
        self._own_name = urlsplit(config.base_url).hostname or "localhost"
        self._patience = patience
        self._smtp: TimedSMTP | None = None
        self._is_cut = False
        self.is_connecting = False

    def __enter__(self) -> "Connection":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._smtp is not None:
            self._smtp.leave()

    def cut(self) -> None:
        """End what another thread waits for in send()."""
        self._is_cut = True
        if (smtp := self._smtp) is not None:
            smtp.cut()

    def send(self, message: Message, still_leased: Callable[[], bool]) -> Outcome:
        """Hand one message to the server. Raises ServerUnavailable when there is no connection to hand it to.

        A refused sender is MAIL_FROM's fault, not this mail's, so that trying again later may help. A message whose
        header has a line that is not one of ours never leaves, whatever made it. `still_leased` is asked just before
        the message is sent: LeaseLost is raised when it is not. A server may end a connection between two mails; the
        second then has a connection of its own.
        """
        if line := foreign_line(message.data):
            log.error("A mail was not sent and is not tried again: its header has the line %s", line)
            return Outcome(FOREIGN_HEADER, permanent=True)
        was_used = self._is_open()
        outcome = self._hand_over(message, still_leased)
        if outcome.busy and was_used and not self._is_open() and not self._is_cut:
            return self._hand_over(message, still_leased)
        return outcome

    def _hand_over(self, message: Message, still_leased: Callable[[], bool]) -> Outcome:
        smtp = self._connected()
        try:
            return _converse(smtp, message, still_leased)
        except smtplib.SMTPNotSupportedError:
            return Outcome("The mail server cannot write to addresses with letters outside of ASCII.", permanent=True)
        except (smtplib.SMTPException, OSError) as error:
            smtp.close()
            if smtp.awaits_verdict:
                return Outcome(f"{DOUBT} ({_reason(error)}).", doubtful=True)
            return Outcome(f"The connection to the mail server broke: {_reason(error)}.", busy=not smtp.knows_recipient)

    def _is_open(self) -> bool:
        return self._smtp is not None and self._smtp.sock is not None

    def _connected(self) -> TimedSMTP:
        if self._smtp is not None and self._smtp.sock is not None:
            self._smtp.begin()
            return self._smtp
        name = self._server.name
        self.is_connecting = True
        try:
            return self._connect()
        except smtplib.SMTPAuthenticationError as refused:
            # Not its text: some servers repeat what was sent.
            self._unavailable(f"The mail server {name} refuses the user and password in MAIL_URL: {refused.smtp_code}.")
        except smtplib.SMTPResponseException as refused:
            said = _words(refused.smtp_code, refused.smtp_error)
            self._unavailable(f"The mail server {name} accepts no mail now: {said}")
        except ssl.SSLCertVerificationError as error:
            self._unavailable(f"The certificate of the mail server {name} is not valid: {error.verify_message}.")
        except UnicodeEncodeError:
            self._unavailable("The user or password in MAIL_URL has letters outside of ASCII.")
        # ValueError: a challenge or a name that cannot be decoded.
        except (smtplib.SMTPException, OSError, ValueError) as error:
            self._unavailable(f"The mail server {name} cannot be used: {_reason(error)}.")
        finally:
            self.is_connecting = False

    def _connect(self) -> TimedSMTP:
        server = self._server
        # Kept before the rest, so that it can be cut, and is closed if that fails.
        self._smtp = smtp = TimedSMTP(self._own_name, self._patience)
        if self._is_cut:
            smtp.cut()
        smtp.open(server.host, server.port, _tls(self._ca_bundle) if server.tls else None)
        smtp.ehlo_or_helo_if_needed()
        if not server.tls:
            self._start_tls(smtp)
        if server.user:
            smtp.login(server.user, server.password)
        return smtp

    def _start_tls(self, smtp: TimedSMTP) -> None:
        """Change to TLS where the server offers it; where a password follows, insist on it and on its certificate."""
        server = self._server
        if smtp.has_extn("starttls"):
            smtp.secure(_tls(self._ca_bundle) if server.user else _unverified_tls())
        elif server.user and not is_loopback(server.host):
            raise smtplib.SMTPNotSupportedError("it offers no STARTTLS, and the password is not sent in clear text")

    def _unavailable(self, sentence: str) -> NoReturn:
        if self._smtp is not None:
            self._smtp.close()
        log.warning("%s", sentence)
        raise ServerUnavailable(sentence)


def _converse(smtp: TimedSMTP, message: Message, still_leased: Callable[[], bool]) -> Outcome:
    """Send one message over an open connection. Raises SMTPException, OSError, LeaseLost."""
    code, said = smtp.mail(message.sender, _options(smtp, message))
    if code not in TAKEN:
        return _refused(smtp, _refusal_of_sender(code, said))
    smtp.knows_recipient = True
    code, said = smtp.rcpt(message.recipient)
    if code not in TAKEN:
        return _refused(smtp, _refusal("refuses this address", code, said))
    if not still_leased():
        smtp.close()
        raise LeaseLost
    code, said = smtp.hand_over(message.data)
    return Outcome() if code in TAKEN else _refused(smtp, _refusal("refuses this mail", code, said))


def _refused(smtp: TimedSMTP, outcome: Outcome) -> Outcome:
    """Make the connection ready for the next mail, or close it."""
    if smtp.sock is not None:
        try:
            smtp.rset()
        except (smtplib.SMTPException, OSError):
            smtp.close()
    return outcome


def _options(smtp: TimedSMTP, message: Message) -> list[str]:
    """Return what MAIL FROM asks of the server (RFC 1870, RFC 6531). Raises SMTPNotSupportedError."""
    size = [f"SIZE={len(message.data)}"] if smtp.has_extn("size") else []
    if f"{message.sender}{message.recipient}".isascii():
        return size
    if not smtp.has_extn("smtputf8"):
        raise smtplib.SMTPNotSupportedError
    return [*size, "SMTPUTF8", "BODY=8BITMIME"]


def _tls(ca_bundle: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_bundle:
        context.load_verify_locations(ca_bundle)
    return context


def _unverified_tls() -> ssl.SSLContext:
    """Encrypt for whoever answers, as mail servers do among themselves: without it the mail would go in clear text."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _refusal_of_sender(code: int, answer: bytes) -> Outcome:
    if code == TOO_LARGE:
        return _refusal("refuses this mail", code, answer)
    what = "refuses MAIL_FROM as the sender" if code in PERMANENT else "accepts no mail now"
    return Outcome(f"The mail server {what}: {_words(code, answer)}", busy=True)


def _refusal(what: str, code: int, answer: bytes) -> Outcome:
    if _is_busy(code, answer):
        return Outcome(f"The mail server accepts no mail now: {_words(code, answer)}", busy=True)
    return Outcome(f"The mail server {what}: {_words(code, answer)}", permanent=code in PERMANENT)


def _is_busy(code: int, answer: bytes) -> bool:
    """Tell whether a refusal is about the mail that calhooks sends at all, not about one address or one mail."""
    return code == CLOSING or bool(_BUSY_STATUS.match(answer)) or (code in BUSY and not _STATUS.match(answer))


def _words(code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {shortened(text, MAX_REPLY_LENGTH)}".strip()


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError) and not isinstance(error, TooSlow):
        return "it did not accept the connection in time"
    text = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
    return shortened(text, MAX_REPLY_LENGTH).rstrip(".")

"""One connection to the mail server: what it took, what it refused, and whether trying again can help."""

import logging
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from calhooks.config import Config
from calhooks.config.values import is_loopback
from calhooks.mail.compose import Message
from calhooks.mail.headers import foreign_line
from calhooks.text import shortened

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 15.0
MAX_REPLY_LENGTH = 300
SMTP_PORTS = {"smtps": 465, "smtp": 25}
SUBMISSION_PORT = 587
PERMANENT = range(500, 600)
FOREIGN_HEADER = "This mail was not sent: its header has a line that calhooks does not write."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mail. `sentence` says why it was not sent; `permanent`, that trying again is of no use."""

    sentence: str = ""
    permanent: bool = False

    @property
    def sent(self) -> bool:
        """Tell whether the mail server has taken it."""
        return not self.sentence


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

    def __init__(self, config: Config, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._server = MailServer.from_url(config.mail_url)
        self._ca_bundle = config.ca_bundle
        self._own_name = urlsplit(config.base_url).hostname or "localhost"
        self._timeout_seconds = timeout_seconds
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> "Connection":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._smtp is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._smtp.quit()
        self._close()

    def send(self, message: Message) -> Outcome:
        """Hand one message to the server. Raises ServerUnavailable when there is no connection to hand it to.

        A refused sender is MAIL_FROM's fault, not this mail's, so that trying again later may help. A message whose
        header has a line that is not one of ours never leaves, whatever made it.
        """
        if line := foreign_line(message.data):
            log.error("A mail was not sent and is not tried again: its header has the line %s", line)
            return Outcome(FOREIGN_HEADER, permanent=True)
        smtp = self._connected()
        try:
            smtp.sendmail(message.sender, [message.recipient], message.data, _options(smtp, message))
        except smtplib.SMTPRecipientsRefused as refused:
            return _refusal("refuses this address", *next(iter(refused.recipients.values())))
        except smtplib.SMTPSenderRefused as refused:
            return Outcome(f"The mail server refuses MAIL_FROM as the sender: {_said(refused)}")
        except smtplib.SMTPNotSupportedError:
            return Outcome("The mail server cannot write to addresses with letters outside of ASCII.", permanent=True)
        except smtplib.SMTPResponseException as refused:
            self._reset()
            return _refusal("refuses this mail", refused.smtp_code, refused.smtp_error)
        except (smtplib.SMTPException, OSError) as error:
            self._close()
            return Outcome(f"The connection to the mail server broke: {_reason(error, self._timeout_seconds)}")
        return Outcome()

    def _connected(self) -> smtplib.SMTP:
        if self._smtp is not None and self._smtp.sock is not None:
            return self._smtp
        name = self._server.name
        try:
            return self._connect()
        except smtplib.SMTPAuthenticationError as refused:
            # Not its text: some servers repeat what was sent.
            self._unavailable(f"The mail server {name} refuses the user and password in MAIL_URL: {refused.smtp_code}.")
        except smtplib.SMTPResponseException as refused:
            self._unavailable(f"The mail server {name} lets nobody in: {_said(refused)}")
        except ssl.SSLCertVerificationError as error:
            self._unavailable(f"The certificate of the mail server {name} is not valid: {error.verify_message}.")
        except UnicodeEncodeError:
            self._unavailable("The user or password in MAIL_URL has letters outside of ASCII.")
        except (smtplib.SMTPException, OSError) as error:
            self._unavailable(f"The mail server {name} cannot be used: {_reason(error, self._timeout_seconds)}")

    def _connect(self) -> smtplib.SMTP:
        server, wait = self._server, self._timeout_seconds
        smtp: smtplib.SMTP
        if server.tls:
            context = _tls(self._ca_bundle)
            smtp = smtplib.SMTP_SSL(server.host, server.port, self._own_name, timeout=wait, context=context)
        else:
            smtp = smtplib.SMTP(server.host, server.port, self._own_name, timeout=wait)
        # Kept before the rest, so that it is closed if that fails.
        self._smtp = smtp
        smtp.ehlo_or_helo_if_needed()
        if not server.tls:
            self._start_tls(smtp)
        if server.user:
            smtp.login(server.user, server.password)
        return smtp

    def _start_tls(self, smtp: smtplib.SMTP) -> None:
        """Change to TLS where the server offers it; where a password follows, insist on it and on its certificate."""
        server = self._server
        if smtp.has_extn("starttls"):
            smtp.starttls(context=_tls(self._ca_bundle) if server.user else _unverified_tls())
            smtp.ehlo()
        elif server.user and not is_loopback(server.host):
            raise smtplib.SMTPNotSupportedError("it offers no STARTTLS, and the password is not sent in clear text")

    def _unavailable(self, sentence: str) -> NoReturn:
        self._close()
        log.warning("%s", sentence)
        raise ServerUnavailable(sentence)

    def _reset(self) -> None:
        """Make the connection ready for the next mail, or close it."""
        try:
            if self._smtp is not None:
                self._smtp.rset()
        except (smtplib.SMTPException, OSError):
            self._close()

    def _close(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def _options(smtp: smtplib.SMTP, message: Message) -> list[str]:
    """Return what MAIL FROM asks of the server (RFC 6531). Raises SMTPNotSupportedError."""
    if f"{message.sender}{message.recipient}".isascii():
        return []
    if not smtp.has_extn("smtputf8"):
        raise smtplib.SMTPNotSupportedError
    return ["SMTPUTF8", "BODY=8BITMIME"]


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


def _refusal(what: str, code: int, answer: bytes | str) -> Outcome:
    return Outcome(f"The mail server {what}: {_words(code, answer)}", permanent=code in PERMANENT)


def _said(refused: smtplib.SMTPResponseException) -> str:
    return _words(refused.smtp_code, refused.smtp_error)


def _words(code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {shortened(text, MAX_REPLY_LENGTH)}".strip()


def _reason(error: Exception, timeout_seconds: float) -> str:
    # smtplib hides a time-out behind an error of its own.
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return f"no answer within {timeout_seconds:g} seconds."
    text = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
    return f"{shortened(text, MAX_REPLY_LENGTH).rstrip('.')}."

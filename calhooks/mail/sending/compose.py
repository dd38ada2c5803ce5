"""From a stored mail to the message on the wire."""

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from calhooks.config import Config
from calhooks.mail import headers
from calhooks.mail.addresses import Correspondent, mail_address, sender
from calhooks.mail.models import Mail

CALENDAR_FILE = "invite.ics"


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message with its line ends, and the addresses of its envelope."""

    sender: str
    recipient: str
    data: bytes


def compose(mail: Mail, config: Config) -> Message:
    """Return the message of a mail, with the same Message-ID each time. Raises ValueError for an unusable address."""
    author, reader = sender(config), Correspondent(mail.recipient, mail.recipient_name)
    author_address, reader_address = mail_address(author.email), mail_address(reader.email)
    lines = [
        headers.message_id_line(mail.message_id),
        f"Date: {format_datetime(mail.created_at)}",
        headers.address_line("From", author, author_address),
        headers.address_line("To", reader, reader_address),
    ]
    # Others could not be sent to a server that knows ASCII alone.
    if mail.reply_to.isascii() and mail.reply_to:
        replies = Correspondent(mail.reply_to, mail.reply_to_name)
        lines.append(headers.address_line("Reply-To", replies, mail_address(replies.email)))
    # RFC 3834: a holiday notice need not answer this.
    lines += [headers.subject_line(mail.subject), "Auto-Submitted: auto-generated", ""]
    return Message(author_address, reader_address, "\r\n".join(lines).encode() + bytes(_content(mail)))


def _content(mail: Mail) -> EmailMessage:
    """Return the parts of a mail; nothing that was typed is in their headers.

    Google and Outlook act on the calendar part beside the texts, Apple and everything else on the attached file;
    all find the entry to change by its UID.
    """
    content = EmailMessage(policy=SMTP)
    # Quoted-printable and base64 pass every server, whatever it knows about other encodings.
    content.set_content(mail.text, cte="quoted-printable")
    content.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    if mail.calendar:
        content.add_alternative(
            mail.calendar.decode(), subtype="calendar", cte="base64", params={"method": mail.calendar_method}
        )
        content.add_attachment(
            mail.calendar, maintype="application", subtype="ics", filename=CALENDAR_FILE, params={"name": CALENDAR_FILE}
        )
    return content

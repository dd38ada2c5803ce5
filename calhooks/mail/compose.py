"""From a stored mail to the message on the wire."""

from email.message import EmailMessage
from email.policy import SMTP

from calhooks.config import Config
from calhooks.mail.addresses import Correspondent, header_address, sender
from calhooks.mail.models import Mail

CALENDAR_FILE = "invite.ics"


def compose(mail: Mail, config: Config) -> EmailMessage:
    """Return the message of a mail, with the same Message-ID each time. Raises ValueError for an unusable address.

    Google and Outlook act on the calendar part beside the texts, Apple and everything else on the attached file;
    all find the entry to change by its UID.
    """
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = mail.message_id
    message["Date"] = mail.created_at
    message["From"] = header_address(sender(config))
    message["To"] = header_address(Correspondent(mail.recipient, mail.recipient_name))
    # Others could not be sent to a server that knows ASCII alone.
    if mail.reply_to.isascii() and mail.reply_to:
        message["Reply-To"] = header_address(Correspondent(mail.reply_to, mail.reply_to_name))
    message["Subject"] = mail.subject
    # RFC 3834: a holiday notice need not answer this.
    message["Auto-Submitted"] = "auto-generated"
    # Quoted-printable and base64 pass every server, whatever it knows about other encodings.
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    if mail.calendar:
        message.add_alternative(
            mail.calendar.decode(), subtype="calendar", cte="base64", params={"method": mail.calendar_method}
        )
        message.add_attachment(
            mail.calendar, maintype="application", subtype="ics", filename=CALENDAR_FILE, params={"name": CALENDAR_FILE}
        )
    return message

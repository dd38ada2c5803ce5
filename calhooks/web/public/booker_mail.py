"""What a booking's page says of mail that has not reached the booker, to anyone who has its link."""

from datetime import datetime, timedelta

from calhooks.mail.models import Mail, MailState

# Most mail has been sent long before.
LATE_AFTER = timedelta(minutes=5)


def mail_sentence(newest: Mail | None, now: datetime) -> str:
    """Return what is wrong with the newest mail to the booker, without the reason; "" while nothing is."""
    if newest is None or newest.state == MailState.SENT:
        return ""
    if newest.doubts:
        return f"Our email to {newest.recipient} may not have arrived."
    if newest.state != MailState.QUEUED:
        return f"We could not send an email to {newest.recipient}."
    late = newest.error or newest.created_at < now - LATE_AFTER
    return f"Our email to {newest.recipient} is late." if late else ""

"""What the tests of encryption share: keys to change to, and something secret in every place."""

from dataclasses import replace

from flask import Flask

from calhooks import clock
from calhooks.config import Config
from calhooks.db import writing
from calhooks.mail.models import Mail, MailState
from calhooks.scheduling.calendars.feeds import renew_feed
from tests import factories

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HUSH = "Bearer hush-hush-1234"
NEW_KEY = "another-key-of-more-than-thirty-two-letters"


def with_keys(app: Flask, secret_key: str, *former: str) -> None:
    """Have an application that runs use other keys."""
    config: Config = app.extensions["calhooks"]
    app.extensions["calhooks"] = replace(config, secret_key=secret_key, secret_key_fallbacks=former)


def fill_every_column() -> dict[str, str]:
    """Make a row for each encrypted column, and return what is secret in it by the column's label."""
    rick = factories.create_user("rick")
    endpoint = factories.create_endpoint(rick, secret=SECRET, secret_headers=[["Authorization", HUSH]])
    pair = factories.create_key_pair(endpoint)
    with writing() as session:
        token = renew_feed(session, rick).token
        session.add(
            Mail(
                message_id="<1@example.com>",
                owner_id=rick.id,
                kind="password_reset",
                recipient="rick@example.com",
                subject="Choose a new password",
                text="http://localhost/auth/link/in-the-text",
                html="<a href='http://localhost/auth/link/in-the-html'>",
                state=MailState.QUEUED,
                created_at=clock.now(),
            )
        )
    return {
        "signing_keys.secret": SECRET,
        "key_pairs.private_key": pair.private_key,
        "endpoints.secret_headers": HUSH,
        "calendar_feeds.token": token,
        "mails.text": "in-the-text",
        "mails.html": "in-the-html",
    }

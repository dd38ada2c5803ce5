"""What is asked of a webhook whose secret is of a key that the server no longer has."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.pump.endpoint_secrets import UNREADABLE
from tests import factories
from tests.web import pages


@pytest.mark.parametrize("what", ["curl", "elsewhere", "test"])
def test_a_secret_that_cannot_be_read_is_told_as_its_attempts_tell_it(
    app: Flask, owner: FlaskClient, rick: User, what: str
) -> None:
    with app.app_context():
        webhook = factories.create_webhook(rick, "https://example.com/hook", secret="s3cret-s3cret")
        endpoint = db.session.get_one(Endpoint, webhook.endpoint_id)
        delivery = factories.create_delivery(endpoint, factories.create_event(rick), state="failed", due_at=None)
        with writing() as session:
            session.execute(text("UPDATE signing_keys SET secret = 'v1:damaged'"))
        path = f"/integrations/webhooks/{webhook.id}"
        path += "/test" if what == "test" else f"/deliveries/{delivery.id}/{what}"
    sent = {"csrf_token": pages.csrf_token(owner, "/event-types/new"), "url": "https://example.com/dev"}
    answer = owner.get(path) if what == "curl" else owner.post(path, data=sent)
    assert answer.status_code == 503
    assert UNREADABLE.replace("'", "&#39;") in answer.text

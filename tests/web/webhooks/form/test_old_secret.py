"""Tests of replacing a secret: both sign for a while, and the old one can be ended at once."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.config import current_config
from calhooks.db import db
from calhooks.delivery.models.endpoints import Endpoint, SigningKey
from calhooks.delivery.pump.pump import Pump
from calhooks.delivery.sending.signing import signature_headers
from calhooks.webhooks.models import Webhook
from tests import factories
from tests.delivery.conftest import MovingClock
from tests.delivery.receivers import receiving
from tests.web import pages

HTMX = {"HX-Request": "true"}
OLD, NEW = "the old secret", "the new secret"


@pytest.fixture
def webhook(app: Flask, rick: User) -> Webhook:
    with app.app_context():
        return factories.create_webhook(rick, "https://example.com/hook", OLD)


def keys(app: Flask, webhook: Webhook) -> list[SigningKey]:
    with app.app_context():
        keys = db.session.get_one(Endpoint, webhook.endpoint_id).keys
        assert all(key.is_readable for key in keys)
        return keys


def edit(webhook: Webhook) -> str:
    return f"/integrations/webhooks/{webhook.id}/edit"


def end(webhook: Webhook) -> str:
    return f"/integrations/webhooks/{webhook.id}/end-old-secret"


def send_delivery(app: Flask, webhook: Webhook) -> None:
    """Owe a delivery to a webhook, and send it."""
    with app.app_context():
        endpoint = db.session.get_one(Endpoint, webhook.endpoint_id)
        factories.create_delivery(endpoint, factories.create_event(db.session.get_one(User, webhook.owner_id)))
        Pump(current_config()).run()


def test_the_old_secret_stays_valid_for_a_day_and_the_pages_say_so(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    pages.submit(owner, edit(webhook), {"secret": NEW})
    new, old = keys(app, webhook)
    assert (new.secret, new.expires_at, old.secret) == (NEW, None, OLD)
    assert old.expires_at is not None
    assert timedelta(hours=23) < old.expires_at - clock.now() <= timedelta(hours=24)
    for path in (edit(webhook), f"/integrations/webhooks/{webhook.id}"):
        page = owner.get(path).text
        assert "The old secret is valid until" in page
        assert OLD not in page
        assert NEW not in page


@pytest.mark.parametrize(("hours", "left"), [("0", 0), ("168", 168)])
def test_how_long_both_sign_is_chosen(app: Flask, owner: FlaskClient, webhook: Webhook, hours: str, left: int) -> None:
    pages.submit(owner, edit(webhook), {"secret": NEW, "secretOverlap": hours})
    old = keys(app, webhook)[1:]
    assert len(old) == (1 if left else 0)
    assert all(key.expires_at and key.expires_at - clock.now() > timedelta(hours=left - 1) for key in old)


def test_another_length_is_refused(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    answer = pages.submit(owner, edit(webhook), {"secret": NEW, "secretOverlap": "9999"})
    assert (answer.status_code, "Choose how long the old secret also signs." in answer.text) == (422, True)
    assert len(keys(app, webhook)) == 1


def test_the_same_secret_again_changes_nothing(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    pages.submit(owner, edit(webhook), {"secret": OLD})
    assert [(key.secret, key.expires_at) for key in keys(app, webhook)] == [(OLD, None)]


def test_a_leaked_secret_is_ended_at_once(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    pages.submit(owner, edit(webhook), {"secret": NEW})
    page = f"/integrations/webhooks/{webhook.id}"
    done = pages.submit(owner, page, to=end(webhook), follow_redirects=True)
    assert "The old secret no longer signs." in done.text
    assert "valid until" not in done.text
    assert [key.secret for key in keys(app, webhook)] == [NEW]
    fragment = owner.post(end(webhook), data={"csrf_token": pages.csrf_token(owner, page)}, headers=HTMX)
    assert 'id="old-secret"' in fragment.text


def test_both_sign_a_delivery_newest_first_until_the_old_one_has_run_out(
    app: Flask, owner: FlaskClient, rick: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = MovingClock()
    monkeypatch.setattr(clock, "now", time.now)
    with receiving() as receiver:
        with app.app_context():
            webhook = factories.create_webhook(rick, receiver.url, OLD)
        pages.submit(owner, edit(webhook), {"secret": NEW})
        for hours in (0, 25):
            time.advance(hours=hours)
            send_delivery(app, webhook)
        for request, secrets in zip(receiver.received, ([NEW, OLD], [NEW]), strict=True):
            timestamp = int(request.headers["webhook-timestamp"])
            expected = signature_headers(
                request.body, message_id=request.headers["webhook-id"], timestamp=timestamp, secrets=secrets
            )
            for name, value in expected:
                assert request.headers[name.lower()] == value

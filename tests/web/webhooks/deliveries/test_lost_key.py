"""What is asked of a webhook whose secret is of a key that the server no longer has."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import escape
from sqlalchemy import text

from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.pump.endpoint_secrets import UNREADABLE
from calhooks.webhooks.models import Webhook
from tests import factories
from tests.web import pages

SECRET = "s3cret-s3cret"
LIST = "/integrations"
DAMAGES = {
    "secret": "UPDATE signing_keys SET secret = 'v1:damaged' WHERE endpoint_id = :endpoint",
    "key pair": "UPDATE key_pairs SET private_key = 'v1:damaged' WHERE endpoint_id = :endpoint",
    "header": "UPDATE endpoints SET secret_headers = 'v1:damaged' WHERE id = :endpoint",
}


def damaged(app: Flask, rick: User, what: str) -> Webhook:
    """Make a webhook of which something secret cannot be decrypted, beside one that is sound."""
    with app.app_context():
        factories.create_webhook(rick, "https://example.com/sound", secret=SECRET)
        webhook = factories.create_webhook(rick, "https://example.com/lost", secret=SECRET)
        factories.create_key_pair(db.session.get_one(Endpoint, webhook.endpoint_id))
        with writing() as session:
            session.execute(text(DAMAGES[what]), {"endpoint": webhook.endpoint_id})
        return webhook


@pytest.mark.parametrize("what", DAMAGES)
def test_the_list_shows_every_webhook_and_marks_the_one_whose_secrets_cannot_be_read(
    app: Flask, owner: FlaskClient, rick: User, what: str
) -> None:
    webhook = damaged(app, rick, what)
    page = owner.get(LIST)
    assert page.status_code == 200
    sound, lost = page.text.split('id="webhook-url-')[1:]
    assert 'title="https://example.com/lost"' in lost
    assert [str(escape(UNREADABLE)) in row for row in (sound, lost)] == [False, True]
    switched = pages.submit(
        owner, f"{LIST}/webhooks/{webhook.id}/active", {"active": ""}, headers={"HX-Request": "true"}
    )
    assert (switched.status_code, str(escape(UNREADABLE)) in switched.text) == (200, True)


@pytest.mark.parametrize("what", DAMAGES)
def test_a_webhook_whose_secrets_cannot_be_read_hinders_no_other(
    app: Flask, owner: FlaskClient, rick: User, what: str
) -> None:
    webhook = damaged(app, rick, what)
    assert owner.get(f"{LIST}/webhooks/{webhook.id}").status_code == 200
    assert owner.get(f"{LIST}/deliveries").status_code == 200
    made = pages.submit(owner, f"{LIST}/webhooks/new", {"subscriberUrl": "https://example.com/new"})
    assert (made.status_code, made.location) == (303, LIST)
    assert pages.submit(owner, f"{LIST}/webhooks/{webhook.id}/delete", {}).status_code == 303
    assert str(escape(UNREADABLE)) not in owner.get(LIST).text


@pytest.mark.parametrize(("what", "typed"), [("secret", {"secret": "another"}), ("key pair", {"replaceKeyPair": "y"})])
def test_a_new_secret_or_key_pair_takes_the_place_of_one_that_cannot_be_read(
    app: Flask, owner: FlaskClient, rick: User, what: str, typed: dict[str, str]
) -> None:
    webhook = damaged(app, rick, what)
    saved = pages.submit(owner, f"{LIST}/webhooks/{webhook.id}/edit", typed)
    assert saved.status_code == 303
    assert str(escape(UNREADABLE)) not in owner.get(LIST).text
    with app.app_context():
        endpoint = db.session.get_one(Endpoint, webhook.endpoint_id)
        assert [len(endpoint.keys), len(endpoint.key_pairs)] == [1, 1]


@pytest.mark.parametrize("what", ["curl", "elsewhere", "test"])
def test_a_secret_that_cannot_be_read_is_told_as_its_attempts_tell_it(
    app: Flask, owner: FlaskClient, rick: User, what: str
) -> None:
    with app.app_context():
        webhook = factories.create_webhook(rick, "https://example.com/hook", secret=SECRET)
        endpoint = db.session.get_one(Endpoint, webhook.endpoint_id)
        delivery = factories.create_delivery(endpoint, factories.create_event(rick), state="failed", due_at=None)
        with writing() as session:
            session.execute(text("UPDATE signing_keys SET secret = 'v1:damaged'"))
        path = f"/integrations/webhooks/{webhook.id}"
        path += "/test" if what == "test" else f"/deliveries/{delivery.id}/{what}"
    sent = {"csrf_token": pages.csrf_token(owner, "/event-types/new"), "url": "https://example.com/dev"}
    answer = owner.get(path) if what == "curl" else owner.post(path, data=sent)
    assert answer.status_code == 503
    assert str(escape(UNREADABLE)) in answer.text

"""Tests of a webhook's key pair: created, shown, replaced, ended and removed in the form, and what then signs."""

import base64
import re
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask import Flask
from flask.testing import FlaskClient

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.config import current_config
from calhooks.db import db
from calhooks.delivery.models.endpoints import Endpoint, KeyPair
from calhooks.delivery.pump.pump import Pump
from calhooks.webhooks.models import Webhook
from tests import factories
from tests.delivery.conftest import MovingClock
from tests.delivery.receivers import Received, receiving
from tests.web import pages
from tests.web.webhooks.form.test_old_secret import send_delivery

HTMX = {"HX-Request": "true"}


@pytest.fixture
def webhook(app: Flask, rick: User) -> Webhook:
    with app.app_context():
        return factories.create_webhook(rick, "https://example.com/hook", "a secret")


def pairs(app: Flask, webhook: Webhook) -> list[KeyPair]:
    with app.app_context():
        return list(db.session.get_one(Endpoint, webhook.endpoint_id).key_pairs)


def private_keys(app: Flask, webhook: Webhook) -> list[str]:
    with app.app_context():
        return [pair.private_key for pair in db.session.get_one(Endpoint, webhook.endpoint_id).key_pairs]


def page(webhook: Webhook) -> str:
    return f"/integrations/webhooks/{webhook.id}"


def edit(webhook: Webhook) -> str:
    return f"{page(webhook)}/edit"


def end(webhook: Webhook) -> str:
    return f"{page(webhook)}/end-old-key-pair"


def signers(request: Received, public_keys: list[str]) -> list[str]:
    """Return which of the public keys verifies each v1a signature, in the order of the signatures."""
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    found = []
    for each in request.headers.get("webhook-signature", "").split():
        version, _, signature = each.partition(",")
        if version == "v1a":
            found += [key for key in public_keys if verifies(key, base64.b64decode(signature), signed)]
    return found


def verifies(public_key: str, signature: bytes, signed: bytes) -> bool:
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
    try:
        key.verify(signature, signed)
    except Exception:
        return False
    return True


def test_a_new_webhook_with_a_key_pair_shows_its_public_key_and_never_its_private_one(
    app: Flask, owner: FlaskClient
) -> None:
    values = {"subscriberUrl": "https://example.com/hook", "eventTriggers": "BOOKING_CREATED", "keyPair": "y"}
    done = pages.submit(owner, "/integrations/webhooks/new", values, follow_redirects=True)
    assert "Webhook created. Copy its public key from its page." in done.text
    with app.app_context():
        webhook = db.session.scalars(db.select(Webhook)).one()
    [pair], [private] = pairs(app, webhook), private_keys(app, webhook)
    for path in (page(webhook), edit(webhook)):
        shown = owner.get(path).text
        assert pair.public_key in shown
        assert "whsk_" not in shown
        assert private not in shown


def test_a_form_that_says_nothing_of_key_pairs_changes_nothing(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    pages.submit(owner, edit(webhook))
    assert pairs(app, webhook) == []
    pages.submit(owner, edit(webhook), {"keyPair": "y"})
    [made] = pairs(app, webhook)
    for typed in ({}, {"keyPair": "y"}):
        pages.submit(owner, edit(webhook), typed)
        assert [pair.id for pair in pairs(app, webhook)] == [made.id]


@pytest.mark.parametrize(("hours", "left"), [("24", 24), ("168", 168), ("0", 0)])
def test_a_replaced_key_pair_also_signs_for_as_long_as_was_chosen(
    app: Flask, owner: FlaskClient, webhook: Webhook, hours: str, left: int
) -> None:
    pages.submit(owner, edit(webhook), {"keyPair": "y"})
    [old] = pairs(app, webhook)
    done = pages.submit(owner, edit(webhook), {"replaceKeyPair": "y", "keyPairOverlap": hours}, follow_redirects=True)
    assert "Webhook saved. Copy its public key from its page." in done.text
    new, *rest = pairs(app, webhook)
    assert (new.public_key != old.public_key, new.expires_at) == (True, None)
    assert [pair.public_key for pair in rest] == ([old.public_key] if left else [])
    assert all(pair.expires_at and pair.expires_at - clock.now() > timedelta(hours=left - 1) for pair in rest)
    assert ("The old key pair is valid until" in owner.get(page(webhook)).text) == bool(left)


def test_at_most_three_replaced_key_pairs_sign(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    pages.submit(owner, edit(webhook), {"keyPair": "y"})
    for _ in range(5):
        pages.submit(owner, edit(webhook), {"replaceKeyPair": "y"})
    assert [pair.expires_at is None for pair in pairs(app, webhook)] == [True, False, False, False]


def test_an_old_key_pair_is_ended_at_once(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    pages.submit(owner, edit(webhook), {"keyPair": "y"})
    pages.submit(owner, edit(webhook), {"replaceKeyPair": "y"})
    new = pairs(app, webhook)[0]
    done = pages.submit(owner, page(webhook), to=end(webhook), follow_redirects=True)
    assert "The old key pair no longer signs." in done.text
    assert "valid until" not in done.text
    assert [pair.public_key for pair in pairs(app, webhook)] == [new.public_key]
    fragment = owner.post(end(webhook), data={"csrf_token": pages.csrf_token(owner, page(webhook))}, headers=HTMX)
    assert 'id="old-key-pair"' in fragment.text


def test_a_removed_key_pair_is_gone_with_its_replaced_ones(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    pages.submit(owner, edit(webhook), {"keyPair": "y"})
    pages.submit(owner, edit(webhook), {"replaceKeyPair": "y"})
    pages.submit(owner, edit(webhook), {"removeKeyPair": "y"})
    assert pairs(app, webhook) == []
    assert "whpk_" not in owner.get(page(webhook)).text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"removeKeyPair": "y", "replaceKeyPair": "y"}, "Either replace the key pair or remove it, not both."),
        ({"replaceKeyPair": "y", "keyPairOverlap": "9999"}, "Choose how long the old key pair also signs."),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_field_and_changes_nothing(
    app: Flask, owner: FlaskClient, webhook: Webhook, typed: dict[str, str], said: str
) -> None:
    pages.submit(owner, edit(webhook), {"keyPair": "y"})
    before = pairs(app, webhook)[0].id
    answer = pages.submit(owner, edit(webhook), typed)
    assert (answer.status_code, answer.text.count(said)) == (422, 2)
    assert re.search(r'<input[^>]*checked[^>]*name="replaceKeyPair"', answer.text)
    assert [pair.id for pair in pairs(app, webhook)] == [before]


def test_deliveries_carry_the_secrets_signature_first_and_one_of_each_valid_key_pair_newest_first(
    app: Flask, owner: FlaskClient, rick: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = MovingClock()
    monkeypatch.setattr(clock, "now", time.now)
    with receiving() as receiver:
        with app.app_context():
            webhook = factories.create_webhook(rick, receiver.url, "a secret")
        pages.submit(owner, edit(webhook), {"keyPair": "y"})
        pages.submit(owner, edit(webhook), {"replaceKeyPair": "y"})
        new, old = (pair.public_key for pair in pairs(app, webhook))
        for hours in (0, 25):
            time.advance(hours=hours)
            send_delivery(app, webhook)
        first, second = receiver.received
        assert [signers(request, [old, new]) for request in (first, second)] == [[new, old], [new]]
        assert [each.split(",")[0] for each in first.headers["webhook-signature"].split()] == ["v1", "v1a", "v1a"]


def test_a_key_pair_alone_signs_and_the_other_signature_says_that_there_is_no_secret(
    app: Flask, owner: FlaskClient, rick: User
) -> None:
    with receiving() as receiver:
        with app.app_context():
            webhook = factories.create_webhook(rick, receiver.url)
        pages.submit(owner, edit(webhook), {"keyPair": "y"})
        send_delivery(app, webhook)
        [request] = receiver.received
    [public] = [pair.public_key for pair in pairs(app, webhook)]
    assert signers(request, [public]) == [public]
    assert re.fullmatch(r"v1a,[\w+/=]{88}", request.headers["webhook-signature"])
    assert request.headers["x-cal-signature-256"] == "no-secret-provided"


@pytest.mark.parametrize(("typed", "signs"), [({}, True), ({"removeKeyPair": "y"}, False)])
def test_a_ping_is_signed_with_the_stored_key_pair(
    app: Flask, owner: FlaskClient, rick: User, typed: dict[str, str], signs: bool
) -> None:
    with receiving() as receiver:
        with app.app_context():
            webhook = factories.create_webhook(rick, receiver.url)
        pages.submit(owner, edit(webhook), {"keyPair": "y"})
        fields = pages.post_form(owner.get(edit(webhook))).fields
        owner.post(f"/integrations/webhooks/ping?webhook={webhook.id}", data=fields.to_dict(flat=False) | typed)
        [request] = receiver.received
    [public] = [pair.public_key for pair in pairs(app, webhook)]
    assert signers(request, [public]) == ([public] if signs else [])


def test_the_log_keeps_the_signature_and_no_private_key(app: Flask, owner: FlaskClient, rick: User) -> None:
    with receiving() as receiver, app.app_context():
        endpoint = db.session.get_one(Endpoint, factories.create_webhook(rick, receiver.url).endpoint_id)
        pair = factories.create_key_pair(endpoint)
        delivery = factories.create_delivery(endpoint, factories.create_event(rick))
        Pump(current_config()).run()
        logged = repr([(each.request_headers, each.response_headers) for each in delivery.attempts])
        assert "v1a," in logged
        assert pair.private_key not in logged


def test_a_copy_says_that_the_key_pair_is_not_copied(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    copy = f"/integrations/webhooks/new?copy={webhook.id}"
    assert "key pair and secret header values" not in owner.get(copy).text
    pages.submit(owner, edit(webhook), {"keyPair": "y"})
    assert "The secret, key pair and secret header values are not copied." in owner.get(copy).text


def test_sending_to_another_url_says_what_signs(app: Flask, owner: FlaskClient, rick: User, webhook: Webhook) -> None:
    with app.app_context():
        event = factories.create_event(db.session.get_one(User, rick.id))
        delivery = factories.create_delivery(db.session.get_one(Endpoint, webhook.endpoint_id), event)
        elsewhere = f"{page(webhook)}/deliveries/{delivery.id}/elsewhere"
    assert "signed now with this webhook’s secret." in owner.get(elsewhere).text
    pages.submit(owner, edit(webhook), {"keyPair": "y"})
    assert "signed now with this webhook’s secret and key pair." in owner.get(elsewhere).text


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["browser", "htmx"])
def test_a_test_of_the_form_says_that_the_key_pair_does_not_sign_before_it_is_saved(
    app: Flask, owner: FlaskClient, webhook: Webhook, headers: dict[str, str]
) -> None:
    def said(**typed: str) -> str:
        fields = {"csrf_token": pages.csrf_token(owner, edit(webhook)), "eventTriggers": "BOOKING_CREATED"}
        fields |= {"subscriberUrl": receiver.url, "active": "y", **typed}
        ping = f"/integrations/webhooks/ping?webhook={webhook.id}"
        return owner.post(ping, data=fields, headers=headers).text

    new, old = "created when you save, so it did not sign this test.", "The current key pair signed this test."
    with receiving() as receiver:
        assert (new in said(), new in said(keyPair="y")) == (False, True)
        pages.submit(owner, edit(webhook), {"keyPair": "y"})
        assert 'data-testid="ping-key-pair"' not in said(keyPair="y")
        assert old in said(replaceKeyPair="y")
    assert "v1a," in receiver.received[-1].headers["webhook-signature"]

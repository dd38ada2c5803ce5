"""Tests of what a webhook's page says about where it stands, and what to do."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import INTERRUPTED, Attempt, DeliveryState
from calhooks.delivery.models.endpoints import Endpoint, SigningKey
from calhooks.webhooks.models import Webhook
from tests import factories
from tests.web import pages

HTMX = {"HX-Request": "true"}


def change(app: Flask, webhook: Webhook, **values: Any) -> None:
    with app.app_context(), writing() as session:
        endpoint = session.get_one(Endpoint, webhook.endpoint_id)
        for name, value in values.items():
            setattr(endpoint, name, value)


def waits(app: Flask, webhook: Webhook, status: int = 503, **values: Any) -> None:
    """Have a delivery wait that was answered with `status`."""
    with app.app_context():
        owner = db.session.get_one(User, webhook.owner_id)
        endpoint = db.session.get_one(Endpoint, webhook.endpoint_id)
        delivery = factories.create_delivery(endpoint, factories.create_event(owner), attempt_count=3, **values)
        attempt = Attempt(
            delivery_id=delivery.id,
            number=3,
            started_at=clock.now(),
            duration_ms=1,
            url=endpoint.url,
            request_headers=[],
            status=status,
            response_headers=[],
            response_body=b"",
            error="status",
            error_detail=f"The receiver answered {status}.",
        )
        with writing() as session:
            session.add(attempt)


def standing(client: FlaskClient, webhook: Webhook) -> str:
    """Return the words of the page, without its markup."""
    page = client.get(f"/integrations/webhooks/{webhook.id}").text
    section = page.partition('id="standing"')[2].partition(">")[2].partition("</section>")[0]
    return " ".join("".join(part.partition(">")[2] for part in f">{section}".split("<")).split())


def test_a_webhook_that_is_well_has_nothing_to_explain(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    assert standing(owner, webhook) == ""
    change(app, webhook, last_success_at=clock.now())
    assert standing(owner, webhook) == ""


def test_a_failing_webhook_names_its_next_attempt_and_its_last_answer(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    change(app, webhook, failing_since=clock.now() - timedelta(hours=2), consecutive_failures=7)
    waits(app, webhook, due_at=clock.now() + timedelta(minutes=28, seconds=30))
    text = standing(owner, webhook)
    assert "7 failures in a row since" in text
    assert "Attempt 4 is next, in 28 minutes" in text
    assert "The receiver answered 503." in text
    assert "fix your server. 1 waiting delivery is then sent automatically." in text
    assert "If it still fails on" in text


def test_the_next_attempt_can_be_made_now(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    change(app, webhook, failing_since=clock.now(), consecutive_failures=1)
    waits(app, webhook, due_at=clock.now() + timedelta(minutes=28), tries=3)
    page = f"/integrations/webhooks/{webhook.id}"
    done = pages.submit(owner, page, to=f"{page}/deliveries/1/resend", follow_redirects=True)
    assert "Sending now." in done.text


def test_a_webhook_without_attempts_left_is_tried_with_the_next_booking(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    change(app, webhook, failing_since=clock.now() - timedelta(days=4), consecutive_failures=10)
    waits(app, webhook, state=DeliveryState.FAILED, due_at=None)
    assert "No attempts are left. The next booking is sent as usual." in standing(owner, webhook)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("gone", ["your server wants no more", "It answered 410 Gone", "delete this webhook"]),
        ("failing", ["nothing but failures for five days", "fix your server", "ping test"]),
        ("secret_lost", ["its secret was lost", "enter a new secret", "secret headers again"]),
        ("owner", ["Switched off by you", "You then choose whether what is held back is sent or dropped."]),
    ],
)
def test_a_webhook_that_is_off_says_why_and_what_to_do(
    app: Flask, owner: FlaskClient, webhook: Webhook, reason: str, words: list[str]
) -> None:
    waits(app, webhook, status=410)
    change(app, webhook, active=False, inactive_reason=reason, inactive_since=clock.now() - timedelta(hours=1))
    text = standing(owner, webhook)
    for each in [*words, "1 delivery is held back."]:
        assert each in text


@pytest.mark.parametrize(
    ("has_secret", "words", "unsaid"),
    [
        (True, ["enter a new secret", "give the secret and the new public key to your server"], "only"),
        (False, ["give the new public key to your server", "enter the secret headers again"], "new secret"),
    ],
)
def test_a_lost_key_pair_has_its_owner_give_the_server_the_new_public_key(
    app: Flask, owner: FlaskClient, webhook: Webhook, has_secret: bool, words: list[str], unsaid: str
) -> None:
    change(app, webhook, active=False, inactive_reason="secret_lost", inactive_since=clock.now())
    with app.app_context():
        endpoint = db.session.get_one(Endpoint, webhook.endpoint_id)
        factories.create_key_pair(endpoint)
        if has_secret:
            with writing() as session:
                session.add(SigningKey(endpoint_id=endpoint.id, secret="another-secret", created_at=clock.now()))
    text = standing(owner, webhook)
    for each in words:
        assert each in text
    assert unsaid not in text


def test_an_attempt_that_calhooks_itself_cut_off_is_no_answer(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    change(app, webhook, last_success_at=clock.now(), pace=4.0, paced_at=clock.now())
    waits(app, webhook, status=429, state=DeliveryState.DELIVERED, due_at=None)
    waits(app, webhook, due_at=clock.now())
    assert "The receiver answered 503." in standing(owner, webhook)
    with app.app_context(), writing() as session:
        newest = session.scalars(select(Attempt).order_by(Attempt.id.desc()).limit(1)).one()
        newest.error, newest.status = INTERRUPTED, None
    text = standing(owner, webhook)
    assert "The receiver answered 429." in text
    assert "The receiver answered 503." not in text


def test_the_words_stay_true_while_the_page_is_open(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    change(app, webhook, active=False, inactive_reason="gone", inactive_since=clock.now())
    polled = owner.get(f"/integrations/webhooks/{webhook.id}?since=0", headers=HTMX).text
    assert 'id="standing"' in polled
    assert "your server wants no more" in polled

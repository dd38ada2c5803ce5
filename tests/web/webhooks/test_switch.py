"""Tests of the switch: off holds back, on asks what becomes of what was held back."""

import json
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Delivery
from calhooks.delivery.models.endpoints import Endpoint, InactiveReason
from calhooks.webhooks.models import Webhook
from tests import factories
from tests.web import pages

LIST = "/integrations"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def webhook(app: Flask, rick: User) -> Webhook:
    """A webhook that is off, for which two deliveries are held back."""
    with app.app_context():
        webhook = factories.create_webhook(rick, "https://example.com/hook")
        endpoint = db.session.get_one(Endpoint, webhook.endpoint_id)
        later = clock.now() + timedelta(hours=5)
        for due_at in (clock.now(), later):
            factories.create_delivery(
                endpoint, factories.create_event(rick), due_at=due_at, last_attempt_at=clock.now()
            )
        with writing() as session:
            endpoint = session.get_one(Endpoint, webhook.endpoint_id)
            endpoint.active, endpoint.inactive_reason = False, InactiveReason.OWNER
        return webhook


def active(app: Flask, webhook: Webhook) -> bool:
    with app.app_context():
        return db.session.get_one(Endpoint, webhook.endpoint_id).active


def states(app: Flask) -> list[str]:
    with app.app_context():
        return [str(state) for state in db.session.scalars(select(Delivery.state).order_by(Delivery.id))]


def path(webhook: Webhook) -> str:
    return f"/integrations/webhooks/{webhook.id}/active"


def test_switching_on_asks_on_a_page_what_becomes_of_what_was_held_back(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    asked = pages.submit(owner, LIST, to=path(webhook), follow_redirects=True)
    assert asked.request.path == path(webhook)
    assert "2 deliveries have been waiting" in asked.text
    assert not active(app, webhook)


@pytest.mark.parametrize(("choice", "after"), [("send", ["due", "due"]), ("drop", ["dropped", "dropped"])])
def test_what_was_held_back_is_sent_or_dropped(
    app: Flask, owner: FlaskClient, webhook: Webhook, choice: str, after: list[str]
) -> None:
    done = pages.submit(owner, path(webhook), {"waiting": choice}, follow_redirects=True)
    assert (done.request.path, "Webhook on." in done.text) == (LIST, True)
    assert active(app, webhook)
    assert states(app) == after


def test_without_anything_held_back_nothing_is_asked(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    pages.submit(owner, path(webhook), {"waiting": "drop"})
    pages.submit(owner, LIST, to=path(webhook))
    assert not active(app, webhook)
    done = pages.submit(owner, LIST, to=path(webhook), follow_redirects=True)
    assert "Webhook on." in done.text
    assert active(app, webhook)


def test_htmx_gets_the_question_into_the_box_and_the_rows_behind_it(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    token = {"csrf_token": pages.csrf_token(owner, LIST), "active": "y"}
    asked = owner.post(path(webhook), data=token, headers=HTMX | {"HX-Target": f"webhook-{webhook.id}"})
    assert (asked.headers["HX-Retarget"], asked.headers["HX-Reswap"]) == ("#modal", "innerHTML")
    assert "<html" not in asked.text
    done = owner.post(path(webhook), data=token | {"waiting": "send"}, headers=HTMX | {"HX-Target": "modal"})
    assert json.loads(done.headers["HX-Trigger"])["closeModal"] is True
    assert 'id="webhooks"' in done.text
    assert active(app, webhook)


def test_on_its_own_page_the_head_and_the_words_below_it_change(owner: FlaskClient, webhook: Webhook) -> None:
    log = f"/integrations/webhooks/{webhook.id}"
    asked = pages.submit(owner, log, to=path(webhook), follow_redirects=True)
    assert asked.request.args["from"] == "deliveries"
    done = pages.submit(owner, f"{path(webhook)}?from=deliveries", {"waiting": "send"}, to=path(webhook))
    assert done.location == log
    token = {"csrf_token": pages.csrf_token(owner, LIST), "from": "deliveries"}
    off = owner.post(path(webhook), data=token, headers=HTMX | {"HX-Target": "hook-head"})
    assert 'id="hook-head">' in off.text
    assert "Switched off by you" in off.text


def test_saving_the_box_with_the_webhook_on_asks_too(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    edit = f"/integrations/webhooks/{webhook.id}/edit"
    typed = {"active": "y", "subscriberUrl": "https://example.com/new"}
    asked = pages.submit(owner, edit, typed, follow_redirects=True)
    assert asked.request.path == path(webhook)
    assert "Webhook saved." in asked.text
    assert "https://example.com/new" in asked.text
    assert not active(app, webhook)

"""Tests of the boxes that begin a run, its progress, and its end."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.models.runs import ResendRun
from calhooks.webhooks import runs
from calhooks.webhooks.models import Webhook
from tests import factories
from tests.web import pages

HTMX = {"HX-Request": "true"}


@pytest.fixture
def rick(app: Flask) -> User:
    """A host in India."""
    with app.app_context():
        return factories.create_user("rick", time_zone="Asia/Kolkata")


@pytest.fixture
def webhook(app: Flask, rick: User) -> Webhook:
    """A webhook with three deliveries that failed."""
    with app.app_context():
        webhook = factories.create_webhook(rick, "https://example.com/hook")
        endpoint = db.session.get_one(Endpoint, webhook.endpoint_id)
        for _ in range(3):
            event = factories.create_event(rick)
            factories.create_delivery(endpoint, event, state=DeliveryState.FAILED, due_at=None)
        db.session.refresh(webhook)
        return webhook


def log(webhook: Webhook) -> str:
    return f"/integrations/webhooks/{webhook.id}"


def kept(app: Flask) -> list[ResendRun]:
    with app.app_context():
        return list(db.session.scalars(select(ResendRun)))


def test_what_failed_is_sent_again_since_a_moment_on_the_accounts_clock(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    path = f"{log(webhook)}/resend-failed"
    assert path in owner.get(log(webhook)).text
    hour_ago = clock.now() - timedelta(hours=1)
    typed = {"since": f"{hour_ago + timedelta(hours=5, minutes=30):%Y-%m-%dT%H:%M}"}
    done = pages.submit(owner, path, typed, follow_redirects=True)
    assert done.request.path == log(webhook)
    assert "0 of 3 delivered, 3 to come." in done.text
    (run,) = kept(app)
    assert run.since is not None
    assert abs(run.since - hour_ago) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [("2999-01-01T00:00", "Nothing has failed since then."), ("soon", "Enter a day and a time"), ("", "Enter a day")],
)
def test_a_moment_that_cannot_be_used_is_said_at_the_field(
    app: Flask, owner: FlaskClient, webhook: Webhook, typed: str, sentence: str
) -> None:
    answer = pages.submit(owner, f"{log(webhook)}/resend-failed", {"since": typed})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert kept(app) == []


def test_progress_is_live_and_a_run_can_be_stopped(owner: FlaskClient, webhook: Webhook) -> None:
    begun = pages.submit(owner, f"{log(webhook)}/resend-failed", headers=HTMX)
    assert "closeModal" in begun.headers["HX-Trigger"]
    assert 'hx-swap-oob="true"' in begun.text
    shown = owner.get(f"{log(webhook)}/runs/1", headers=HTMX).text
    assert 'hx-trigger="every 2s"' in shown
    stopped = pages.submit(owner, log(webhook), to=f"{log(webhook)}/runs/1/stop", follow_redirects=True)
    assert "0 of 3 delivered, 3 not sent." in stopped.text
    assert 'hx-trigger="every 2s"' not in owner.get(f"{log(webhook)}/runs/1", headers=HTMX).text


def test_what_went_another_way_was_skipped_by_its_run(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    pages.submit(owner, f"{log(webhook)}/resend-failed")
    with app.app_context(), writing() as session:
        for delivery in session.scalars(select(Delivery)):
            delivery.state = DeliveryState.DELIVERED
    with app.app_context(), writing() as session:
        runs.advance(session, 1)
    assert "0 of 3 delivered, 3 skipped." in owner.get(log(webhook)).text


def test_large_numbers_can_be_read(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    pages.submit(owner, f"{log(webhook)}/resend-failed")
    with app.app_context(), writing() as session:
        run = session.get_one(ResendRun, 1)
        run.total, run.released, run.delivered = 12_345, 1_234, 1_234
    assert "1,234 of 12,345 delivered, 11,111 to come." in owner.get(log(webhook)).text


def test_past_events_are_replayed_since_a_moment_or_one_by_one(
    app: Flask, owner: FlaskClient, webhook: Webhook, rick: User
) -> None:
    with app.app_context():
        event = factories.create_event(rick, summary="Missed with Ann Lee")
    path = f"{log(webhook)}/replay"
    assert "Missed with Ann Lee" in owner.get(path).text
    for number in ("99", str(2**63), "x"):
        wrong = pages.submit(owner, path, {"what": "event", "event": number})
        assert (wrong.status_code, "Choose one of the events in the list." in wrong.text) == (422, True)
    one = pages.submit(owner, path, {"what": "event", "event": str(event.id)}, follow_redirects=True)
    assert "Replaying one event" in one.text
    again = pages.submit(owner, path, {"what": "since"})
    assert (again.status_code, "already" in again.text) == (422, True)

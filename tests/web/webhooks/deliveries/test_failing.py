"""Like failures above the log, and sending them again."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from calhooks import clock
from calhooks.db import db
from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.models.runs import ResendRun
from calhooks.webhooks.models import Webhook
from tests.web import pages
from tests.web.webhooks.deliveries.helpers import attempt, change, deliver, path, shown


def test_like_failures_are_grouped_with_what_to_do(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    now = clock.now()
    failed = {"state": DeliveryState.FAILED, "due_at": None, "attempt_count": 1}
    for _ in range(3):
        again = deliver(app, webhook, "Chat A", **failed, last_status=500, finished_at=now)
        attempt(app, again, status=500, error="status")
    attempt(app, deliver(app, webhook, "Chat B", attempt_count=1, tries=1))
    deliver(app, webhook, "Chat C", **failed, last_status=404, finished_at=now - timedelta(days=8))
    deliver(app, webhook, "Chat C")
    page = owner.get(path(webhook)).text
    groups = page.partition('id="like-failures"')[2].partition("</section>")[0]
    assert "500 Internal Server Error" in groups
    assert "3 deliveries, since" in groups
    assert "Host not found" in groups
    assert "1 delivery, since" in groups
    assert "retried automatically" in groups
    assert "404" not in groups
    show = groups.partition('id="show-500-given-up" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert shown(owner.get(show).text) == ["Chat A"]
    show = groups.partition('id="show-dns-waiting" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert shown(owner.get(show).text) == ["Chat B"]
    sent = pages.submit(owner, path(webhook), {"reason": "500"}, to=f"{path(webhook)}/given-up")
    assert sent.status_code == 303
    with app.app_context():
        assert db.session.scalars(select(ResendRun.total)).one() == 3


def test_a_delivered_one_that_is_sent_again_has_not_failed(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    for status in (200, 299, 300):
        again = deliver(app, webhook, "Chat A", attempt_count=1, last_status=status, resent_at=clock.now())
        attempt(app, again, status=status, error=None)
    groups = owner.get(path(webhook)).text.partition('id="like-failures"')[2].partition("</section>")[0]
    assert groups.count('class="like-failures-row"') == 1
    assert 'id="show-300-waiting"' in groups


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "retried automatically"),
        ({"active": False}, "held back while the webhook is off"),
        ({"paused_until": datetime(2100, 1, 1, tzinfo=UTC)}, "retried after the pause"),
    ],
    ids=["on", "off", "paused"],
)
def test_like_failures_say_whether_they_are_retried(
    app: Flask, owner: FlaskClient, webhook: Webhook, changes: dict[str, object], words: str
) -> None:
    attempt(app, deliver(app, webhook, "Chat A", attempt_count=1, tries=1))
    change(app, webhook, **changes)
    groups = owner.get(path(webhook)).text.partition('id="like-failures"')[2].partition("</section>")[0]
    assert words in groups
    assert groups.count("automatically") == (not changes)


def test_a_group_that_waits_is_sent_without_waiting_unless_the_webhook_is_off_or_paused(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    later = clock.now() + timedelta(hours=5)
    waiting = {"attempt_count": 1, "tries": 1, "last_status": 500, "due_at": later, "scheduled_at": later}
    ours = deliver(app, webhook, "Chat A", **waiting)
    other = deliver(app, webhook, "Chat B", **waiting | {"last_status": 404})
    url = f"{path(webhook)}/resend-failing"
    assert 'id="resend-500-waiting"' in owner.get(path(webhook)).text
    for active, paused_until, sentence in (
        (False, None, "The webhook is off."),
        (True, later, "The webhook is paused."),
    ):
        change(app, webhook, active=active, paused_until=paused_until)
        assert sentence in pages.submit(owner, path(webhook), {"reason": "500"}, to=url, follow_redirects=True).text
        assert due(app, ours) == later
    change(app, webhook, active=True, paused_until=None)
    assert "Sending now." in pages.submit(owner, path(webhook), {"reason": "500"}, to=url, follow_redirects=True).text
    assert due(app, ours) <= clock.now()
    assert due(app, other) == later
    said = pages.submit(owner, path(webhook), {"reason": "418"}, to=url, follow_redirects=True).text
    assert "None of these are waiting any longer." in said


@pytest.mark.parametrize("who", ["delivery", "endpoint", "blocked"])
def test_a_group_that_cannot_go_now_is_not_said_to_be_sent(
    app: Flask, owner: FlaskClient, webhook: Webhook, who: str
) -> None:
    later = clock.now() + timedelta(hours=5)
    waiting = {"attempt_count": 1, "tries": 1, "last_status": 429, "due_at": later, "scheduled_at": later}
    if who == "blocked":
        waiting |= {"state": DeliveryState.BLOCKED, "due_at": None, "scheduled_at": None}
    deliver(app, webhook, "Chat A", **waiting, not_before=later if who == "delivery" else None)
    if who == "endpoint":
        change(app, webhook, held_until=later)
    url = f"{path(webhook)}/resend-failing"
    said = pages.submit(owner, path(webhook), {"reason": "429"}, to=url, follow_redirects=True).text
    assert "Nothing was sent: your server asked to wait" in said
    assert "Sending now." not in said


def due(app: Flask, delivery_id: int) -> datetime:
    with app.app_context():
        due_at = db.session.get_one(Delivery, delivery_id).due_at
        assert due_at
        return due_at

"""Pausing a webhook on the pages: the dialog, its answers, and what is said while it lasts."""

import json
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.webhooks.models import Webhook
from tests import factories
from tests.web import pages

LIST = "/integrations"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def webhook(app: Flask, rick: User) -> Webhook:
    """A webhook that is on, for which two deliveries wait."""
    with app.app_context():
        webhook = factories.create_webhook(rick, "https://example.com/hook")
        endpoint = db.session.get_one(Endpoint, webhook.endpoint_id)
        for _ in range(2):
            factories.create_delivery(endpoint, factories.create_event(rick))
        db.session.refresh(webhook)
        return webhook


def endpoint_of(app: Flask, webhook: Webhook) -> Endpoint:
    with app.app_context():
        return db.session.get_one(Endpoint, webhook.endpoint_id)


def path(webhook: Webhook, what: str = "pause") -> str:
    return f"/integrations/webhooks/{webhook.id}/{what}"


@pytest.mark.parametrize(("typed", "hours"), [({}, 24), ({"pauseHours": "1"}, 1), ({"pauseHours": "72"}, 72)])
def test_a_webhook_is_paused_for_as_long_as_chosen_and_a_day_unless_told(
    app: Flask, owner: FlaskClient, webhook: Webhook, typed: dict[str, str], hours: int
) -> None:
    done = pages.submit(owner, path(webhook), typed, follow_redirects=True)
    assert done.request.path == LIST
    assert "Webhook paused until" in done.text
    assert "2 deliveries are waiting." in done.text
    left = endpoint_of(app, webhook).paused_until - clock.now()
    assert timedelta(hours=hours, minutes=-5) < left <= timedelta(hours=hours)


@pytest.mark.parametrize("typed", [{"pauseHours": "73"}, {"pauseHours": "1 hour"}, {"pauseHours": ""}])
def test_another_length_is_refused_at_the_field(
    app: Flask, owner: FlaskClient, webhook: Webhook, typed: dict[str, str]
) -> None:
    refused = pages.submit(owner, path(webhook), typed)
    assert refused.status_code == 422
    assert "Choose for how long." in refused.text
    assert endpoint_of(app, webhook).paused_until is None


def test_it_is_resumed_from_the_row_and_from_its_page(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    for page in (LIST, f"/integrations/webhooks/{webhook.id}"):
        pages.submit(owner, path(webhook))
        done = pages.submit(owner, page, to=path(webhook, "resume"), follow_redirects=True)
        assert (done.request.path, "2 deliveries are on their way." in done.text) == (page, True)
        assert endpoint_of(app, webhook).paused_until is None


def test_its_page_says_until_when_and_how_many_wait(owner: FlaskClient, webhook: Webhook) -> None:
    done = pages.submit(owner, f"{path(webhook)}?from=deliveries", to=path(webhook), follow_redirects=True)
    assert done.request.path == f"/integrations/webhooks/{webhook.id}"
    assert "Nothing is sent until" in done.text
    assert done.text.count("2 deliveries are waiting.") == 1


def test_a_paused_webhook_can_get_another_end(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    pages.submit(owner, path(webhook), {"pauseHours": "72"})
    assert "Change the pause" in owner.get(path(webhook)).text
    pages.submit(owner, path(webhook), {"pauseHours": "1"})
    assert endpoint_of(app, webhook).paused_until - clock.now() <= timedelta(hours=1)


def test_what_is_off_is_not_paused(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    with app.app_context(), writing() as session:
        session.get_one(Endpoint, webhook.endpoint_id).active = False
    assert "The webhook is off. Switch it on first." in owner.get(path(webhook)).text
    assert path(webhook) not in owner.get(LIST).text
    token = {"csrf_token": pages.csrf_token(owner, LIST), "pauseHours": "1"}
    refused = owner.post(path(webhook), data=token, headers=HTMX)
    assert (refused.status_code, endpoint_of(app, webhook).paused_until) == (409, None)


def test_the_switch_ends_a_pause_and_asks_later_what_becomes_of_what_was_kept(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    pages.submit(owner, path(webhook))
    pages.submit(owner, LIST, to=path(webhook, "active"))
    assert (endpoint_of(app, webhook).active, endpoint_of(app, webhook).paused_until) == (False, None)
    asked = pages.submit(owner, LIST, to=path(webhook, "active"), follow_redirects=True)
    assert "2 deliveries have been waiting" in asked.text


def test_editing_a_paused_webhook_leaves_it_paused(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    pages.submit(owner, path(webhook))
    pages.submit(owner, path(webhook, "edit"), {"name": "CRM"})
    assert endpoint_of(app, webhook).paused_until is not None


def test_htmx_gets_the_list_behind_the_dialog_and_the_row_or_head_after_resuming(
    owner: FlaskClient, webhook: Webhook
) -> None:
    token = {"csrf_token": pages.csrf_token(owner, LIST)}
    dialog = owner.get(path(webhook), headers=HTMX)
    assert "<html" not in dialog.text
    paused = owner.post(path(webhook), data=token | {"pauseHours": "1"}, headers=HTMX | {"HX-Target": "modal"})
    assert json.loads(paused.headers["HX-Trigger"])["closeModal"] is True
    assert 'id="webhooks"' in paused.text
    row = owner.post(path(webhook, "resume"), data=token, headers=HTMX | {"HX-Target": f"webhook-{webhook.id}"})
    assert row.text.lstrip().startswith("<li")
    origin = {"from": "deliveries"}
    owner.post(path(webhook), data=token | {"pauseHours": "1"}, headers=HTMX)
    head = owner.post(path(webhook, "resume"), data=token | origin, headers=HTMX | {"HX-Target": "hook-head"})
    assert 'id="hook-head"' in head.text
    assert 'id="standing"' in head.text


def test_a_delivery_is_not_sent_by_hand_during_a_pause(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    pages.submit(owner, path(webhook))
    with app.app_context():
        delivery = factories.create_delivery(
            db.session.get_one(Endpoint, webhook.endpoint_id),
            factories.create_event(db.session.get_one(User, webhook.owner_id)),
            state="failed",
            due_at=None,
        )
    resend = f"/integrations/webhooks/{webhook.id}/deliveries/{delivery.id}/resend"
    token = {"csrf_token": pages.csrf_token(owner, LIST)}
    assert "The webhook is paused. Resume it first." in owner.post(resend, data=token, follow_redirects=True).text
    shown = owner.get(f"/integrations/webhooks/{webhook.id}/deliveries/{delivery.id}").text
    assert 'disabled title="Resume the webhook first"' in shown


@pytest.mark.parametrize("dialog", ["resend-failed", "replay", "resend-chosen?delivery={}"])
def test_who_sends_many_again_during_a_pause_is_told_when_they_go(
    app: Flask, owner: FlaskClient, webhook: Webhook, dialog: str
) -> None:
    with app.app_context():
        event = factories.create_event(db.session.get_one(User, webhook.owner_id))
        over = factories.create_delivery(endpoint_of(app, webhook), event, state="failed", due_at=None).id
    told = "The webhook is paused. They are sent when the pause ends."
    assert told not in owner.get(path(webhook, dialog.format(over))).text
    pages.submit(owner, path(webhook))
    assert told in owner.get(path(webhook, dialog.format(over))).text
    assert "goes out when the pause ends" in owner.get(path(webhook, "given-up")).text


def test_a_pause_is_changed_again_and_again_to_three_days_from_its_beginning_at_most(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    pages.submit(owner, path(webhook), {"pauseHours": "72"})
    with app.app_context(), writing() as session:
        endpoint = session.get_one(Endpoint, webhook.endpoint_id)
        began = endpoint.paused_at = clock.now() - timedelta(hours=60)
        endpoint.paused_until = clock.now() + timedelta(hours=1)
    asked = owner.get(path(webhook)).text
    assert ("3 days in all, until" in asked, "1 hour, until" in asked, "1 day, until" in asked) == (True, True, False)
    for hours in ("24", "72", "72"):
        done = pages.submit(owner, path(webhook), {"pauseHours": hours}, follow_redirects=True)
        assert "Webhook paused until" in done.text
        assert endpoint_of(app, webhook).paused_until == began + timedelta(days=3)


def test_the_log_of_a_paused_webhook_keeps_its_filters_in_its_links(owner: FlaskClient, webhook: Webhook) -> None:
    pages.submit(owner, path(webhook))
    shown = owner.get(f"/integrations/webhooks/{webhook.id}?trigger=BOOKING_CREATED")
    links = [line for line in shown.text.splitlines() if "log-link" in line]
    assert len(links) == 2
    assert all("?trigger=BOOKING_CREATED" in link for link in links)

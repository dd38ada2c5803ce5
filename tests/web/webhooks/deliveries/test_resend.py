"""Tests of the buttons that send one delivery: what they ask before, and that nothing overtakes silently."""

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.webhooks.models import Webhook
from tests import factories
from tests.web import pages
from tests.web.webhooks.deliveries.test_deliveries import attempt

HTMX = {"HX-Request": "true"}
BOOKING = {"sequence_key": "booking"}


def make(app: Flask, webhook: Webhook, state: DeliveryState, trigger: str = "BOOKING_CREATED", **values: object) -> str:
    """Make a delivery of the one booking of these tests and return its page."""
    with app.app_context():
        owner = db.session.get_one(User, webhook.owner_id)
        endpoint = db.session.get_one(Endpoint, webhook.endpoint_id)
        fields = {"due_at": None, "sequence_key": "booking"} | values
        event = factories.create_event(owner, trigger=trigger)
        delivery = factories.create_delivery(endpoint, event, state=state, **fields)
        return f"/integrations/webhooks/{webhook.id}/deliveries/{delivery.id}"


def states(app: Flask) -> list[str]:
    with app.app_context():
        return [str(delivery.state) for delivery in db.session.query(Delivery).order_by(Delivery.id)]


def test_what_waits_for_an_earlier_one_offers_to_send_that_first(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    later = clock.now() + timedelta(hours=5)
    first = make(app, webhook, DeliveryState.DUE, due_at=later, scheduled_at=later, tries=3)
    blocked = make(app, webhook, DeliveryState.BLOCKED, "BOOKING_CANCELLED")
    shown = owner.get(blocked).text
    assert "Send the earlier one first" in shown
    assert f'action="{first}/resend"' in shown
    assert f'href="{first}"' in shown
    # A page that was opened before it was blocked, and a script.
    token = pages.csrf_token(owner, blocked)
    for headers in ({}, HTMX):
        for sent in ({}, {"anyway": "y"}):
            data = sent | {"csrf_token": token}
            asked = owner.post(f"{blocked}/resend", data=data, headers=headers, follow_redirects=True)
            assert "an earlier one is still waiting" in asked.text
            assert f'action="{first}/resend"' in asked.text
    assert states(app) == ["due", "blocked"]
    done = pages.submit(owner, blocked, to=f"{first}/resend", follow_redirects=True)
    assert (done.request.path, "Sending now." in done.text) == (first, True)
    with app.app_context():
        row = db.session.query(Delivery).order_by(Delivery.id).first()
        assert row is not None
        assert (row.due_at <= clock.now(), row.scheduled_at, row.tries) == (True, later, 3)


def test_a_delivery_that_newer_ones_have_overtaken_is_resent_after_a_question(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    old = make(app, webhook, DeliveryState.FAILED)
    newer = make(app, webhook, DeliveryState.DELIVERED, "BOOKING_CANCELLED")
    asked = pages.submit(owner, old, to=f"{old}/resend", headers=HTMX)
    assert asked.headers["HX-Retarget"] == "#modal"
    assert "has been delivered since" in asked.text
    assert "Your server will get the older one after it." in asked.text
    assert newer in asked.text
    page = pages.submit(owner, old, to=f"{old}/resend", follow_redirects=True)
    assert (page.request.path, "has been delivered since" in page.text) == (f"{old}/resend", True)
    assert states(app) == ["failed", "delivered"]
    done = pages.submit(owner, f"{old}/resend", follow_redirects=True)
    assert (done.request.path, "Resent." in done.text) == (old, True)
    assert states(app) == ["due", "delivered"]


def test_what_nothing_has_overtaken_is_resent_at_once(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    make(app, webhook, DeliveryState.DELIVERED)
    failed = make(app, webhook, DeliveryState.FAILED)
    make(app, webhook, DeliveryState.DELIVERED, sequence_key="other")
    pages.submit(owner, failed, to=f"{failed}/resend")
    assert states(app) == ["delivered", "due", "delivered"]


def test_sending_before_the_receiver_wants_it_is_the_persons_decision(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    later = clock.now() + timedelta(minutes=30)
    refused = {"due_at": later, "not_before": later, "refusals": 3, "last_status": 429, "last_attempt_at": clock.now()}
    path = make(app, webhook, DeliveryState.DUE, **refused)
    shown = owner.get(path).text
    assert "refused 3 times (429)" in shown
    assert "costs no attempt" in shown
    asked = pages.submit(owner, path, to=f"{path}/resend", headers=HTMX)
    assert "Your server asked to wait until" in asked.text
    assert asked.headers["HX-Retarget"] == "#modal"
    done = pages.submit(owner, f"{path}/resend", headers=HTMX)
    assert "closeModal" in done.headers["HX-Trigger"]
    with app.app_context():
        row = db.session.query(Delivery).one()
        assert row.due_at is not None
        assert (row.due_at <= clock.now(), row.not_before, row.refusals) == (True, None, 3)


def test_a_refusal_does_not_look_like_a_failure(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    path = make(app, webhook, DeliveryState.DELIVERED, attempt_count=3)
    with app.app_context():
        delivery = db.session.query(Delivery).one()
    said = [["Retry-After", "5"]]
    attempt(app, delivery, 1, status=429)
    attempt(app, delivery, 2, status=503, response_headers=said)
    attempt(app, delivery, 3, status=503)
    shown = owner.get(path).text
    tones = [part.partition('"')[0] for part in shown.split('class="badge tone-')[1:]]
    assert tones.count("warning") == 2
    assert tones.count("danger") == 1


def test_the_question_by_itself_fits_what_is_in_the_way_by_then(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    path = make(app, webhook, DeliveryState.FAILED)
    assert "Sends the same request" in owner.get(f"{path}/resend").text
    assert owner.get(f"{path}/resend", headers=HTMX).text.lstrip().startswith("<div")


def test_a_slowed_or_held_webhook_says_so(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    def change(**values: object) -> str:
        with app.app_context(), writing() as session:
            endpoint = session.get_one(Endpoint, webhook.endpoint_id)
            for name, value in values.items():
                setattr(endpoint, name, value)
        return owner.get(f"/integrations/webhooks/{webhook.id}").text + owner.get("/integrations").text

    assert "Slowed" not in change(last_success_at=clock.now())
    slowed = change(pace=1.0)
    assert "Sending about 1 a second" in slowed
    assert "slowed to about 1 a second" in slowed
    assert "about 12 a minute" in change(pace=0.2)
    held = change(held_until=clock.now() + timedelta(minutes=5))
    assert "Your server asked to wait until" in held
    assert "waits as your server asked, sends again" in held.rpartition('id="webhook-list"')[2]
    path = make(app, webhook, DeliveryState.DUE, due_at=clock.now())
    assert "Queued" in owner.get(path).text


def test_a_webhook_that_was_switched_off_meanwhile_sends_nothing(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    path = make(app, webhook, DeliveryState.FAILED)
    data = {"csrf_token": pages.csrf_token(owner, path)}
    with app.app_context(), writing() as session:
        session.get_one(Endpoint, webhook.endpoint_id).active = False
    after = owner.post(f"{path}/resend", data=data, follow_redirects=True).text
    assert "The webhook is off. Switch it on first." in after
    assert "Resent." not in after
    assert states(app) == ["failed"]

"""Tests of sending a test with any event: to a webhook as it is stored, and from its dialog as typed."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from standardwebhooks import Webhook as Verifier

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Delivery
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.events import TRIGGERS, Trigger
from calhooks.webhooks.models import PayloadFormat, Webhook
from tests import factories
from tests.delivery.receivers import Receiver, receiving
from tests.web import pages

HTMX = {"HX-Request": "true"}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLLSw"
NEW, PING = "/integrations/webhooks/new", "/integrations/webhooks/ping"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def webhook(app: Flask, rick: User, receiver: Receiver) -> Webhook:
    with app.app_context():
        template = '{"event": "{{triggerEvent}}", "who": "{{attendees.0.name}}", "uid": "{{uid}}"}'
        custom = {"payload_format": PayloadFormat.CUSTOM, "payload_template": template}
        webhook = factories.create_webhook(rick, receiver.url, SECRET, headers=[["X-Uid", "{{uid}}"]], **custom)
        with writing() as session:
            session.get_one(Endpoint, webhook.endpoint_id).secret_headers = [["Authorization", "Bearer x"]]
        return webhook


@pytest.fixture
def uid(app: Flask, rick: User) -> str:
    with app.app_context():
        event_type = factories.create_event_type(rick, slug="quick-chat", title="Quick chat")
        return factories.create_booking(event_type, clock.now() + timedelta(days=2)).uid


def test_a_ping_is_sent_unless_another_event_is_chosen(
    app: Flask, owner: FlaskClient, webhook: Webhook, receiver: Receiver
) -> None:
    page = f"/integrations/webhooks/{webhook.id}"
    assert f'href="{page}/test"' in owner.get(page).text
    shown = pages.submit(owner, f"{page}/test")
    assert "200 OK" in shown.text
    [arrived] = receiver.received
    assert arrived.json["event"] == "PING"
    Verifier(SECRET).verify(arrived.body, arrived.headers)
    assert arrived.headers["authorization"] == "Bearer x"
    assert "Bearer x" not in shown.text
    with app.app_context():
        assert db.session.scalar(select(func.count(Delivery.id))) == 0


def test_a_test_with_a_real_booking_says_that_this_booking_does_not_meet_the_conditions(
    app: Flask, owner: FlaskClient, webhook: Webhook, uid: str
) -> None:
    with app.app_context(), writing() as session:
        plan = {"variable": "metadata.plan", "operator": "is", "value": "pro"}
        session.get_one(Webhook, webhook.id).filter = {"match": "all", "conditions": [plan]}
    typed = {"testTrigger": "BOOKING_CANCELLED", "testBooking": uid}
    shown = pages.submit(owner, f"/integrations/webhooks/{webhook.id}/test", typed).text
    assert "This booking does not meet your conditions. Tests are sent anyway; a real event would not be." in shown


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["browser", "htmx"])
def test_any_event_of_a_booking_goes_out_as_the_template_has_it(
    owner: FlaskClient, webhook: Webhook, receiver: Receiver, uid: str, headers: dict[str, str]
) -> None:
    for trigger in TRIGGERS:
        typed = {"testTrigger": str(trigger), "testBooking": uid}
        shown = pages.submit(owner, f"/integrations/webhooks/{webhook.id}/test", typed, headers=headers)
        assert shown.status_code == 200
    assert [arrived.json for arrived in receiver.received] == [
        {"event": str(trigger), "who": "Ann Lee", "uid": uid} for trigger in TRIGGERS
    ]
    assert {arrived.headers["x-uid"] for arrived in receiver.received} == {uid}
    assert len({arrived.headers["webhook-id"] for arrived in receiver.received}) == len(TRIGGERS)


def test_an_event_that_has_not_happened_is_as_it_would_be_if_it_happened(
    app: Flask, owner: FlaskClient, webhook: Webhook, receiver: Receiver, uid: str
) -> None:
    with app.app_context(), writing() as session:
        session.get_one(Webhook, webhook.id).payload_format = PayloadFormat.DEFAULT
    sent = {}
    for trigger in TRIGGERS:
        typed = {"testTrigger": str(trigger), "testBooking": uid}
        assert pages.submit(owner, f"/integrations/webhooks/{webhook.id}/test", typed).status_code == 200
        sent[trigger] = receiver.received[-1].json
    payloads = {trigger: body["payload"] for trigger, body in sent.items()}
    status = {trigger: payload["status"] for trigger, payload in payloads.items()}
    assert status == dict.fromkeys(TRIGGERS, "ACCEPTED") | {
        Trigger.BOOKING_CANCELLED: "CANCELLED",
        Trigger.BOOKING_REQUESTED: "PENDING",
        Trigger.BOOKING_REJECTED: "REJECTED",
    }
    assert [trigger for trigger in TRIGGERS if "cancelledBy" in payloads[trigger]] == [Trigger.BOOKING_CANCELLED]
    assert [trigger for trigger in TRIGGERS if "rescheduleUid" in payloads[trigger]] == [Trigger.BOOKING_RESCHEDULED]
    assert payloads[Trigger.BOOKING_CANCELLED]["iCalSequence"] == 1
    assert payloads[Trigger.BOOKING_REQUESTED]["requiresConfirmation"] is True
    assert sent[Trigger.MEETING_STARTED]["createdAt"][:19] == payloads[Trigger.MEETING_STARTED]["startTime"][:19]
    assert sent[Trigger.MEETING_ENDED]["createdAt"][:19] == payloads[Trigger.MEETING_ENDED]["endTime"][:19]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"testTrigger": "BOOKING_LOST"}, "Choose one of the events"),
        ({"testBooking": "nosuchbooking"}, "Choose one of the bookings"),
    ],
)
def test_what_is_not_in_the_lists_is_refused(
    owner: FlaskClient, webhook: Webhook, receiver: Receiver, typed: dict[str, str], sentence: str
) -> None:
    refused = pages.submit(owner, f"/integrations/webhooks/{webhook.id}/test", typed)
    assert (refused.status_code, sentence in refused.text) == (422, True)
    assert receiver.received == []


def test_bookings_of_others_cannot_be_chosen(
    app: Flask, owner: FlaskClient, ann: User, webhook: Webhook, receiver: Receiver
) -> None:
    with app.app_context():
        foreign = factories.create_booking(factories.create_event_type(ann), clock.now() + timedelta(days=2)).uid
    refused = pages.submit(owner, f"/integrations/webhooks/{webhook.id}/test", {"testBooking": foreign})
    assert (refused.status_code, receiver.received) == (422, [])


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["browser", "htmx"])
def test_from_the_dialog_the_template_as_typed_is_sent_with_the_event(
    app: Flask, owner: FlaskClient, receiver: Receiver, uid: str, headers: dict[str, str]
) -> None:
    typed = {
        "subscriberUrl": receiver.url,
        "payloadFormat": "custom",
        "payloadTemplate": '{"now": "{{triggerEvent}}", "uid": "{{uid}}"}',
        "testTrigger": "BOOKING_CANCELLED",
        "testBooking": uid,
    }
    form = pages.post_form(owner.get(NEW))
    for name, value in typed.items():
        form.fields[name] = value
    assert "200 OK" in owner.post(PING, data=form.fields, headers=headers).text
    form.fields["sendTest"] = "y"
    shown = owner.post(PING, data=form.fields, headers=headers)
    assert "200 OK" in shown.text
    assert [arrived.json["now"] for arrived in receiver.received] == ["PING", "BOOKING_CANCELLED"]
    assert receiver.received[1].json["uid"] == uid
    with app.app_context():
        assert db.session.scalar(select(func.count(Webhook.id))) == 0


def test_the_dialog_says_which_webhook_it_tests(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    with app.app_context(), writing() as session:
        session.get_one(Endpoint, webhook.endpoint_id).name = "CRM"
    dialog = owner.get(f"/integrations/webhooks/{webhook.id}/test", headers=HTMX).text
    assert ">CRM</span>" in dialog

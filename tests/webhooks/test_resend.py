import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from calhooks.db import writing
from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.events import Trigger
from calhooks.webhooks.body.samples import sample_event
from calhooks.webhooks.dispatch import dispatch
from calhooks.webhooks.resend import CannotResend, resend
from tests.factories import create_delivery, create_event, create_webhook


def test_the_bytes_that_were_sent_go_out_again(rick, session):
    webhook = create_webhook(rick, payload_format="custom", payload_template='{"new": 1}')
    delivery = create_delivery(
        webhook.endpoint, create_event(rick), state=DeliveryState.DELIVERED, due_at=None, body=b"old"
    )
    with writing() as writer:
        resend(writer, delivery)
    session.expire_all()
    assert (delivery.state, delivery.body) == (DeliveryState.DUE, b"old")
    assert delivery.due_at is not None


def test_where_there_are_none_the_template_of_today_gives_them(rick, session):
    webhook = create_webhook(rick, payload_format="custom", payload_template='{"a": "{{broken"}')
    with writing() as writer:
        dispatch(writer, replace(sample_event(Trigger.BOOKING_CREATED), host_id=rick.id))
    delivery = session.scalars(select(Delivery)).one()
    assert delivery.body is None
    with pytest.raises(CannotResend, match="Line 1, column 8"), writing() as writer:
        resend(writer, delivery)
    with writing():
        webhook.payload_template, webhook.content_type = "title={{title}}", "application/x-www-form-urlencoded"
    with writing() as writer:
        resend(writer, delivery)
    session.expire_all()
    assert (delivery.state, delivery.body, delivery.error) == (DeliveryState.DUE, b"title=Quick%20chat", None)
    assert delivery.content_type == "application/x-www-form-urlencoded"


def test_a_webhook_that_meanwhile_wants_the_default_body_gets_the_snapshot(rick, session):
    webhook = create_webhook(rick)
    event = create_event(rick)
    delivery = create_delivery(webhook.endpoint, event, state=DeliveryState.FAILED, due_at=None, body=None, error="x")
    with writing() as writer:
        resend(writer, delivery)
    assert delivery.body == event.payload
    assert json.loads(delivery.body)

import hashlib
import hmac
import json
import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from standardwebhooks import Webhook as Verifier

from calhooks import ids
from calhooks.accounts.owners import Owner, owner_of
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Attempt, Delivery, Event
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings.ping import PingResult, ping
from calhooks.webhooks.settings.subscriptions import InvalidWebhook, WebhookValues, check_webhook, create
from calhooks.webhooks.slots import PingRefused
from tests.delivery.receivers import Receiver, answer, receiving


def values(receiver: Receiver, **typed: Any) -> WebhookValues:
    return WebhookValues(**({"subscriber_url": receiver.url, "triggers": []} | typed))


def stored(owner: Owner, receiver: Receiver, **typed: Any) -> Webhook:
    wanted = values(receiver, **({"triggers": ["BOOKING_CREATED"]} | typed))
    checked = check_webhook(db.session(), owner, wanted)
    with writing() as session:
        return create(session, owner, checked)


def test_a_ping_is_a_real_signed_request_with_a_whole_sample_booking(rick, session, receiver):
    secret = ids.new_secret()
    result = ping(session, owner_of(rick), values(receiver, secret=secret))
    [request] = receiver.received
    assert request.line == "POST /hook HTTP/1.1"
    assert request.json["triggerEvent"] == "PING"
    assert request.json["payload"]["attendees"][0]["name"] == "Ann Lee"
    Verifier(secret).verify(request.body, request.headers)
    mac = hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
    assert request.headers["x-cal-signature-256"] == mac
    assert result.body == request.body
    assert (result.result.status, result.result.body) == (200, b"ok")
    assert dict(result.result.request_headers)["webhook-id"] == request.headers["webhook-id"]
    assert result.result.duration_ms >= 0


def test_nothing_is_saved(rick, session, receiver):
    ping(session, owner_of(rick), values(receiver))
    assert [session.scalars(select(model)).all() for model in (Webhook, Event, Delivery, Attempt)] == [[], [], [], []]


def test_the_template_as_typed_is_what_goes_out(rick, session, receiver):
    form = "application/x-www-form-urlencoded"
    ping(
        session, owner_of(rick), values(receiver, payload_format="custom", payload_template='{"t": "{{triggerEvent}}"}')
    )
    ping(
        session,
        owner_of(rick),
        values(receiver, payload_format="custom", payload_template="t={{triggerEvent}}", content_type=form),
    )
    first, second = receiver.received
    assert json.loads(first.body) == {"t": "PING"}
    assert (second.body, second.headers["content-type"]) == (b"t=PING", form)


@pytest.mark.parametrize(
    ("typed", "key"),
    [({}, "stored"), ({"secret": "typed"}, "typed"), ({"remove_secret": True}, None)],
)
def test_while_editing_an_empty_secret_means_the_stored_one(rick, session, receiver, typed, key):
    webhook = stored(owner_of(rick), receiver, secret="stored")
    ping(session, owner_of(rick), values(receiver, **typed), webhook)
    [request] = receiver.received
    expected = hmac.new(key.encode(), request.body, hashlib.sha256).hexdigest() if key else "no-secret-provided"
    assert request.headers["x-cal-signature-256"] == expected


def test_wrong_input_is_refused_at_its_field_before_anything_is_sent(rick, session, receiver):
    with pytest.raises(InvalidWebhook) as caught:
        ping(session, owner_of(rick), values(receiver, secret="whsec_?", payload_format="custom", payload_template="{"))
    assert set(caught.value.errors) == {"secret", "payloadTemplate"}
    assert receiver.received == []


def test_neither_chosen_events_nor_a_free_address_are_asked_for(rick, session, receiver):
    stored(owner_of(rick), receiver)
    assert ping(session, owner_of(rick), values(receiver)).result.succeeded


def test_a_failure_says_what_happened(rick, session):
    with receiving(answer(500, b"<b>no</b>")) as receiver:
        failed = ping(session, owner_of(rick), values(receiver)).result
    assert (failed.status, failed.body, failed.succeeded) == (500, b"<b>no</b>", False)
    refused = ping(session, owner_of(rick), values(receiver)).result
    assert (refused.status, refused.succeeded) == (None, False)
    assert "nothing listens there" in refused.detail


def test_a_long_answer_is_cut(rick, session):
    with receiving(answer(200, b"x" * 200_000)) as receiver:
        result = ping(session, owner_of(rick), values(receiver)).result
    assert (len(result.body), result.truncated) == (64 * 1024, True)


def test_no_transaction_is_open_while_the_receiver_takes_its_time(app, rick):
    with Gate() as gate:
        pinging = InBackground(app, owner_of(rick), values(gate.receiver))
        gate.receiver.wait_for(1)
        with writing() as writer:
            writer.execute(select(Webhook))
        gate.open()
        assert pinging.result().result.succeeded


def test_one_ping_at_a_time_for_each_account_and_two_in_each_process(app, rick, session):
    with Gate() as gate:
        first = InBackground(app, owner_of(rick), values(gate.receiver))
        gate.receiver.wait_for(1)
        with pytest.raises(PingRefused, match="Another test is still under way"):
            ping(session, owner_of(rick), values(gate.receiver))
        second = InBackground(app, Owner(user_id=rick.id + 1), values(gate.receiver))
        gate.receiver.wait_for(2)
        with pytest.raises(PingRefused, match="Too many tests"):
            ping(session, Owner(user_id=rick.id + 2), values(gate.receiver))
        gate.open()
        assert first.result().result.succeeded
        assert second.result().result.succeeded
        assert ping(session, owner_of(rick), values(gate.receiver)).result.succeeded


def test_a_refused_ping_leaves_the_way_free(rick, session, receiver):
    with pytest.raises(InvalidWebhook):
        ping(session, owner_of(rick), values(receiver, secret="whsec_?"))
    assert ping(session, owner_of(rick), values(receiver)).result.succeeded


class Gate:
    """A receiver that answers when it is told to."""

    def __enter__(self) -> "Gate":
        self._open = threading.Event()

        def wait(request: Any, connection: Any) -> bool:
            self._open.wait(10)
            return answer()(request, connection)

        self.receiver = Receiver(wait)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._open.set()
        self.receiver.close()

    def open(self) -> None:
        self._open.set()


class InBackground:
    """A ping in another thread, with an application context of its own."""

    def __init__(self, app: Flask, owner: Owner, typed: WebhookValues) -> None:
        self._results: list[PingResult] = []

        def run() -> None:
            with app.app_context():
                self._results.append(ping(db.session(), owner, typed))

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def result(self) -> PingResult:
        self._thread.join(10)
        return self._results[0]

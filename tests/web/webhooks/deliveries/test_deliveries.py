"""Tests of the log of a webhook's deliveries."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Attempt, Delivery, DeliveryState, Event
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.webhooks.models import Webhook
from tests import factories
from tests.web import pages

HTMX = {"HX-Request": "true"}


def log(webhook: Webhook) -> str:
    return f"/integrations/webhooks/{webhook.id}"


def deliver(app: Flask, webhook: Webhook, summary: str = "Quick chat with Ann Lee", **values: object) -> Delivery:
    with app.app_context():
        owner = db.session.get_one(User, webhook.owner_id)
        endpoint = db.session.get_one(Endpoint, webhook.endpoint_id)
        return factories.create_delivery(endpoint, factories.create_event(owner, summary=summary), **values)


def attempt(app: Flask, delivery: Delivery, number: int = 1, **values: object) -> None:
    fields = {
        "started_at": clock.now(),
        "duration_ms": 87,
        "url": "https://example.com/hook",
        "request_headers": [["X-Calhooks-Attempt", str(number)]],
        "status": 500,
        "response_headers": [["Server", "nginx"]],
        "response_body": b"<h1>Oh no</h1>",
        "error": "status",
        "error_detail": "The receiver answered 500.",
    }
    with app.app_context(), writing() as session:
        session.add(Attempt(delivery_id=delivery.id, number=number, **(fields | values)))


def test_an_empty_log_says_what_to_do(owner: FlaskClient, webhook: Webhook) -> None:
    assert "Nothing sent yet" in owner.get(log(webhook)).text


def test_the_log_lists_the_newest_first(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    for name in ("first", "second", "third"):
        deliver(app, webhook, f"Chat {name}")
    page = owner.get(log(webhook)).text
    assert page.index("Chat third") < page.index("Chat second") < page.index("Chat first")


def test_the_log_shows_attempts_and_the_next_try(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    later = clock.now() + timedelta(minutes=29, seconds=30)
    deliver(app, webhook, attempt_count=3, tries=3, last_status=503, due_at=later)
    page = owner.get(log(webhook)).text
    assert "Retrying" in page
    assert "503 · 3 attempts" in page
    assert "in 29 minutes" in page


@pytest.mark.parametrize(("state", "shown"), [("failed", "Chat F"), ("delivered", "Chat D"), ("waiting", "Chat W")])
def test_the_log_is_filtered_by_state(app: Flask, owner: FlaskClient, webhook: Webhook, state: str, shown: str) -> None:
    deliver(app, webhook, "Chat F", state=DeliveryState.FAILED)
    deliver(app, webhook, "Chat D", state=DeliveryState.DELIVERED)
    deliver(app, webhook, "Chat W", state=DeliveryState.DUE)
    page = owner.get(f"{log(webhook)}?state={state}").text
    assert [name for name in ("Chat F", "Chat D", "Chat W") if f'title="{name}"' in page] == [shown]


def test_older_deliveries_are_asked_for(app: Flask, owner: FlaskClient, rick: User, webhook: Webhook) -> None:
    with app.app_context():
        endpoint = db.session.get_one(Endpoint, webhook.endpoint_id)
        event = factories.create_event(rick)
        for _ in range(60):
            factories.create_delivery(endpoint, event, state=DeliveryState.DELIVERED)
    page = owner.get(log(webhook)).text
    assert page.count('class="log-row"') == 50
    older = page.partition("before=")[2].partition('"')[0]
    rest = owner.get(f"{log(webhook)}?before={older}", headers=HTMX).text
    assert rest.count('class="log-row"') == 10
    assert "Show older" not in rest
    assert "hx-trigger" not in rest
    assert owner.get(f"{log(webhook)}?before={older}").text.count('class="log-row"') == 10


def test_a_delivery_shows_its_request_and_every_attempt_as_text(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    delivery = deliver(app, webhook, state=DeliveryState.FAILED, body=b'{"a":"<b>\xff"}', attempt_count=2)
    attempt(app, delivery, 1)
    attempt(app, delivery, 2, status=None, response_body=b"", error="deadline", error_detail="No answer within 15 s.")
    page = owner.get(f"{log(webhook)}/deliveries/{delivery.id}").text
    for expected in ("500 Internal Server Error", "&lt;h1&gt;Oh no&lt;/h1&gt;", "No answer within 15 s.", "87 ms"):
        assert expected in page
    assert "&lt;b&gt;�" in page
    assert page.count("X-Calhooks-Attempt") == 2
    with app.app_context():
        assert db.session.get_one(Event, delivery.event_id).message_id in page


def test_json_is_laid_out_and_raw(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    delivery = deliver(app, webhook, body=b'{"a":[1,true,"x"],"deep":' + b"[" * 5000 + b"]" * 5000 + b"}")
    assert owner.get(f"{log(webhook)}/deliveries/{delivery.id}").status_code == 200
    delivery = deliver(app, webhook, body=b'{"name":"Zo\xc3\xab","n":1}')
    page = owner.get(f"{log(webhook)}/deliveries/{delivery.id}").text
    assert '<span class="json-key">&#34;name&#34;</span>: <span class="json-string">&#34;Zoë&#34;</span>' in page
    assert "{&#34;name&#34;:&#34;Zoë&#34;,&#34;n&#34;:1}" in page


def test_half_a_character_in_json_is_shown_as_it_came(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    delivery = deliver(app, webhook, state=DeliveryState.FAILED)
    attempt(app, delivery, response_body=b'{"cut off":"\\ud83d"}')
    page = owner.get(f"{log(webhook)}/deliveries/{delivery.id}")
    assert page.status_code == 200
    assert '<span class="json-string">&#34;\\ud83d&#34;</span>' in page.text


def test_brackets_in_brackets_do_not_make_a_page_without_end(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    delivery = deliver(app, webhook, state=DeliveryState.FAILED)
    deep = b"[" * 900 + b"1," * 30_000 + b"1" + b"]" * 900
    attempt(app, delivery, response_body=deep)
    page = owner.get(f"{log(webhook)}/deliveries/{delivery.id}").text
    assert deep.decode() in page
    assert len(page) < 200_000


def test_the_default_body_is_shown_though_it_is_kept_with_the_event(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    delivery = deliver(app, webhook, body=None)
    page = owner.get(f"{log(webhook)}/deliveries/{delivery.id}").text
    assert 'name="request-view"' in page
    assert "The template gave no body" not in page


def test_a_template_that_failed_is_told(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    delivery = deliver(app, webhook, state=DeliveryState.FAILED, body=None, error="The body grew past 256 KiB.")
    assert "The body grew past 256 KiB." in owner.get(f"{log(webhook)}/deliveries/{delivery.id}").text


def test_resend_makes_a_delivery_due_again(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    delivery = deliver(app, webhook, state=DeliveryState.FAILED, due_at=None)
    path = f"{log(webhook)}/deliveries/{delivery.id}"
    done = pages.submit(owner, path, to=f"{path}/resend")
    assert (done.status_code, done.location) == (303, path)
    with app.app_context():
        assert db.session.get_one(Delivery, delivery.id).state == DeliveryState.DUE
    answer = pages.submit(owner, path, to=f"{path}/resend", headers={})
    assert answer.status_code == 303


def test_resend_answers_htmx_with_the_delivery(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    delivery = deliver(app, webhook, state=DeliveryState.FAILED, due_at=None)
    path = f"{log(webhook)}/deliveries/{delivery.id}"
    answer = pages.submit(owner, path, to=f"{path}/resend", headers=HTMX)
    assert answer.status_code == 200
    assert "Resent." in answer.headers["HX-Trigger"]
    assert "Sending" in answer.text


def test_a_delivery_under_way_asks_again_until_it_is_done(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    delivery = deliver(app, webhook)
    path = f"{log(webhook)}/deliveries/{delivery.id}"
    fragment = owner.get(path, headers=HTMX).text
    assert 'hx-trigger="every' in fragment
    seen = fragment.partition("seen=")[2].partition('"')[0]
    assert owner.get(f"{path}?seen={seen}", headers=HTMX).status_code == 204
    with app.app_context(), writing() as session:
        session.get_one(Delivery, delivery.id).state = DeliveryState.DELIVERED
    done = owner.get(f"{path}?seen={seen}", headers=HTMX)
    assert "Delivered" in done.text
    assert "hx-trigger" not in done.text


def test_times_are_in_the_accounts_zone(app: Flask, owner: FlaskClient, webhook: Webhook, rick: User) -> None:
    with app.app_context(), writing() as session:
        session.get_one(User, rick.id).time_zone = "Asia/Kolkata"
    deliver(app, webhook)
    assert "IST" in owner.get(log(webhook)).text

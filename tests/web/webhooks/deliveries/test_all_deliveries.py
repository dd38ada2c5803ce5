"""The log of all webhooks."""

import re

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Delivery, DeliveryState, Event
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.webhooks.models import Webhook
from tests import factories
from tests.scheduling.helpers import statements
from tests.web import pages
from tests.web.webhooks.deliveries.helpers import deliver, path, shown

ALL = "/integrations/deliveries"


def deliver_to_new_webhooks(app: Flask, rick: User, number: int) -> None:
    with app.app_context():
        for _ in range(number):
            endpoint = factories.create_webhook(rick).endpoint
            factories.create_delivery(endpoint, factories.create_event(rick))


def test_many_webhooks_cost_no_more_statements_than_few(app: Flask, owner: FlaskClient, rick: User) -> None:
    deliver_to_new_webhooks(app, rick, 2)
    with app.app_context(), statements() as for_few:
        owner.get(ALL)

    deliver_to_new_webhooks(app, rick, 6)
    with app.app_context(), statements() as for_many:
        page = owner.get(ALL).text

    assert page.count('class="log-row"') == 8
    assert len(for_many) == len(for_few)


def test_every_row_leads_to_its_own_delivery(app: Flask, owner: FlaskClient, rick: User) -> None:
    deliver_to_new_webhooks(app, rick, 3)

    links = re.findall(r'<a class="log-link" id="delivery-link-(\d+)" href="([^"]+)"', owner.get(ALL).text)

    assert len(links) == 3
    for number, link in links:
        opened = owner.get(link.replace("&amp;", "&")).text
        assert f'id="delivery-link-{number}"' in opened
        assert re.search(rf'id="delivery-link-{number}"[^>]*aria-current="true"', opened)


def test_a_webhook_is_known_by_its_name_among_all(app: Flask, owner: FlaskClient, rick: User, webhook: Webhook) -> None:
    with app.app_context():
        other = factories.create_webhook(rick, "https://example.com/hook")
        with writing() as session:
            session.get_one(Endpoint, webhook.endpoint_id).name = "Booked"
            session.get_one(Endpoint, other.endpoint_id).name = "Cancelled"
    delivery_id = deliver(app, webhook, "Chat A", {"subject": "the-uid"}, state=DeliveryState.DELIVERED)
    page = owner.get(f"{ALL}?q=the-uid").text
    choices = page.partition('name="webhook"')[2].partition("</select>")[0]
    arrived = page.partition('class="arrived-list"')[2].partition("</ul>")[0]
    for part in (choices, arrived):
        assert ">Booked<" in part
        assert ">Cancelled<" in part
    assert "not subscribed to these events" in arrived
    for dialog in ("test", f"resend-chosen?delivery={delivery_id}"):
        assert '<span class="strong">Booked</span>' in owner.get(f"{path(webhook)}/{dialog}").text


def test_the_log_of_all_webhooks_shows_where_a_booking_has_arrived(
    app: Flask, owner: FlaskClient, rick: User, webhook: Webhook
) -> None:
    with app.app_context():
        late = factories.create_webhook(db.session.get_one(User, rick.id), "https://example.com/late")
        late_id = late.id
        factories.create_webhook(db.session.get_one(User, rick.id), "https://example.com/idle")
        event = factories.create_event(db.session.get_one(User, rick.id), subject="the-uid", summary="Chat A")
        for endpoint_id, state in (
            (webhook.endpoint_id, DeliveryState.DELIVERED),
            (late.endpoint_id, DeliveryState.DUE),
        ):
            factories.create_delivery(db.session.get_one(Endpoint, endpoint_id), event, state=state)
    deliver(app, webhook, "Chat B", state=DeliveryState.DELIVERED)
    with app.app_context(), writing() as session:
        session.get_one(Endpoint, webhook.endpoint_id).name = "Slack"
    everything = owner.get(ALL).text
    assert f'<option value="{webhook.id}">Slack</option>' in everything
    assert shown(everything) == ["Chat A", "Chat B"]
    assert "arrived-title" not in everything
    page = owner.get(f"{ALL}?q=the-uid").text
    assert page.count('class="log-row"') == 2
    arrived = page.partition('id="arrived-title"')[2].partition("</section>")[0]
    assert "Not yet" in arrived
    assert "Nothing was sent" in arrived
    assert ">Slack</a>" in arrived
    one = owner.get(f"{ALL}?webhook={late_id}").text
    assert one.count('class="log-row"') == 1
    with app.app_context(), writing() as session:
        for delivery in session.scalars(select(Delivery).join(Event).where(Event.subject == "the-uid")):
            delivery.state = DeliveryState.DELIVERED
    assert ">Yes<" in owner.get(f"{ALL}?q=the-uid").text


def test_a_booking_with_many_events_is_found_in_many_webhooks(app: Flask, owner: FlaskClient, rick: User) -> None:
    with app.app_context():
        endpoint_ids = [factories.create_webhook(rick, f"https://example.com/{n}").endpoint_id for n in range(50)]
        events = [factories.create_event(rick, subject="the-uid", summary="Chat A").id for _ in range(120)]
        delivered = {"state": DeliveryState.DELIVERED, "attempt_count": 1, "created_at": clock.now(), "headers": []}
        rows = [
            {"event_id": event, "endpoint_id": endpoint_id, "sequence_key": "the-uid", "content_type": "text/plain"}
            | delivered
            for event in events
            for endpoint_id in endpoint_ids
        ]
        with writing() as session:
            session.execute(insert(Delivery), rows)
    first = owner.get(f"{ALL}?q=the-uid")
    assert first.status_code == 200
    assert first.text.count('class="log-row"') == 50
    assert "6,000 found" in first.text


def test_a_delivery_opened_from_all_leads_back_to_the_search(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    deliver(app, webhook, "Chat A", state=DeliveryState.FAILED, due_at=None)
    page = owner.get(f"{ALL}?q=chat&state=failed").text
    opened = page.partition('class="log-link"')[2].partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    detail = owner.get(opened).text
    back = detail.partition('delivery-close" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert back.startswith(f"{ALL}?")
    assert f'id="{back.partition("#")[2]}"' in page
    assert shown(owner.get(back).text) == ["Chat A"]
    sent = pages.submit(owner, opened, to=f"{opened.partition('?')[0]}/resend")
    assert "from=all" in sent.location
    assert "q=chat" in sent.location


def test_another_accounts_webhook_is_not_searched(
    app: Flask, other: FlaskClient, owner: FlaskClient, webhook: Webhook
) -> None:
    deliver(app, webhook, "Chat A", {"subject": "the-uid"}, state=DeliveryState.DELIVERED)
    for query in ("", "?q=the-uid", "?q=chat", "?state=delivered"):
        page = other.get(f"{ALL}{query}")
        assert page.status_code == 200
        assert shown(page.text) == []
        assert "example.com/hook" not in page.text
    assert other.get(f"{ALL}?webhook={webhook.id}").status_code == 404
    assert other.get(f"{path(webhook)}?q=chat").status_code == 404


def test_a_waiting_delivery_among_all_links_to_the_one_before_it_on_its_webhooks_page(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    first = deliver(app, webhook, "Chat A", {"sequence_key": "same"})
    deliver(app, webhook, "Chat B", {"sequence_key": "same"}, state=DeliveryState.BLOCKED, due_at=None)
    link = owner.get(f"{ALL}?q=chat").text.partition('class="log-waits')[2].partition("</a>")[0]
    # The page of all webhooks has no place for a delivery: a link that htmx follows would do nothing there.
    assert "hx-get" not in link
    assert f'href="{path(webhook)}/deliveries/{first}?q=chat&amp;from=all"' in link
    assert "hx-get" in owner.get(path(webhook)).text.partition('class="log-waits')[2].partition("</a>")[0]


def test_the_log_of_all_webhooks_calls_them_by_their_names(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    with app.app_context(), writing() as session:
        session.get_one(Endpoint, webhook.endpoint_id).name = "CRM"
        factories.create_webhook(session.get_one(User, webhook.owner_id), "https://example.com/other")
    chosen = owner.get(ALL).text.partition('name="webhook"')[2].partition("</select>")[0]
    assert ">CRM</option>" in chosen
    assert ">https://example.com/other</option>" in chosen
    deliver(app, webhook, "Chat A", {"subject": "the-uid"}, state=DeliveryState.DELIVERED)
    page = owner.get(f"{ALL}?q=the-uid").text
    arrived = page.partition('id="arrived-title"')[2].partition("</section>")[0]
    assert ">CRM</a>" in arrived
    assert "Nothing was sent: it is not subscribed to these events, or was off." in arrived

"""Tests of the webhook box and the list of webhooks, as forms and fragments."""

import json

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import DeliveryState
from calhooks.delivery.models.endpoints import Endpoint, InactiveReason
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings.subscriptions import list_webhooks
from calhooks.webhooks.template import Template, Trials
from tests import factories
from tests.delivery.receivers import answer, hang, receiving
from tests.web import pages

NEW = "/integrations/webhooks/new"
URL = "https://example.com/hook"
HTMX = {"HX-Request": "true"}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def make(app: Flask, owner: User, url: str = URL, secret: str = "") -> Webhook:
    with app.app_context():
        return factories.create_webhook(owner, url, secret)


def kept(app: Flask, owner: User) -> list[Webhook]:
    with app.app_context():
        return list_webhooks(db.session(), owner_of(owner))


def secrets(app: Flask, webhook: Webhook) -> list[str]:
    with app.app_context():
        return [key.secret for key in db.session.get_one(Endpoint, webhook.endpoint_id).keys]


def test_a_new_webhook_asks_for_the_first_three_events_and_is_on(owner: FlaskClient) -> None:
    form = pages.post_form(owner.get(NEW))
    assert form.fields.getlist("eventTriggers") == ["BOOKING_CREATED", "BOOKING_RESCHEDULED", "BOOKING_CANCELLED"]
    assert form.fields["active"] == "y"
    assert form.fields["payloadFormat"] == "default"


def test_a_webhook_is_made_without_javascript(app: Flask, owner: FlaskClient, rick: User) -> None:
    typed = {"subscriberUrl": f"  {URL} ", "eventTriggers": ["BOOKING_CANCELLED", "MEETING_ENDED"], "secret": SECRET}
    done = pages.submit(owner, NEW, typed, follow_redirects=True)
    assert (done.request.path, "Webhook created." in done.text) == ("/integrations", True)
    (webhook,) = kept(app, rick)
    assert (webhook.endpoint.url, webhook.endpoint.active) == (URL, True)
    assert webhook.triggers == ["BOOKING_CANCELLED", "MEETING_ENDED"]
    assert secrets(app, webhook) == [SECRET]
    assert SECRET not in done.text


def test_saving_answers_a_form_with_303(owner: FlaskClient) -> None:
    done = pages.submit(owner, NEW, {"subscriberUrl": URL})
    assert (done.status_code, done.location) == (303, "/integrations")


def test_saving_answers_htmx_with_the_list_and_the_word_to_close(owner: FlaskClient) -> None:
    done = pages.submit(owner, NEW, {"subscriberUrl": URL}, headers=HTMX)
    assert done.status_code == 200
    assert json.loads(done.headers["HX-Trigger"]) == {"closeModal": True, "toast": {"message": "Webhook created."}}
    assert 'id="webhooks"' in done.text
    assert 'hx-swap-oob="true"' in done.text
    assert URL in done.text


def test_htmx_gets_the_box_alone_and_the_history_gets_the_page(owner: FlaskClient) -> None:
    assert "<html" not in owner.get(NEW, headers=HTMX).text
    assert "<html" in owner.get(NEW, headers=HTMX | {"HX-History-Restore-Request": "true"}).text


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"subscriberUrl": ""}, "subscriberUrl", "Enter the address"),
        ({"subscriberUrl": "ftp://example.com/"}, "subscriberUrl", "https://"),
        ({"subscriberUrl": "http://10.0.0.7/hook"}, "subscriberUrl", "CALHOOKS_EGRESS_ALLOW"),
        ({"subscriberUrl": "https://example.com/" + "x" * 2000}, "subscriberUrl", "long"),
        ({"eventTriggers": []}, "eventTriggers", "Choose at least one event."),
        ({"eventTriggers": ["PING"]}, "eventTriggers", "PING"),
        ({"secret": "whsec_not base64!"}, "secret", "base64"),
        ({"payloadFormat": "custom", "payloadTemplate": '{"a": "{{type"}'}, "payloadTemplate", "Line 1, column 8"),
        ({"payloadFormat": "sideways"}, "payloadFormat", "Default or Custom"),
    ],
)
def test_wrong_input_comes_back_with_a_sentence_at_its_field_and_nothing_lost(
    app: Flask,
    owner: FlaskClient,
    rick: User,
    headers: dict[str, str],
    typed: dict[str, str | list[str]],
    field: str,
    sentence: str,
) -> None:
    whole = {"subscriberUrl": URL, "secret": "typed secret", "payloadTemplate": '{"typed": "{{title}}"}'} | typed
    refused = pages.submit(owner, NEW, whole, headers=headers)
    assert refused.status_code == 422
    assert sentence in refused.text.partition(f'id="{field}-error"')[2].partition("</p>")[0]
    shown = pages.post_form(refused).fields
    for name, value in whole.items():
        if name != "payloadFormat":
            assert shown.getlist(name) == ([value] if isinstance(value, str) else [v for v in value if v != "PING"])
    assert kept(app, rick) == []


def test_the_same_address_twice_is_refused(app: Flask, owner: FlaskClient, rick: User) -> None:
    make(app, rick)
    refused = pages.submit(owner, NEW, {"subscriberUrl": URL})
    assert refused.status_code == 422
    assert "already have a webhook for this URL that gets" in refused.text


def test_a_webhook_is_changed(app: Flask, owner: FlaskClient, rick: User) -> None:
    path = f"/integrations/webhooks/{make(app, rick).id}/edit"
    template = '{"who": "{{attendees.0.name}}"}'
    typed = {
        "subscriberUrl": "https://example.com/other",
        "active": None,
        "payloadFormat": "custom",
        "payloadTemplate": template,
    }
    assert pages.submit(owner, path, typed).status_code == 303
    (webhook,) = kept(app, rick)
    assert (webhook.endpoint.url, webhook.endpoint.active) == ("https://example.com/other", False)
    assert (webhook.payload_format, webhook.payload_template) == ("custom", template)


def test_no_transaction_is_open_while_what_was_typed_is_proved(
    app: Flask, owner: FlaskClient, rick: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_meanwhile: list[bool] = []
    check = Trials.check

    def note(self: Trials, judged: Template) -> None:
        # The box proves its template too where it shows it, and reads alone.
        if request.method == "POST":
            open_meanwhile.append(db.session().in_transaction())
        check(self, judged)

    monkeypatch.setattr(Trials, "check", note)
    rows = {"headerName": "X-Who", "headerValue": "{{title}}"}
    typed = rows | {"payloadFormat": "custom", "payloadTemplate": '{"a": "{{title}}"}'}
    pages.submit(owner, NEW, typed | {"subscriberUrl": URL})
    page = f"/integrations/webhooks/{kept(app, rick)[0].id}/edit"
    pages.submit(owner, page, {"subscriberUrl": f"{URL}/moved"})
    # For each, the header and the body.
    assert open_meanwhile == [False] * 4
    assert [webhook.endpoint.url for webhook in kept(app, rick)] == [f"{URL}/moved"]


def test_the_secret_is_never_shown_again(app: Flask, owner: FlaskClient, rick: User) -> None:
    path = f"/integrations/webhooks/{make(app, rick, secret=SECRET).id}/edit"
    page = owner.get(path)
    assert SECRET not in page.text
    assert "A secret is set" in page.text


@pytest.mark.parametrize(
    ("typed", "left"),
    [({}, [SECRET]), ({"secret": "another one"}, ["another one", SECRET]), ({"removeSecret": "y"}, [])],
    ids=["empty keeps it", "a new one comes before it", "removed"],
)
def test_the_secret_is_kept_replaced_or_removed(
    app: Flask, owner: FlaskClient, rick: User, typed: dict[str, str], left: list[str]
) -> None:
    path = f"/integrations/webhooks/{make(app, rick, secret=SECRET).id}/edit"
    assert pages.submit(owner, path, typed).status_code == 303
    assert secrets(app, kept(app, rick)[0]) == left


def test_generate_without_javascript_fills_a_secret_in_and_saves_nothing(
    app: Flask, owner: FlaskClient, rick: User
) -> None:
    page = pages.submit(owner, NEW, {"subscriberUrl": "typed so far", "generateSecret": "y"})
    fields = pages.post_form(page).fields
    assert page.status_code == 200
    assert fields["secret"].startswith("whsec_")
    assert fields["subscriberUrl"] == "typed so far"
    assert kept(app, rick) == []


def test_deleting_asks_first_and_drops_what_waits(app: Flask, owner: FlaskClient, rick: User) -> None:
    webhook = make(app, rick)
    with app.app_context():
        endpoint = db.session.get_one(Endpoint, webhook.endpoint_id)
        factories.create_delivery(endpoint, factories.create_event(rick))
    path = f"/integrations/webhooks/{webhook.id}/delete"
    question = owner.get(path)
    assert "the 1 delivery that is still waiting" in question.text
    assert kept(app, rick) != []
    assert pages.submit(owner, path, follow_redirects=True).request.path == "/integrations"
    assert kept(app, rick) == []
    assert owner.get(path).status_code == 404


def test_the_switch_works_in_place(app: Flask, owner: FlaskClient, rick: User) -> None:
    path = f"/integrations/webhooks/{make(app, rick).id}/active"
    token = pages.csrf_token(owner, "/integrations")
    row = owner.post(path, data={"csrf_token": token, "active": ""}, headers=HTMX | {"HX-Target": "webhook-1"})
    assert row.status_code == 200
    assert 'aria-checked="false"' in row.text
    assert row.text.lstrip().startswith("<li")
    assert not kept(app, rick)[0].endpoint.active
    assert owner.post(path, data={"csrf_token": token, "active": "y"}).location == "/integrations"
    assert kept(app, rick)[0].endpoint.active


def test_a_row_says_how_its_webhook_is_doing(app: Flask, owner: FlaskClient, rick: User) -> None:
    webhook = make(app, rick)
    assert "Never called" in owner.get("/integrations").text
    with app.app_context(), writing() as session:
        endpoint = session.get_one(Endpoint, webhook.endpoint_id)
        endpoint.active = False
        endpoint.inactive_reason = InactiveReason.GONE
        endpoint.inactive_since = endpoint.created_at
    assert "410 Gone" in owner.get("/integrations").text


def test_an_empty_screen_says_what_to_do(owner: FlaskClient) -> None:
    page = owner.get("/integrations").text
    assert "No webhooks yet" in page
    assert page.count('data-testid="new_webhook"') == 1


def ping(client: FlaskClient, typed: dict[str, str], path: str = NEW, headers: dict[str, str] | None = None):  # type: ignore[no-untyped-def]
    fields = pages.post_form(client.get(path)).fields
    for name, value in typed.items():
        fields[name] = value
    to = "/integrations/webhooks/ping"
    number = path.split("/")[3]
    return client.post(f"{to}?webhook={number}" if number.isdecimal() else to, data=fields, headers=headers)


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_ping_shows_what_was_sent_and_what_came_back_as_text(
    app: Flask, owner: FlaskClient, rick: User, headers: dict[str, str]
) -> None:
    with receiving(answer(418, b"<script>alert(1)</script>")) as receiver:
        page = ping(owner, {"subscriberUrl": receiver.url, "secret": SECRET}, headers=headers)
        (request,) = receiver.wait_for(1)
    assert request.json["triggerEvent"] == "PING"
    assert request.headers["webhook-signature"].startswith("v1,")
    assert page.status_code == 200
    assert "418" in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert request.headers["webhook-id"] in page.text
    assert ("<html" in page.text) == (not headers)
    assert kept(app, rick) == []


def test_a_ping_from_the_box_of_a_webhook_is_signed_with_its_secret(app: Flask, owner: FlaskClient, rick: User) -> None:
    with receiving() as receiver:
        webhook = make(app, rick, receiver.url, SECRET)
        ping(owner, {}, f"/integrations/webhooks/{webhook.id}/edit", HTMX)
        (request,) = receiver.wait_for(1)
    assert request.headers["x-cal-signature-256"] != "no-secret-provided"


def test_a_ping_to_an_unusable_address_says_so(owner: FlaskClient) -> None:
    refused = ping(owner, {"subscriberUrl": "http://192.168.1.1/"}, headers=HTMX)
    assert refused.status_code == 422
    assert "192.168.1.1" in refused.text
    assert ping(owner, {"subscriberUrl": "http://192.168.1.1/"}).status_code == 422


def test_a_second_ping_is_told_to_wait(app: Flask, owner: FlaskClient, rick: User) -> None:
    import threading

    with receiving(hang) as receiver:
        elsewhere = app.test_client()
        pages.sign_in(elsewhere, rick)
        first = threading.Thread(target=ping, args=(elsewhere, {"subscriberUrl": receiver.url}, NEW, HTMX))
        first.start()
        receiver.wait_for(1)
        told = ping(owner, {"subscriberUrl": receiver.url}, headers=HTMX)
        receiver.hang_up()
        first.join()
    assert told.status_code == 429
    assert "still under way" in told.text


def test_pages_carry_no_inline_script_or_style(app: Flask, owner: FlaskClient, rick: User) -> None:
    make(app, rick)
    for path in ["/integrations", NEW, "/integrations/webhooks/1/edit", "/integrations/webhooks/1/delete"]:
        text = owner.get(path).text
        assert " style=" not in text
        assert "<style" not in text
        assert "hx-on" not in text
        assert "<script>" not in text


def test_deliveries_that_wait_are_counted_only_while_they_wait(app: Flask, owner: FlaskClient, rick: User) -> None:
    webhook = make(app, rick)
    with app.app_context():
        endpoint = db.session.get_one(Endpoint, webhook.endpoint_id)
        factories.create_delivery(endpoint, factories.create_event(rick), state=DeliveryState.DELIVERED)
    assert "still waiting" not in owner.get(f"/integrations/webhooks/{webhook.id}/delete").text

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks import create_app
from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.config import Config
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.models.endpoints import Endpoint, SigningKey
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings import subscriptions
from calhooks.webhooks.settings.headers import TypedHeader
from calhooks.webhooks.settings.subscriptions import InvalidWebhook, WebhookValues
from tests.factories import create_delivery, create_event, create_user

URL = "https://example.com/hook"


def values(**typed: Any) -> WebhookValues:
    return WebhookValues(**({"subscriber_url": URL, "triggers": ["BOOKING_CREATED"]} | typed))


def create(owner: User, **typed: Any) -> Webhook:
    checked = subscriptions.check_webhook(db.session(), owner_of(owner), values(**typed))
    with writing() as session:
        return subscriptions.create(session, owner_of(owner), checked)


def update(webhook: Webhook, **typed: Any) -> Webhook:
    checked = subscriptions.check_webhook(db.session(), webhook.belongs_to, values(**typed), webhook)
    with writing() as session:
        subscriptions.update(session, webhook, checked)
    return webhook


def errors(owner: User, **typed: Any) -> dict[str, str]:
    with pytest.raises(InvalidWebhook) as caught:
        create(owner, **typed)
    return caught.value.errors


def secrets(webhook: Webhook) -> list[str]:
    return [key.secret for key in webhook.endpoint.keys]


def test_an_account_has_a_limited_number_of_webhooks_and_can_go_on_changing_them(
    rick: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "MAX_WEBHOOKS", 2)
    late = [subscriptions.check_webhook(db.session(), owner_of(rick), values(subscriber_url=f"{URL}/late"))]
    first, _ = create(rick), create(rick, subscriber_url=f"{URL}/2")
    assert errors(rick, subscriber_url=f"{URL}/3") == {"subscriberUrl": subscriptions.TOO_MANY_WEBHOOKS}
    with pytest.raises(InvalidWebhook), writing() as session:
        subscriptions.create(session, owner_of(rick), late[0])
    update(first, triggers=["BOOKING_CANCELLED"])
    assert first.triggers == ["BOOKING_CANCELLED"]


def test_the_templates_of_an_account_have_a_limited_length_together(
    rick: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    long: dict[str, Any] = {"payload_format": "custom", "payload_template": f'"{"x" * 58}"'}
    first = create(rick, **long)
    monkeypatch.setattr(subscriptions, "MAX_TEMPLATE_CHARACTERS", 100)
    headers = [TypedHeader("X-Long", "y" * 60)]
    assert errors(rick, subscriber_url=f"{URL}/2", **long) == {"payloadTemplate": subscriptions.TEMPLATES_TOO_LONG}
    assert errors(rick, subscriber_url=f"{URL}/2", headers=headers) == {"headers.0": subscriptions.TEMPLATES_TOO_LONG}
    create(rick, subscriber_url=f"{URL}/3", headers=[TypedHeader("X-Long", "y" * 40)])
    monkeypatch.setattr(subscriptions, "MAX_TEMPLATE_CHARACTERS", 50)
    update(first, payload_format="custom", payload_template=f'"{"x" * 50}"')
    assert len(first.payload_template) == 52


def test_a_webhook_is_kept_as_it_was_typed(rick):
    webhook = create(
        rick,
        subscriber_url=f"  {URL} ",
        triggers=["MEETING_ENDED", "BOOKING_CANCELLED", "BOOKING_CREATED", "BOOKING_CREATED"],
        secret=" my secret ",
        active=False,
        payload_format="custom",
        payload_template='{"a":\r\n"{{title}}"}',
        content_type="text/plain",
    )
    assert webhook.endpoint.url == URL
    assert webhook.triggers == ["BOOKING_CREATED", "BOOKING_CANCELLED", "MEETING_ENDED"]
    assert secrets(webhook) == [" my secret "]
    assert (webhook.endpoint.active, webhook.endpoint.inactive_reason) == (False, "owner")
    assert (webhook.payload_format, webhook.content_type) == ("custom", "text/plain")
    assert webhook.payload_template == '{"a":\n"{{title}}"}'


def test_everything_that_is_wrong_is_said_at_once_and_at_its_field(rick, session):
    wrong = errors(
        rick,
        subscriber_url="ftp://example.com",
        triggers=[],
        secret="whsec_???",
        payload_format="custom",
        payload_template="{",
    )
    assert set(wrong) == {"subscriberUrl", "eventTriggers", "secret", "payloadTemplate"}
    assert session.scalars(select(Webhook)).all() == []


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "Enter the address that shall be called"),
        ("   ", "Enter the address that shall be called"),
        ("example.com/hook", "must start with https:// or http://"),
        ("javascript:alert(1)", "must start with https:// or http://"),
        ("https://user:password@example.com/", "must not contain a user name or a password"),
        ("https://example.com/" + "x" * 2000, "too long"),
        ("https://example.com/\0", "invisible character"),
        ("https:///hook", "no host"),
    ],
)
def test_an_address_that_cannot_be_called_is_refused(rick, url, sentence):
    assert sentence in errors(rick, subscriber_url=url)["subscriberUrl"]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://localhost:8080/", "http://10.1.2.3/", "http://[::1]/", "http://2130706433/"]
)
def test_a_private_address_is_named_with_how_the_operator_can_allow_it(environ, url):
    app: Flask = create_app(Config.from_env(environ | {"CALHOOKS_EGRESS_ALLOW": ""}))
    with app.app_context():
        sentence = errors(create_user("rick"), subscriber_url=url)["subscriberUrl"]
    assert "CALHOOKS_EGRESS_ALLOW" in sentence
    assert "is not a public address" in sentence


@pytest.mark.parametrize(
    "same",
    [URL, "https://EXAMPLE.com/hook", "https://example.com:443/hook", "https://example.com/hook#fragment"],
)
def test_the_same_address_cannot_stand_twice_in_one_account(rick, same):
    create(rick)
    assert errors(rick, subscriber_url=same)["subscriberUrl"].startswith(
        "You already have a webhook for this URL that gets Booking created"
    )
    create(rick, subscriber_url="https://example.com/hook?other")
    create(create_user("sue"), subscriber_url=same)


def test_a_webhook_may_keep_its_address_and_cannot_take_another_s(rick):
    webhook, other = create(rick), create(rick, subscriber_url="https://example.com/other")
    update(webhook, triggers=["BOOKING_CANCELLED"])
    assert webhook.triggers == ["BOOKING_CANCELLED"]
    with pytest.raises(InvalidWebhook):
        update(webhook, subscriber_url=other.endpoint.url)


def test_a_deleted_webhook_s_address_is_free_again(rick):
    webhook = create(rick)
    with writing() as session:
        subscriptions.delete(session, webhook)
    assert create(rick).endpoint.url == URL


@pytest.mark.parametrize("triggers", [["PING"], ["BOOKING_RESHEDULED"], ["BOOKING_CREATED", "x"]])
def test_only_events_of_the_list_can_be_chosen(rick, triggers):
    assert "is not an event that can be chosen" in errors(rick, triggers=triggers)["eventTriggers"]


@pytest.mark.parametrize(
    "secret", ["whsec_not base64", "whsec_", "whsec_abc", "x" * 501, "a\0b", "half \ud83d of a character"]
)
def test_a_secret_that_cannot_sign_is_refused(rick, secret):
    assert set(errors(rick, secret=secret)) == {"secret"}


def test_an_empty_secret_keeps_the_stored_one_and_another_replaces_it(rick, session):
    webhook = create(rick, secret="first")
    assert secrets(update(webhook, secret="")) == ["first"]
    assert secrets(update(webhook, secret="second", secret_overlap="0")) == ["second"]
    assert [key.secret for key in session.scalars(select(SigningKey))] == ["second"]


def test_a_secret_is_removed_when_asked_and_not_while_a_new_one_is_typed(rick, session):
    webhook = create(rick, secret="first")
    with pytest.raises(InvalidWebhook) as caught:
        update(webhook, secret="second", remove_secret=True)
    assert "not both" in caught.value.errors["secret"]
    assert secrets(update(webhook, remove_secret=True)) == []
    assert session.scalars(select(SigningKey)).all() == []


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("", "Line 1, column 1: The template is empty"),
        ('{"a": "{{title"}', "Line 1, column 8: This {{ is never closed"),
        ('{\n"a": }', "Line 2, column 6: A value is missing before }."),
        ('"' + "{{#each attendees}}" + "{{#each @root.attendees}}" * 9 + "{{/each}}" * 10 + '"', "does too much work"),
        (
            '"{{#each attendees}}{{#each @root.attendees}}'
            + "{{../../title}} many words, " * 40
            + '{{/each}}{{/each}}"',
            "grows past 256 KiB",
        ),
    ],
)
def test_a_template_that_cannot_give_a_valid_body_is_refused_with_line_and_column(rick, template, sentence):
    assert sentence in errors(rick, payload_format="custom", payload_template=template)["payloadTemplate"]


def test_a_template_is_judged_as_what_it_is_sent_as(rick):
    create(rick, payload_format="custom", payload_template="Hello {{title}}", content_type="text/plain")
    form = "application/x-www-form-urlencoded"
    wrong = errors(rick, payload_format="custom", payload_template="Hello", content_type=form, subscriber_url=URL + "2")
    assert "name=value" in wrong["payloadTemplate"]
    assert "contentType" in errors(rick, payload_format="custom", payload_template="x", content_type="text/html")
    assert "payloadFormat" in errors(rick, payload_format="yaml")


def test_a_template_stays_stored_while_the_default_body_is_chosen(rick):
    webhook = create(rick, payload_format="custom", payload_template='{"a": 1}')
    update(webhook, payload_format="default", payload_template="{broken")
    assert (webhook.payload_format, webhook.payload_template) == ("default", '{"a": 1}')


def test_an_address_that_was_taken_since_it_was_checked_is_refused(rick, session):
    other = create(rick, subscriber_url="https://example.com/other")
    for_new = subscriptions.check_webhook(session, owner_of(rick), values())
    for_other = subscriptions.check_webhook(session, owner_of(rick), values(), other)
    create(rick)
    with pytest.raises(InvalidWebhook) as refused, writing():
        subscriptions.create(session, owner_of(rick), for_new)
    assert refused.value.errors["subscriberUrl"].startswith("You already have a webhook for this URL that gets")
    with pytest.raises(InvalidWebhook), writing():
        subscriptions.update(session, other, for_other)


def test_a_template_that_is_not_in_use_stays_as_somebody_else_has_changed_it_meanwhile(rick, session):
    webhook = create(rick, payload_format="custom", payload_template='{"a": 1}')
    checked = subscriptions.check_webhook(session, owner_of(rick), values(payload_format="default"), webhook)
    update(webhook, payload_format="custom", payload_template='{"b": 2}')
    with writing():
        subscriptions.update(session, webhook, checked)
    assert (webhook.payload_format, webhook.payload_template) == ("default", '{"b": 2}')


def test_a_template_is_kept_in_the_content_type_that_it_was_proved_for(rick, session):
    webhook = create(rick, content_type="text/plain")
    typed = values(payload_format="custom", payload_template="Hello")
    checked = subscriptions.check_webhook(session, owner_of(rick), typed, webhook)
    update(webhook, content_type="application/json")
    with writing():
        subscriptions.update(session, webhook, checked)
    assert (webhook.payload_template, webhook.content_type) == ("Hello", "text/plain")


def test_switching_off_and_on_is_remembered_with_its_reason(rick):
    webhook = create(rick)
    with writing() as session:
        subscriptions.set_active(session, webhook, False)
    assert webhook.endpoint.inactive_reason == "owner"
    assert webhook.endpoint.inactive_since is not None
    with writing() as session:
        subscriptions.set_active(session, webhook, True)
    assert (webhook.endpoint.active, webhook.endpoint.inactive_reason) == (True, None)


def test_deleting_a_webhook_drops_what_waits_and_its_keys(rick, session: Session):
    webhook = create(rick, secret="s")
    delivery = create_delivery(webhook.endpoint, create_event(rick))
    with writing() as writer:
        subscriptions.delete(writer, webhook)
    session.expire_all()
    assert session.scalars(select(Webhook)).all() == []
    assert session.scalars(select(SigningKey)).all() == []
    assert session.scalars(select(Endpoint)).one().deleted_at is not None
    assert session.get_one(Delivery, delivery.id).state == DeliveryState.DROPPED


def test_everybody_sees_their_own_webhooks_alone(rick, session):
    mine, sue = create(rick), create_user("sue")
    hers = create(sue)
    assert subscriptions.list_webhooks(session, owner_of(rick)) == [mine]
    assert subscriptions.find_webhook(session, owner_of(rick), mine.id) is mine
    assert subscriptions.find_webhook(session, owner_of(rick), hers.id) is None
    assert subscriptions.find_webhook(session, owner_of(rick), 10**6) is None

"""Tests of the presets in the webhook box."""

from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks.accounts.models import User
from calhooks.db import db
from calhooks.webhooks.editor.presets import PRESETS, Preset, find_preset
from calhooks.webhooks.settings.subscriptions import list_webhooks
from tests import factories
from tests.web import pages

NEW = "/integrations/webhooks/new"
SLACK = "https://hooks.slack.com/services/T0/B0/x"
OFFER = "This is an address of"


@pytest.fixture
def rick(app: Flask, client: FlaskClient) -> User:
    """An account whose person the client is."""
    with app.app_context():
        user = factories.create_user("rick")
    pages.sign_in(client, user)
    return user


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_a_preset_fills_the_box_and_can_be_saved_as_it_is(
    app: Flask, client: FlaskClient, rick: User, preset: Preset, headers: dict[str, str]
) -> None:
    typed = {"subscriberUrl": "https://example.com/x", "preset": preset.key}
    answer = pages.submit(client, NEW, typed, headers=headers)
    assert answer.status_code == 200
    assert preset.how_to in unescape(answer.text)
    form = pages.post_form(answer, NEW)
    assert form.fields["subscriberUrl"] == "https://example.com/x"
    assert form.fields["payloadFormat"] == ("custom" if preset.template else "default")
    assert client.post(NEW, data=form.fields).status_code == 303
    with app.app_context():
        (webhook,) = list_webhooks(db.session(), rick.id)
        if preset.template:
            assert (webhook.payload_template, webhook.content_type) == (preset.template, preset.content_type)
        assert webhook.headers == [list(pair) for pair in preset.headers]


def test_a_preset_keeps_headers_of_the_same_name(client: FlaskClient, rick: User) -> None:
    typed = {"headerName": ["title", ""], "headerValue": ["mine", ""], "headerSecret": ["", ""], "preset": "ntfy"}
    fields = pages.post_form(pages.submit(client, NEW, typed)).fields
    assert fields.getlist("headerName")[:3] == ["title", "Tags", "Click"]
    assert fields.getlist("headerValue")[0] == "mine"


def test_an_unknown_preset_changes_nothing(client: FlaskClient, rick: User) -> None:
    answer = pages.submit(client, NEW, {"preset": "nothing"})
    assert pages.post_form(answer).fields["payloadFormat"] == "default"


def test_the_address_of_a_known_service_offers_its_preset(client: FlaskClient, rick: User) -> None:
    assert f"{OFFER} <span data-preset-name></span>" in client.get(NEW).text
    wrong = pages.submit(client, NEW, {"subscriberUrl": SLACK, "eventTriggers": []})
    assert f"<span>{OFFER} <span data-preset-name>Slack</span>" in wrong.text
    slack = find_preset("slack")
    assert slack is not None
    assert slack.template is not None
    typed = {"payloadFormat": "custom", "payloadTemplate": slack.template}
    filled = pages.submit(client, NEW, {"subscriberUrl": SLACK, "eventTriggers": [], **typed})
    assert f"<span hidden>{OFFER}" in filled.text

"""Tests of the presets in the webhook box."""

from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.db import db
from calhooks.webhooks.editor.presets import PRESETS, Preset, find_preset
from calhooks.webhooks.settings.subscriptions import list_webhooks
from tests.web import pages

NEW = "/integrations/webhooks/new"
SLACK = "https://hooks.slack.com/services/T0/B0/x"
OFFER = "This is an address of"


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_a_preset_fills_the_box_and_can_be_saved_as_it_is(
    app: Flask, owner: FlaskClient, rick: User, preset: Preset, headers: dict[str, str]
) -> None:
    typed = {"subscriberUrl": "https://example.com/x", "preset": preset.key}
    answer = pages.submit(owner, NEW, typed, headers=headers)
    assert answer.status_code == 200
    assert preset.how_to in unescape(answer.text)
    form = pages.post_form(answer, NEW)
    assert form.fields["subscriberUrl"] == "https://example.com/x"
    assert form.fields["payloadFormat"] == ("custom" if preset.template else "default")
    assert owner.post(NEW, data=form.fields).status_code == 303
    with app.app_context():
        (webhook,) = list_webhooks(db.session(), owner_of(rick))
        if preset.template:
            assert (webhook.payload_template, webhook.content_type) == (preset.template, preset.content_type)
        assert webhook.headers == [list(pair) for pair in preset.headers]


def test_a_preset_keeps_headers_of_the_same_name(owner: FlaskClient) -> None:
    typed = {"headerName": ["title", ""], "headerValue": ["mine", ""], "headerSecret": ["", ""], "preset": "ntfy"}
    fields = pages.post_form(pages.submit(owner, NEW, typed)).fields
    assert fields.getlist("headerName")[:3] == ["title", "Tags", "Click"]
    assert fields.getlist("headerValue")[0] == "mine"


def test_an_unknown_preset_changes_nothing(owner: FlaskClient) -> None:
    answer = pages.submit(owner, NEW, {"preset": "nothing"})
    assert pages.post_form(answer).fields["payloadFormat"] == "default"


def test_the_address_of_a_known_service_offers_its_preset(owner: FlaskClient) -> None:
    assert f"{OFFER} <span data-preset-name></span>" in owner.get(NEW).text
    wrong = pages.submit(owner, NEW, {"subscriberUrl": SLACK, "eventTriggers": []})
    assert f"<span>{OFFER} <span data-preset-name>Slack</span>" in wrong.text
    slack = find_preset("slack")
    assert slack is not None
    assert slack.template is not None
    typed = {"payloadFormat": "custom", "payloadTemplate": slack.template}
    filled = pages.submit(owner, NEW, {"subscriberUrl": SLACK, "eventTriggers": [], **typed})
    assert f"<span hidden>{OFFER}" in filled.text

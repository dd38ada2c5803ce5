"""Tests of what the webhook box asks besides the contract's fields: content type, headers, event types."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.db import db
from calhooks.scheduling.models.event_types import EventType
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings.subscriptions import list_webhooks
from tests import factories
from tests.web import pages
from tests.web.markup import elements

pytestmark = pytest.mark.usefixtures("interview")

NEW = "/integrations/webhooks/new"
URL = "https://example.com/hook"
FORM = "application/x-www-form-urlencoded"
LATER = ["contentType", "headerName", "headerValue", "headerSecret", "scope", "eventTypes", "rateLimit"]
# A webhook with a template, for one of the event types.
CUSTOM = {
    "payloadFormat": "custom",
    "payloadTemplate": "a={{title}}",
    "contentType": FORM,
    "scope": "chosen",
    "eventTypes": ["2"],
}


@pytest.fixture
def interview(app: Flask, rick: User, event_type: EventType) -> EventType:
    """Rick's second event type."""
    with app.app_context():
        return factories.create_event_type(rick, slug="interview", title="Interview")


def kept(app: Flask, owner: User) -> Webhook:
    with app.app_context():
        (webhook,) = list_webhooks(db.session(), owner_of(owner))
        return webhook


def edit(app: Flask, owner: User) -> str:
    return f"/integrations/webhooks/{kept(app, owner).id}/edit"


def make(client: FlaskClient, **typed: object) -> None:
    answer = pages.submit(client, NEW, {"subscriberUrl": URL, **typed})  # type: ignore[dict-item]
    assert answer.status_code == 303, answer.text


def test_everything_is_kept_and_shown_again(app: Flask, owner: FlaskClient, rick: User) -> None:
    make(owner, **CUSTOM, headerName=["X-Uid", ""], headerValue=["{{uid}}", ""], headerSecret=["", ""])
    webhook = kept(app, rick)
    assert (webhook.content_type, webhook.event_type_ids, webhook.headers) == (FORM, [2], [["X-Uid", "{{uid}}"]])
    form = pages.post_form(owner.get(edit(app, rick)))
    assert form.fields["contentType"] == FORM
    assert (form.fields["scope"], form.fields.getlist("eventTypes")) == ("chosen", ["2"])
    assert form.fields.getlist("headerName") == ["X-Uid", "", ""]
    assert "1 event type" in owner.get("/integrations").text


def test_a_form_without_these_fields_keeps_what_is_stored(app: Flask, owner: FlaskClient, rick: User) -> None:
    make(owner, **CUSTOM, headerName=["X-Uid", "X-Key"], headerValue=["{{uid}}", "hush"], headerSecret=["", "y"])
    without = dict.fromkeys(LATER)
    assert pages.submit(owner, edit(app, rick), {"active": None, **without}).status_code == 303
    webhook = kept(app, rick)
    assert (webhook.content_type, webhook.event_type_ids, webhook.headers) == (FORM, [2], [["X-Uid", "{{uid}}"]])
    assert not webhook.endpoint.active
    with app.app_context():
        assert db.session.merge(webhook).endpoint.secret_headers == [["X-Key", "hush"]]


def test_a_form_without_these_fields_makes_a_webhook_with_their_defaults(
    app: Flask, owner: FlaskClient, rick: User
) -> None:
    make(owner, **dict.fromkeys(LATER))
    webhook = kept(app, rick)
    assert (webhook.content_type, webhook.event_type_ids, webhook.headers) == ("application/json", None, [])


def test_a_row_that_is_emptied_is_gone(app: Flask, owner: FlaskClient, rick: User) -> None:
    make(owner, headerName=["X-Uid"], headerValue=["{{uid}}"], headerSecret=[""])
    pages.submit(owner, edit(app, rick), {"headerName": [""], "headerValue": [""], "headerSecret": [""]})
    assert kept(app, rick).headers == []


def test_a_secret_value_is_never_shown_again(app: Flask, owner: FlaskClient, rick: User) -> None:
    make(owner, headerName=["Authorization"], headerValue=["Bearer hush-hush"], headerSecret=[""])
    page = owner.get(edit(app, rick))
    assert "hush-hush" not in page.text
    assert "Leave empty to keep the current value" in page.text
    moved = pages.submit(owner, edit(app, rick), {"subscriberUrl": "https://other.example/"}, follow_redirects=True)
    assert "Webhook saved, without Authorization: a secret stays with its server." in moved.text


def test_a_wrong_header_is_said_at_its_row_and_nothing_typed_is_lost(owner: FlaskClient) -> None:
    typed = {
        "subscriberUrl": URL,
        "headerName": ["X-A", "Host"],
        "headerValue": ["1", "evil"],
        "headerSecret": ["", ""],
    }
    answer = pages.submit(owner, NEW, typed)
    assert answer.status_code == 422
    assert "Host cannot be set: it comes from the address." in answer.text
    form = pages.post_form(answer)
    assert form.fields.getlist("headerName")[:2] == ["X-A", "Host"]
    assert form.fields.getlist("headerValue")[:2] == ["1", "evil"]


def test_each_wrong_header_has_its_sentence_and_the_summary_leads_to_the_first(owner: FlaskClient) -> None:
    typed = {"headerName": ["X-A", "Host", "X A"], "headerValue": ["1", "2", "3"], "headerSecret": ["", "", ""]}
    answer = pages.submit(owner, NEW, {"subscriberUrl": URL, **typed})
    found = elements(answer)
    wrong = [element for element in found if element.get("name") == "headerName" and element.get("aria-invalid")]
    assert [(element["value"], element.get("id")) for element in wrong] == [("Host", "headers"), ("X A", None)]
    ids = [element["id"] for element in found if element.get("id")]
    assert len(set(ids)) == len(ids)
    assert {element["aria-describedby"] for element in wrong} <= set(ids)


def test_another_row_is_added_without_javascript(owner: FlaskClient) -> None:
    typed = {"headerName": ["X-A"], "headerValue": ["1"], "headerSecret": ["y"], "addHeader": "y"}
    answer = pages.submit(owner, NEW, typed)
    assert answer.status_code == 200
    assert pages.post_form(answer).fields.getlist("headerName") == ["X-A", "", ""]


@pytest.mark.parametrize("chosen", [[], ["99"], ["x"]])
def test_chosen_event_types_are_some_of_ones_own(owner: FlaskClient, chosen: list[str]) -> None:
    answer = pages.submit(owner, NEW, {"subscriberUrl": URL, "scope": "chosen", "eventTypes": chosen})
    assert answer.status_code == 422
    assert "Choose at least one event type." in answer.text


@pytest.mark.parametrize(
    ("typed", "limit", "shown"),
    [("5", 5.0, "5"), (" 2,5 ", 2.5, "2.5"), ("0.1", 0.1, "0.1"), (",5", 0.5, "0.5"), ("1000", 1000.0, "1000")],
)
def test_a_limit_of_requests_a_second_is_kept_and_can_be_lifted(
    app: Flask, owner: FlaskClient, rick: User, typed: str, limit: float, shown: str
) -> None:
    make(owner, rateLimit=typed)
    assert kept(app, rick).endpoint.rate_limit == limit
    assert pages.post_form(owner.get(edit(app, rick))).fields["rateLimit"] == shown
    assert f"At most {shown} a second" in owner.get(f"/integrations/webhooks/{kept(app, rick).id}").text
    assert pages.submit(owner, edit(app, rick), {"rateLimit": None}).status_code == 303
    assert kept(app, rick).endpoint.rate_limit == limit
    assert pages.submit(owner, edit(app, rick), {"rateLimit": ""}).status_code == 303
    assert kept(app, rick).endpoint.rate_limit is None


@pytest.mark.parametrize(
    "typed", ["0", "0.05", "1000.5", "1,000", "1.000", "-1", "1e2", "nan", "inf", "٣", "5/s", "1" * 400]
)
def test_what_is_no_limit_is_said_at_the_field(app: Flask, owner: FlaskClient, rick: User, typed: str) -> None:
    answer = pages.submit(owner, NEW, {"subscriberUrl": URL, "rateLimit": typed})
    assert answer.status_code == 422
    assert 'id="rateLimit-error"' in answer.text
    with app.app_context():
        assert list_webhooks(db.session(), owner_of(rick)) == []

"""Names of webhooks wherever one is told of, and copying one without its secrets."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.webhooks.models import Webhook
from tests import factories
from tests.web import pages

LIST, NEW = "/integrations", "/integrations/webhooks/new"
URL = "https://example.com/hook"
SECRET = "whsec_bmV3IHNlY3JldA=="
NOT_COPIED = "The secret and secret header values are not copied."


@pytest.fixture
def webhook(app: Flask, rick: User) -> Webhook:
    """A webhook with a secret, a header, a secret header and a template."""
    with app.app_context():
        values = {"payload_format": "custom", "payload_template": '{"text": "{{title}}"}', "headers": [["X-Tag", "a"]]}
        webhook = factories.create_webhook(rick, URL, SECRET, **values)
        with writing() as session:
            endpoint = session.get_one(Endpoint, webhook.endpoint_id)
            endpoint.secret_headers = [["X-Key", "do not tell"]]
            endpoint.name, endpoint.rate_limit = "Slack", 2.5
        return webhook


def newest(app: Flask) -> Webhook:
    with app.app_context():
        webhook = db.session.scalars(select(Webhook).order_by(Webhook.id.desc())).first()
        assert webhook
        assert webhook.endpoint.keys is not None
        return webhook


def test_a_name_is_kept_and_shown_first_on_every_page(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    edit, log = f"{LIST}/webhooks/{webhook.id}/edit", f"{LIST}/webhooks/{webhook.id}"
    pages.submit(owner, edit, {"name": "  New  bookings <b> "})
    shown = "New bookings &lt;b&gt;"
    assert f">{shown}</a>" in owner.get(LIST).text
    page = owner.get(log).text
    assert f"<title>{shown} · calhooks</title>" in page
    assert f"Deliveries to </span>{shown}</h1>" in page
    for path in ("delete", "given-up", "replay", "pause", "test"):
        assert shown in owner.get(f"{log}/{path}").text
    pages.submit(owner, edit, {"name": ""})
    assert f"Deliveries to </span>{URL}</h1>" in owner.get(log).text


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("x" * 101, "Use at most 100 characters."),
        ("two\nlines", "The name must be one line, without control characters."),
        ("a\tb", "The name must be one line, without control characters."),
    ],
)
def test_a_name_that_cannot_be_kept_is_refused_at_its_field(
    owner: FlaskClient, webhook: Webhook, name: str, sentence: str
) -> None:
    refused = pages.submit(owner, f"{LIST}/webhooks/{webhook.id}/edit", {"name": name})
    assert refused.status_code == 422
    assert f'<a href="#name">Name</a>: {sentence}' in refused.text


def test_a_form_without_a_name_keeps_it(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    pages.submit(owner, f"{LIST}/webhooks/{webhook.id}/edit", {"name": None})
    assert newest(app).endpoint.name == "Slack"


def test_a_copy_has_everything_but_what_is_secret(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    copy = f"{NEW}?copy={webhook.id}"
    page = owner.get(copy)
    assert "Copied from Slack. " + NOT_COPIED in page.text
    fields = pages.post_form(page).fields
    assert (fields["name"], fields["subscriberUrl"], fields["secret"]) == ("Slack (copy)", URL, "")
    assert (fields["payloadTemplate"], fields["rateLimit"]) == ('{"text": "{{title}}"}', "2.5")
    assert fields.getlist("headerName")[:2] == ["X-Tag", "X-Key"]
    assert SECRET not in page.text
    assert "do not tell" not in page.text


def test_a_copy_has_no_key_pair_and_says_so(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    with app.app_context():
        public_key = factories.create_key_pair(db.session.get_one(Endpoint, webhook.endpoint_id)).public_key
    copy = f"{NEW}?copy={webhook.id}"
    page = owner.get(copy)
    assert "The secret, key pair and secret header values are not copied." in page.text
    assert public_key not in page.text
    pages.submit(owner, copy, {"subscriberUrl": f"{URL}/2", "headerName": [], "headerValue": [], "headerSecret": []})
    with app.app_context():
        made = newest(app).endpoint_id
        assert made != webhook.endpoint_id
        assert db.session.get_one(Endpoint, made).key_pairs == []


def test_a_copy_that_is_refused_keeps_the_notice_and_says_what_both_get(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    copy = f"{NEW}?copy={webhook.id}"
    refused = pages.submit(owner, copy, {"headerName": [], "headerValue": [], "headerSecret": []})
    assert refused.status_code == 422
    assert NOT_COPIED in refused.text
    assert (
        "You already have a webhook for this URL, “Slack”, that gets Booking created, Booking rescheduled and"
        " Booking cancelled. Choose other events or event types."
    ) in refused.text
    made = pages.submit(
        owner, copy, {"headerName": [], "headerValue": [], "headerSecret": [], "eventTriggers": ["MEETING_ENDED"]}
    )
    assert made.location == LIST
    copied = newest(app)
    assert (copied.triggers, copied.endpoint.name, copied.endpoint.keys) == (["MEETING_ENDED"], "Slack (copy)", [])


def test_the_value_of_a_secret_header_is_asked_for(owner: FlaskClient, webhook: Webhook) -> None:
    refused = pages.submit(owner, f"{NEW}?copy={webhook.id}", {"subscriberUrl": "https://example.com/other"})
    assert refused.status_code == 422
    assert "X-Key" in refused.text
    assert "already have a webhook" not in refused.text


def test_a_long_name_is_shortened_for_its_copy_and_a_host_stands_in_for_none(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    for name, copied in (("x" * 100, "x" * 93 + " (copy)"), ("", "example.com (copy)")):
        with app.app_context(), writing() as session:
            session.get_one(Endpoint, webhook.endpoint_id).name = name
        assert pages.post_form(owner.get(f"{NEW}?copy={webhook.id}")).fields["name"] == copied


@pytest.mark.parametrize("number", ["0", "999999", "x", "99999999999999999999"])
def test_nothing_cannot_be_copied(owner: FlaskClient, number: str) -> None:
    assert owner.get(f"{NEW}?copy={number}").status_code == 404


def test_a_copy_of_what_was_deleted_meanwhile_is_still_saved(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    copy = f"{NEW}?copy={webhook.id}"
    fields = pages.post_form(owner.get(copy)).fields
    for name in ("headerName", "headerValue", "headerSecret"):
        fields.poplist(name)
    pages.submit(owner, f"{LIST}/webhooks/{webhook.id}/delete")
    assert owner.post(copy, data=fields).location == LIST
    assert newest(app).endpoint.name == "Slack (copy)"


def test_another_account_s_webhook_cannot_be_copied(app: Flask, owner: FlaskClient) -> None:
    with app.app_context():
        other = factories.create_webhook(factories.create_user("sue"), "https://sue.example/hook")
    assert owner.get(f"{NEW}?copy={other.id}").status_code == 404

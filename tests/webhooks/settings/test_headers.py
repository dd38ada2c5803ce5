"""Headers of a webhook's own: what may stand in them, who may read them, and what the receiver gets."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from calhooks.accounts.owners import owner_of
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Attempt, Delivery, DeliveryState
from calhooks.delivery.sending.headers import HIDDEN, RESERVED_HEADERS
from calhooks.events import Trigger
from calhooks.webhooks.body.samples import sample_event
from calhooks.webhooks.dispatch import dispatch
from calhooks.webhooks.resend import resend
from calhooks.webhooks.settings import subscriptions
from calhooks.webhooks.settings.headers import TypedHeader
from calhooks.webhooks.settings.ping import ping
from calhooks.webhooks.settings.subscriptions import InvalidWebhook, WebhookValues
from tests.delivery.helpers import deliver
from tests.delivery.receivers import receiving
from tests.factories import create_webhook

TOKEN = "Bearer s3cr3t-token"
AUTHORIZATION = TypedHeader("Authorization", TOKEN)


def values(url="https://example.com/hook", **typed):
    return WebhookValues(**({"subscriber_url": url, "triggers": ["BOOKING_CREATED"]} | typed))


def make(owner, url="https://example.com/hook", **typed):
    checked = subscriptions.check_webhook(db.session(), owner_of(owner), values(url, **typed))
    with writing() as session:
        return subscriptions.create(session, owner_of(owner), checked)


def change(webhook, url, **typed):
    stored = db.session().merge(webhook)
    checked = subscriptions.check_webhook(db.session(), stored.belongs_to, values(url, **typed), stored)
    with writing() as session:
        return subscriptions.update(session, stored, checked)


def tell(owner, **changes):
    with writing() as session:
        dispatch(session, replace(sample_event(Trigger.BOOKING_CREATED), host_id=owner.id, **changes))


def refusal(owner, *rows):
    with pytest.raises(InvalidWebhook) as caught:
        make(owner, headers=rows)
    return caught.value.errors


def test_values_may_use_variables_and_are_kept_with_the_delivery(rick, session):
    make(rick, headers=[TypedHeader("X-User", "{{metadata.user_id}}"), TypedHeader("Title", "{{title}}!")])
    tell(rick)
    delivery = session.scalars(select(Delivery)).one()
    assert delivery.headers == [["X-User", "123"], ["Title", "Quick chat!"]]


def test_a_header_without_a_value_is_left_out(rick, session):
    make(rick, headers=[TypedHeader("X-Reason", "{{cancellationReason}}")])
    tell(rick)
    assert session.scalars(select(Delivery)).one().headers == []


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x01", "\x0b", "\x85", "\u2028"])
def test_no_value_begins_another_header(rick, session, end):
    with receiving() as receiver:
        webhook = make(rick, receiver.url, headers=[TypedHeader("X-Title", "{{title}}")])
        tell(rick, title=f"Call{end}X-Admin: 1{end}{end}body")
        delivery = session.scalars(select(Delivery)).one()
        assert delivery.headers[0][1].startswith("Call X-Admin: 1")
        ping(session, owner_of(rick), values(receiver.url, headers=None), webhook)
        assert "x-admin" not in receiver.received[0].headers


@pytest.mark.parametrize("name", sorted(RESERVED_HEADERS))
def test_a_reserved_header_is_refused_with_the_reason(rick, name):
    (error,) = refusal(rick, TypedHeader(name.title(), "x")).values()
    assert error == f"{name.title()} cannot be set: {RESERVED_HEADERS[name]}"


@pytest.mark.parametrize("name", ["X Y", "X:Y", "Größe", "X\r\nY", "", "x" * 101])
def test_what_is_no_name_is_refused_at_its_row(rick, name):
    errors = refusal(rick, TypedHeader("X-Good", "1"), TypedHeader(name, "x"))
    assert list(errors) == ["headers.1"]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (TypedHeader("X-A", ""), "Enter a value"),
        (TypedHeader("X-A", "{{title"), "never closed"),
        (TypedHeader("X-A", "{{frobnicate title}}"), "no helper"),
        (TypedHeader("X-A", "a\r\nb"), "one line"),
        (TypedHeader("X-A", "x" * 5000), "4,000"),
        (TypedHeader("Authorization", "Bearer {{metadata.token}}"), "no variable"),
        (TypedHeader("Authorization", ""), "Enter a value"),
    ],
)
def test_a_value_that_cannot_be_sent_is_refused(rick, row, sentence):
    assert sentence in refusal(rick, row)["headers.0"]


def test_a_name_stands_once(rick):
    assert "twice" in refusal(rick, TypedHeader("X-A", "1"), TypedHeader("x-a", "2"))["headers.1"]


def test_blank_rows_say_nothing(rick):
    assert make(rick, headers=[TypedHeader("", ""), TypedHeader(" ", " ")]).headers == []


def test_a_header_that_grows_too_long_is_a_failed_delivery_with_its_reason(rick, session):
    make(rick, headers=[TypedHeader("X-Notes", "{{additionalNotes}}")])
    tell(rick, additional_notes="x" * 5000)
    delivery = session.scalars(select(Delivery)).one()
    assert (delivery.state, delivery.error) == (
        DeliveryState.FAILED,
        "The header X-Notes would be longer than 4,000 characters.",
    )


def test_a_resend_renders_headers_where_there_were_none(rick, session):
    webhook = make(rick, headers=[TypedHeader("X-Notes", "{{additionalNotes}}")])
    tell(rick, additional_notes="x" * 5000)
    change(webhook, "https://example.com/hook", headers=[TypedHeader("X-Uid", "{{uid}}")])
    with writing() as writer:
        delivery = writer.scalars(select(Delivery)).one()
        resend(writer, delivery)
        assert delivery.headers == [["X-Uid", "bFJeNb2uX8ANpT3JL5EfXw"]]


def test_the_receiver_gets_them_and_the_log_hides_what_is_secret(rick, session):
    with receiving() as receiver:
        rows = [AUTHORIZATION, TypedHeader("X-Mine", "hush", secret=True), TypedHeader("X-Who", "Zoë {{uid}}")]
        result = ping(session, owner_of(rick), values(receiver.url, headers=rows)).result
        (request,) = receiver.received
    assert request.headers["authorization"] == TOKEN
    assert request.headers["x-mine"] == "hush"
    assert request.headers["x-who"].encode("latin-1").decode() == "Zoë bFJeNb2uX8ANpT3JL5EfXw"
    shown = dict(result.request_headers)
    assert (shown["Authorization"], shown["X-Mine"]) == (HIDDEN, HIDDEN)
    assert shown["X-Who"] == "Zoë bFJeNb2uX8ANpT3JL5EfXw"


def test_an_attempt_sends_the_secret_of_now_and_records_none(rick, session):
    with receiving() as receiver:
        webhook = make(rick, receiver.url, headers=[AUTHORIZATION, TypedHeader("X-Uid", "{{uid}}")])
        tell(rick)
        change(webhook, receiver.url, headers=[TypedHeader("Authorization", "Bearer new"), TypedHeader("X-Uid", "no")])
        deliver()
        (request,) = receiver.received
    assert request.headers["authorization"] == "Bearer new"
    assert request.headers["x-uid"] == "bFJeNb2uX8ANpT3JL5EfXw"
    session.expire_all()
    attempt = session.scalars(select(Attempt)).one()
    assert ["Authorization", HIDDEN] in attempt.request_headers


def test_an_empty_secret_value_keeps_what_is_stored(rick):
    webhook = make(rick, headers=[AUTHORIZATION])
    assert change(webhook, "https://example.com/other", headers=[TypedHeader("authorization", "")]) == []
    db.session.expire_all()
    assert webhook.endpoint.secret_headers == [["authorization", TOKEN]]


@pytest.mark.parametrize("rows", [None, [TypedHeader("Authorization", "")]])
@pytest.mark.parametrize(
    "url", ["https://evil.example/hook", "http://example.com/hook", "https://example.com:8443/hook"]
)
def test_a_secret_does_not_go_to_another_server(rick, session, url, rows):
    webhook = make(rick, headers=[AUTHORIZATION, TypedHeader("X-Uid", "{{uid}}")])
    tell(rick)
    typed = rows and [*rows, TypedHeader("X-Uid", "{{uid}}")]
    assert change(webhook, url, headers=typed) == ["Authorization"]
    db.session.expire_all()
    assert webhook.endpoint.secret_headers == []
    assert webhook.headers == [["X-Uid", "{{uid}}"]]


def test_a_secret_that_is_typed_again_goes_along(rick):
    webhook = make(rick, headers=[AUTHORIZATION])
    assert change(webhook, "https://new.example/", headers=[TypedHeader("Authorization", "Bearer other")]) == []
    db.session.expire_all()
    assert webhook.endpoint.secret_headers == [["Authorization", "Bearer other"]]


def test_a_secret_that_was_removed_since_it_was_checked_is_asked_for(rick, session):
    webhook = make(rick, headers=[AUTHORIZATION])
    kept = values(headers=[TypedHeader("X-Who"), TypedHeader("Authorization", "", secret=True)])
    with pytest.raises(InvalidWebhook) as refused:
        subscriptions.check_webhook(session, owner_of(rick), kept, webhook)
    assert set(refused.value.errors) == {"headers.0"}

    kept = values(headers=[TypedHeader("X-Who", "Zoë"), TypedHeader("Authorization", "", secret=True)])
    checked = subscriptions.check_webhook(session, owner_of(rick), kept, webhook)
    change(webhook, webhook.endpoint.url, headers=[])
    with pytest.raises(InvalidWebhook) as refused, writing():
        subscriptions.update(session, webhook, checked)
    assert refused.value.errors == {"headers.1": "Enter a value for Authorization, or empty the row."}


def test_a_ping_to_another_server_carries_no_stored_secret(rick, session):
    with receiving() as receiver:
        webhook = make(rick, headers=[AUTHORIZATION])
        ping(session, owner_of(rick), values(receiver.url), webhook)
        assert "authorization" not in receiver.received[0].headers


def test_a_deleted_webhook_leaves_no_secret_behind(rick, session):
    webhook = make(rick, headers=[AUTHORIZATION])
    endpoint_id = webhook.endpoint_id
    with writing() as writer:
        subscriptions.delete(writer, writer.merge(webhook))
    session.expire_all()
    assert session.get(type(webhook.endpoint), endpoint_id).secret_headers == []


def test_only_chosen_event_types_are_told(rick, session):
    create_webhook(rick, scope="chosen", event_type_ids=[7])
    create_webhook(rick, event_type_ids=None)
    tell(rick, event_type_id=8)
    tell(rick, event_type_id=7)
    tell(rick, event_type_id=None)
    assert [delivery.endpoint_id for delivery in session.scalars(select(Delivery).order_by(Delivery.id))] == [
        2,
        1,
        2,
        2,
    ]

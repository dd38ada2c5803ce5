import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Delivery, DeliveryState, Event
from calhooks.events import BookingEvent, Trigger
from calhooks.webhooks import dispatch as module
from calhooks.webhooks.body.payload import build_payload
from calhooks.webhooks.body.samples import sample_event
from calhooks.webhooks.dispatch import dispatch, prepare_templates
from tests.factories import create_user, create_webhook

DOCUMENTED = (
    '{"content": "A new event has been scheduled", "type": "{{type}}", "name": "{{title}}", '
    '"organizer": "{{organizer.name}}", "booker": "{{attendees.0.name}}"}'
)


def created(host: User, **changes: Any) -> BookingEvent:
    return replace(sample_event(Trigger.BOOKING_CREATED), host_id=host.id, **changes)


def tell(event: BookingEvent) -> None:
    with writing() as session:
        dispatch(session, event)


def deliveries(session: Session) -> list[Delivery]:
    session.expire_all()
    return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def test_each_active_webhook_that_asked_is_owed_the_default_body(rick, session):
    webhook = create_webhook(rick)
    event = created(rick)
    tell(event)
    [delivery] = deliveries(session)
    assert delivery.endpoint_id == webhook.endpoint_id
    assert (delivery.state, delivery.content_type) == (DeliveryState.DUE, "application/json")
    assert delivery.body is None
    assert delivery.sent_body == delivery.event.payload
    assert json.loads(delivery.sent_body) == build_payload(event, "http://localhost")


def test_no_secret_is_decrypted_to_say_what_is_owed(rick, session, monkeypatch):
    create_webhook(rick)
    monkeypatch.setattr("calhooks.encryption.columns.Encrypted.unseal", None)
    prepare_templates(db.session(), [owner_of(rick)])
    tell(created(rick))
    assert [delivery.state for delivery in deliveries(session)] == [DeliveryState.DUE]


def test_nobody_else_is_owed_anything(rick, session):
    create_webhook(rick, triggers=["BOOKING_CANCELLED"])
    create_webhook(create_user("sue"))
    off, deleted = create_webhook(rick), create_webhook(rick)
    with writing() as writer:
        off.endpoint.active = False
        deleted.endpoint.deleted_at = off.created_at
        writer.add_all([off, deleted])
    tell(created(rick))
    assert deliveries(session) == []


def test_the_event_is_recorded_even_when_nobody_listens(rick, session):
    event = created(rick, attendees=(replace(sample_event(Trigger.PING).attendees[1], name=""),))
    tell(event)
    record = session.scalars(select(Event)).one()
    assert (record.trigger, record.subject, record.sequence_key) == ("BOOKING_CREATED", event.uid, event.sequence_key)
    assert record.summary == "Quick chat with bob@example.com"
    assert record.occurred_at == event.occurred_at
    assert record.message_id.startswith("msg_")


def test_a_custom_template_is_the_whole_body(rick, session):
    create_webhook(rick, payload_format="custom", payload_template=DOCUMENTED)
    tell(created(rick, title='The "big"\none'))
    [delivery] = deliveries(session)
    assert json.loads(delivery.sent_body) == {
        "content": "A new event has been scheduled",
        "type": "quick-chat",
        "name": 'The "big"\none',
        "organizer": "Rick",
        "booker": "Ann Lee",
    }
    assert json.loads(delivery.event.payload)["payload"]["title"] == 'The "big"\none'


def test_a_body_is_sent_as_its_webhook_says(rick, session):
    form = "application/x-www-form-urlencoded"
    create_webhook(rick, payload_format="custom", payload_template="who={{attendees.0.name}}", content_type=form)
    create_webhook(rick, payload_format="custom", payload_template="Hi {{title}}", content_type="text/plain")
    create_webhook(rick, payload_format="default", content_type="text/plain")
    tell(created(rick))
    sent = [(delivery.content_type, delivery.sent_body[:16]) for delivery in deliveries(session)]
    assert sent == [
        (form, b"who=Ann%20Lee"),
        ("text/plain", b"Hi Quick chat"),
        ("application/json", b'{"triggerEvent":'),
    ]


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ('{"a": "{{title"}', "The template gave no body. Line 1, column 8"),
        ('"' + "{{additionalNotes}}" * 3000 + '"', "grows past 256 KiB"),
    ],
)
def test_a_template_that_fails_is_a_failed_delivery_with_its_reason_and_the_booking_stands(
    rick, session, template, reason
):
    create_webhook(rick, payload_format="custom", payload_template=template)
    create_webhook(rick)
    tell(created(rick, additional_notes="x" * 100))
    failed, healthy = deliveries(session)
    assert (failed.state, failed.body) == (DeliveryState.FAILED, None)
    assert reason in failed.error
    assert healthy.state == DeliveryState.DUE


def test_even_a_fault_of_ours_cannot_fail_the_booking(rick, session, monkeypatch, caplog):
    create_webhook(rick)
    monkeypatch.setattr(module, "render_headers", lambda *_args: 1 / 0)
    tell(created(rick))
    [failed] = deliveries(session)
    assert failed.state == DeliveryState.FAILED
    assert "its log says how" in failed.error
    assert "division by zero" in caplog.text


def test_nothing_is_owed_when_the_caller_changes_its_mind(rick, session):
    create_webhook(rick)

    def book_and_fail() -> None:
        with writing() as writer:
            dispatch(writer, created(rick))
            raise RuntimeError("the slot is taken")

    with pytest.raises(RuntimeError):
        book_and_fail()
    assert deliveries(session) == []
    assert session.scalars(select(Event)).all() == []


def test_later_events_of_a_booking_wait_for_earlier_ones(rick, session):
    create_webhook(rick)
    tell(created(rick))
    tell(replace(created(rick), trigger=Trigger.BOOKING_CANCELLED))
    tell(created(rick, sequence_key="another booking"))
    assert [delivery.state for delivery in deliveries(session)] == ["due", "blocked", "due"]


def test_fifty_webhooks_take_no_more_statements_than_one(rick):
    def statements() -> int:
        seen: list[str] = []

        def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
            seen.append(statement)

        sqlalchemy_event.listen(db.engine, "before_cursor_execute", note)
        tell(created(rick, sequence_key=f"{len(seen)}"))
        sqlalchemy_event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    create_webhook(rick)
    one = statements()
    for _ in range(49):
        create_webhook(rick)
    assert statements() <= one + 2


def test_a_secret_header_that_cannot_be_decrypted_costs_no_booking(rick, session):
    webhook = create_webhook(rick)
    with writing() as writer:
        writer.execute(text("UPDATE endpoints SET secret_headers = 'damaged'"))
    tell(created(rick))
    assert [delivery.endpoint_id for delivery in deliveries(session)] == [webhook.endpoint_id]

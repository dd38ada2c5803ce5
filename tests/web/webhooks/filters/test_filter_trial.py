"""A filter tried on recent bookings while it is built, by the ping test, and in a booking's history."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, event
from werkzeug.test import TestResponse

from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Event
from calhooks.events import Trigger
from calhooks.scheduling.bookings.events import announce_booking
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType
from calhooks.webhooks.models import Webhook
from tests import factories
from tests.delivery.receivers import receiving
from tests.web import pages

NEW = "/integrations/webhooks/new"
TRIAL = "/integrations/webhooks/filter"
PING = "/integrations/webhooks/ping"
HTMX = {"HX-Request": "true"}
START = datetime(2026, 12, 1, 10, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PLAN_IS_PRO = {"filterVariable": ["metadata.plan"], "filterOperator": ["is"], "filterValue": ["pro"]}


def book(app: Flask, event_type: EventType, day: int, **metadata: str) -> Booking:
    """Make a booking, and tell webhooks of it."""
    with app.app_context():
        booking = factories.create_booking(event_type, START + timedelta(days=day), metadata_=metadata)
        return announce(app, booking, Trigger.BOOKING_CREATED)


def announce(app: Flask, booking: Booking, trigger: Trigger, **changes: object) -> Booking:
    with app.app_context(), writing() as session:
        booking = session.get_one(Booking, booking.id)
        for name, value in changes.items():
            setattr(booking, name, value)
        announce_booking(session, booking, trigger, NOW)
        return booking


def typed_form(client: FlaskClient, **typed: object) -> object:
    form = pages.post_form(client.get(NEW))
    for name, value in (PLAN_IS_PRO | typed).items():
        form.fields.setlist(name, value if isinstance(value, list) else [str(value)])
    return form.fields


def tried(client: FlaskClient, **typed: object) -> TestResponse:
    answer = client.post(TRIAL, data=typed_form(client, **typed), headers=HTMX)
    assert answer.status_code == 200
    return answer


def result(answer: TestResponse) -> str:
    found = re.search(r'data-testid="filter-result">(.*?)</p>', answer.text)
    assert found, answer.text
    return found[1]


def test_the_bookings_that_would_be_sent_are_counted_and_listed(
    app: Flask, owner: FlaskClient, event_type: EventType
) -> None:
    for day, plan in enumerate(["pro", "free", "pro"]):
        book(app, event_type, day, plan=plan)
    book(app, event_type, 3)
    answer = tried(owner)
    assert result(answer) == "2 of the last 4 bookings would be sent."
    assert (answer.text.count('aria-label="Sent"'), answer.text.count('aria-label="Not sent"')) == (2, 2)
    assert answer.text.count("Ann Lee") == 4
    assert "metadata.plan: free" in answer.text
    assert "metadata.plan: not set" in answer.text


def test_only_the_last_20_are_tried_with_as_many_statements_as_one(
    app: Flask, owner: FlaskClient, event_type: EventType
) -> None:
    def statements() -> int:
        seen = list[str]()
        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
        fields = typed_form(owner)
        del seen[:]
        owner.post(TRIAL, data=fields, headers=HTMX)
        return len(seen)

    book(app, event_type, 0, plan="pro")
    few = statements()
    for day in range(1, 24):
        book(app, event_type, day, plan="pro")
    assert statements() <= few
    assert result(tried(owner)) == "20 of the last 20 bookings would be sent."
    with app.app_context(), writing() as session:
        session.execute(delete(Event))
    # Without recorded events, the bookings are read whole: five statements more, however many they are.
    assert statements() <= few + 5
    assert result(tried(owner)) == "20 of the last 20 bookings would be sent."


def test_the_events_that_the_webhook_asks_for_are_tried(app: Flask, owner: FlaskClient, event_type: EventType) -> None:
    booking = book(app, event_type, 0)
    cancelled = {"status": BookingStatus.CANCELLED, "cancellation_reason": "ill", "cancelled_by": "ann@example.com"}
    announce(app, booking, Trigger.BOOKING_CANCELLED, **cancelled)
    rows = {"filterVariable": ["cancellationReason"], "filterOperator": ["contains"], "filterValue": ["ill"]}
    assert result(tried(owner, **rows)) == "Your last booking would be sent."
    assert result(tried(owner, **rows, eventTriggers=["BOOKING_CREATED"])) == "Your last booking would not be sent."


def test_event_types_that_the_webhook_does_not_get_are_left_out(
    app: Flask, owner: FlaskClient, rick: User, event_type: EventType
) -> None:
    with app.app_context():
        other = factories.create_event_type(rick, slug="other", title="Other")
    book(app, event_type, 0, plan="pro")
    book(app, other, 1, plan="free")
    assert result(tried(owner)) == "1 of the last 2 bookings would be sent."
    chosen = {"scope": "chosen", "eventTypes": [str(event_type.id)]}
    assert result(tried(owner, **chosen)) == "Your last booking would be sent."
    assert result(tried(owner, scope="chosen")) == "1 of the last 2 bookings would be sent."


def test_nobody_elses_bookings_are_tried(app: Flask, other: FlaskClient, event_type: EventType) -> None:
    book(app, event_type, 0, plan="pro")
    assert result(tried(other)) == "No bookings yet to try these conditions on."


def test_what_is_incomplete_is_said_and_no_condition_shows_nothing(owner: FlaskClient) -> None:
    said = tried(owner, filterVariable=["", "metadata.plan", "lenght"], filterValue=["", "", "5"]).text
    assert "Condition 1: Enter a value" in said
    assert "Condition 1: There is no lenght. Did you mean length?" in tried(owner, filterVariable=["lenght"]).text
    assert "Choose whether" in tried(owner, filterMatch="some").text
    assert tried(owner, filterVariable=[""], filterValue=[""]).text.strip() == ""


def test_a_key_that_no_booking_brought_is_hinted_at(app: Flask, owner: FlaskClient, event_type: EventType) -> None:
    book(app, event_type, 0, plan="pro")
    answer = tried(owner, filterVariable=["metadata.plann"])
    assert "No booking has brought metadata.plann yet. Did you mean metadata.plan?" in answer.text


def test_the_variables_of_the_account_are_offered(app: Flask, owner: FlaskClient, event_type: EventType) -> None:
    book(app, event_type, 0, plan="pro")
    for path in ("metadata.plan", "attendees.0.email", "attendees", "length", "startTime"):
        assert f'<option value="{path}">' in owner.get(NEW).text


def test_without_javascript_a_button_tries_it_on_the_page(
    app: Flask, owner: FlaskClient, event_type: EventType
) -> None:
    book(app, event_type, 0, plan="pro")
    answer = owner.post(TRIAL, data=typed_form(owner))
    assert answer.status_code == 200
    assert result(answer) == "Your last booking would be sent."
    assert pages.post_form(answer, NEW).fields.getlist("filterValue") == ["pro", ""]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [("123", "This booking meets your conditions."), ("7", "This booking does not meet your conditions.")],
)
def test_a_ping_is_always_sent_and_says_whether_an_event_would_be(
    owner: FlaskClient, value: str, sentence: str
) -> None:
    rows = {"filterVariable": ["metadata.user_id"], "filterValue": [value]}
    with receiving() as receiver:
        answer = owner.post(PING, data=typed_form(owner, subscriberUrl=receiver.url, **rows), headers=HTMX)
        assert len(receiver.wait_for(1)) == 1
    assert sentence in answer.text


@pytest.mark.parametrize("rows", [{"filterVariable": [""], "filterValue": [""]}, {"filterVariable": ["lenght"]}])
def test_a_ping_says_nothing_of_conditions_that_are_not_there_or_not_complete(
    owner: FlaskClient, rows: dict[str, object]
) -> None:
    with receiving() as receiver:
        answer = owner.post(PING, data=typed_form(owner, subscriberUrl=receiver.url, **rows), headers=HTMX)
    assert answer.status_code == 200
    assert "conditions" not in answer.text


def test_the_history_names_the_webhooks_whose_conditions_were_not_met(
    app: Flask, owner: FlaskClient, rick: User, event_type: EventType
) -> None:
    rows = [{"variable": "metadata.plan", "operator": "is", "value": "pro"}]
    with app.app_context():
        for url, since in (("https://a.example/", "2026-11-01"), ("https://b.example/", "2026-11-24")):
            stored = {"match": "all", "conditions": rows, "since": f"{since}T00:00:00+00:00"}
            factories.create_webhook(rick, url, filter=stored)
        factories.create_webhook(rick, "https://c.example/", triggers=["BOOKING_CANCELLED"])
    free, pro = book(app, event_type, 0, plan="free"), book(app, event_type, 1, plan="pro")
    page = owner.get(f"/bookings/history/{free.uid}").text
    assert page.count("conditions not met") == 1
    assert "https://a.example/" in page
    # What happened before a filter was set was not judged by it.
    assert "https://b.example/" not in page
    assert "conditions not met" not in owner.get(f"/bookings/history/{pro.uid}").text


def test_the_log_of_all_webhooks_says_where_conditions_were_not_met(
    app: Flask, owner: FlaskClient, rick: User, event_type: EventType
) -> None:
    rows = [{"variable": "metadata.plan", "operator": "is", "value": "pro"}]
    stored = {"match": "all", "conditions": rows, "since": "2026-11-01T00:00:00+00:00"}
    with app.app_context():
        factories.create_webhook(rick, "https://a.example/", filter=stored)
        factories.create_webhook(rick, "https://b.example/", triggers=["BOOKING_CANCELLED"])
        factories.create_webhook(rick, "https://c.example/")
    booking = book(app, event_type, 0, plan="free")
    page = owner.get(f"/integrations/deliveries?q={booking.uid}").text
    shown = page.partition('class="arrived-list"')[2].partition("</ul>")[0].split("</li>")
    assert "Nothing was sent: its conditions were not met." in shown[0]
    assert "Nothing was sent: it is not subscribed to these events, or was off." in shown[1]
    assert "Nothing was sent" not in shown[2]


def test_a_rescheduled_booking_has_arrived_where_every_event_of_it_has(
    app: Flask, owner: FlaskClient, rick: User, event_type: EventType
) -> None:
    with app.app_context():
        factories.create_webhook(rick, "https://a.example/", triggers=["BOOKING_CREATED", "BOOKING_RESCHEDULED"])
    first = book(app, event_type, 0)
    with app.app_context():
        moved = factories.create_booking(event_type, START + timedelta(days=3), root_uid=first.uid)
    announce(app, moved, Trigger.BOOKING_RESCHEDULED)
    for uid in (first.uid, moved.uid):
        page = owner.get(f"/integrations/deliveries?q={uid}").text
        arrived = page.partition('class="arrived-list"')[2].partition("</ul>")[0]
        assert re.findall(r'<span class="small">([^<]*)</span>', arrived) == ["Booking created", "Booking rescheduled"]


def test_a_stored_filter_is_tried_when_the_box_opens(
    app: Flask, owner: FlaskClient, rick: User, event_type: EventType
) -> None:
    book(app, event_type, 0, plan="pro")
    with app.app_context():
        rows = [{"variable": "metadata.plan", "operator": "is", "value": "pro"}]
        webhook: Webhook = factories.create_webhook(rick, filter={"match": "all", "conditions": rows})
    assert result(owner.get(f"/integrations/webhooks/{webhook.id}/edit")) == "Your last booking would be sent."


def test_a_history_with_filters_takes_as_many_statements_however_many_events_there_were(
    app: Flask, owner: FlaskClient, rick: User, event_type: EventType
) -> None:
    with app.app_context():
        rows = [{"variable": "metadata.plan", "operator": "is", "value": "pro"}]
        stored = {"match": "all", "conditions": rows, "since": "2026-11-01T00:00:00+00:00"}
        factories.create_webhook(rick, filter=stored, triggers=["BOOKING_CREATED", "MEETING_STARTED"])
        engine = db.engine
    seen = list[str]()
    event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    booking = book(app, event_type, 0, plan="free")

    def statements() -> int:
        del seen[:]
        owner.get(f"/bookings/history/{booking.uid}")
        return len(seen)

    statements()
    few = statements()
    for _ in range(4):
        announce(app, booking, Trigger.MEETING_STARTED)
    assert statements() == few
    assert owner.get(f"/bookings/history/{booking.uid}").text.count("conditions not met") == 5

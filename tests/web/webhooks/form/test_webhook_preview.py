"""Tests of the preview in the webhook box, and of the variables that it offers."""

import json
import re
import threading
import time
from datetime import UTC, datetime
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Delivery
from calhooks.delivery.queue.client import client_with_timeout
from calhooks.events import Trigger
from calhooks.scheduling.bookings.events import announce_booking
from calhooks.scheduling.models.bookings import Booking
from calhooks.web.site import turns
from calhooks.webhooks.body.samples import sample_body
from tests import factories
from tests.web import pages

NEW = "/integrations/webhooks/new"
PREVIEW = "/integrations/webhooks/preview"
URL = "https://example.com/hook"
HTMX = {"HX-Request": "true"}
START = datetime(2026, 12, 1, 10, tzinfo=UTC)
TEMPLATE = '{"who": "{{attendees.0.name}}", "at": "{{createdAt}}", "user": "{{metadata.user_id}}", "uid": {{uid}}}'


def book(app: Flask, host: User, **values: object) -> str:
    """Make a booking, and tell webhooks of it."""
    with app.app_context():
        question = {"identifier": "company", "label": "Which company?", "kind": "text", "required": False}
        event_type = factories.create_event_type(host, questions=[question | {"options": []}])
        booking = factories.create_booking(event_type, START, **values)
        with writing() as session:
            booking = session.merge(booking)
            announce_booking(session, booking, Trigger.BOOKING_CREATED, datetime(2026, 11, 23, 12, tzinfo=UTC))
        return booking.uid


def preview(client: FlaskClient, template: str = TEMPLATE, **typed: object) -> TestResponse:
    page = client.get(NEW)
    form = pages.post_form(page)
    for name, value in {"payloadFormat": "custom", "payloadTemplate": template, **typed}.items():
        form.fields.setlist(name, value if isinstance(value, list) else [str(value)])
    return client.post(PREVIEW, data=form.fields, headers=HTMX)


def body(answer: TestResponse) -> str:
    found = re.search(r'data-testid="preview-body">(.*?)</pre>', answer.text, re.DOTALL)
    assert found, answer.text
    return unescape(re.sub(r"<[^>]+>", "", found[1]))


GREEDY = '"' + "{{#each @root.attendees}}" * 5 + '{{join @root.attendees "" field="x"}}' + "{{/each}}" * 5 + '"'


def test_a_preview_that_would_take_too_long_says_so_and_where(owner: FlaskClient) -> None:
    answer = preview(owner, GREEDY)
    assert answer.status_code == 200
    assert "The template does too much work for one event." in answer.text
    assert "preview-body" not in answer.text


def test_one_preview_at_a_time_is_made_for_an_account(
    app: Flask, owner: FlaskClient, rick: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "MAX_TURN_WAIT_SECONDS", 0.05)
    with app.app_context():
        other_id, own_id = factories.create_user("other").id, rick.id
        with turns.one_at_a_time("preview", other_id) as taken:
            assert taken
            assert preview(owner).status_code == 200
        with turns.one_at_a_time("preview", own_id) as taken:
            assert taken
            answer = preview(owner)
            assert answer.status_code == 429
            assert "Another preview of yours is still being made." in answer.text
            # The form itself stays usable.
            assert owner.get(NEW).status_code == 200
        assert preview(owner).status_code == 200


def test_a_preview_waits_for_another_one_that_ends(app: Flask, owner: FlaskClient, rick: User) -> None:
    own_id, begun, asked = rick.id, threading.Event(), threading.Event()

    def hold() -> None:
        with app.app_context(), turns.one_at_a_time("preview", own_id):
            begun.set()
            asked.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    assert begun.wait(10)
    threading.Timer(0.1, asked.set).start()
    assert preview(owner).status_code == 200
    holder.join()


def test_many_previews_at_once_leave_threads_to_the_pages(
    app: Flask, rick: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one account one is made, one waits; the others, and those of too many accounts, are answered at once."""
    monkeypatch.setattr(turns, "MAX_TURN_WAIT_SECONDS", 30)
    monkeypatch.setattr(turns, "TURN_EXPIRY_SECONDS", 60)
    own_id, end, outcomes = rick.id, threading.Event(), list[bool]()

    def ask(owner_id: int) -> None:
        with app.app_context(), turns.one_at_a_time("preview", owner_id) as taken:
            outcomes.append(taken)
            if taken:
                end.wait(10)

    def begin(*owners: int) -> list[threading.Thread]:
        threads = [threading.Thread(target=ask, args=(each,)) for each in owners]
        for thread in threads:
            thread.start()
        return threads

    def count(number: int) -> None:
        deadline = time.monotonic() + 10
        while len(outcomes) < number:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    begun = begin(own_id)
    count(1)
    begun += begin(*[own_id] * 10)
    # Nine did not wait, one does.
    count(10)
    assert sorted(outcomes) == [False] * 9 + [True]
    begun += begin(*range(1_000, 1_010))
    count(20)
    assert sum(outcomes) == turns.MAX_AT_WORK_OR_WAITING - 1
    end.set()
    for thread in begun:
        thread.join()


def test_without_redis_every_preview_is_made(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "quick_client", lambda _url: client_with_timeout("redis://127.0.0.1:1", 0.1))
    with app.app_context(), turns.one_at_a_time("preview", 1) as first, turns.one_at_a_time("preview", 1) as second:
        assert (first, second) == (True, True)


def test_what_a_preview_shows_is_what_the_delivery_of_that_event_sends(
    app: Flask, owner: FlaskClient, rick: User
) -> None:
    with app.app_context():
        factories.create_webhook(rick, payload_format="custom", payload_template=TEMPLATE)
    uid = book(app, rick, metadata_={"user_id": '12"3'})
    answer = preview(owner, previewBooking=uid, previewTrigger="BOOKING_CREATED")
    with app.app_context():
        sent = db.session.scalars(select(Delivery.body)).one()
    assert sent is not None
    assert f"application/json, {len(sent)} bytes" in answer.text
    assert body(answer) == json.dumps(json.loads(sent), indent=2)
    assert '<mark class="value" title="{{metadata.user_id}}">12\\&#34;3</mark>' in answer.text


def test_a_sample_of_the_picked_event_is_shown(owner: FlaskClient) -> None:
    answer = preview(owner, '{"t": "{{triggerEvent}}", "by": "{{cancelledBy}}"}', previewTrigger="BOOKING_CANCELLED")
    assert json.loads(body(answer)) == {"t": "BOOKING_CANCELLED", "by": "ann@example.com"}


def test_the_default_body_is_shown_too(owner: FlaskClient) -> None:
    answer = preview(owner, payloadFormat="default")
    assert json.loads(body(answer)) == sample_body(Trigger.BOOKING_CREATED, "http://localhost")


@pytest.mark.parametrize(
    ("content_type", "template", "shown"),
    [
        ("application/x-www-form-urlencoded", "who={{attendees.0.name}}", "who=Ann%20Lee"),
        ("text/plain", "Hello {{attendees.0.name}}!", "Hello Ann Lee!"),
    ],
)
def test_forms_and_texts_are_shown_as_they_are(
    owner: FlaskClient, content_type: str, template: str, shown: str
) -> None:
    assert body(preview(owner, template, contentType=content_type)) == shown


def test_an_event_that_has_not_happened_is_shown_as_if_it_had(app: Flask, owner: FlaskClient, rick: User) -> None:
    uid = book(app, rick)
    answer = preview(owner, '"{{triggerEvent}} {{uid}}"', previewBooking=uid, previewTrigger="BOOKING_CANCELLED")
    assert "“Booking cancelled” has not happened to this booking" in answer.text
    assert body(answer) == f'"BOOKING_CANCELLED {uid}"'


def test_a_booking_of_somebody_else_is_a_sample(app: Flask, owner: FlaskClient, ann: User) -> None:
    uid = book(app, ann, title="Secret talk")
    answer = preview(owner, '"{{title}}"', previewBooking=uid)
    assert body(answer) == '"Quick chat"'


def test_a_mistake_is_shown_with_its_line_and_column(owner: FlaskClient) -> None:
    answer = preview(owner, '{\n  "a": "{{title}}",\n  "b": {{#if x}}1\n}')
    assert answer.status_code == 200
    assert "Line 3, column 8:" in answer.text
    assert 'data-error-line="3"' in answer.text
    assert 'id="template-problem"' in answer.text
    assert 'aria-describedby="payloadTemplate-help template-problem"' in owner.get(NEW).text


def test_a_template_that_a_chosen_event_would_break_is_refused_in_the_preview_as_in_saving(owner: FlaskClient) -> None:
    assert "Line 1" in preview(owner, '{"a": {{#if cancelledBy}}1{{/if}}}').text


def test_an_unknown_variable_is_a_warning_with_the_one_that_was_meant(owner: FlaskClient) -> None:
    answer = preview(owner, '"{{attendee.0.name}} {{location}}"')
    assert "Did you mean attendees.0.name?" in answer.text
    assert "location is not always there" in answer.text


def test_a_header_s_variables_are_minded_like_the_template_s(owner: FlaskClient) -> None:
    typed = {"headerName": ["X-Who", "X-Where"], "headerValue": ["{{attendee.0.name}}", "{{location}}"]}
    said = preview(owner, **typed, headerSecret=["", ""]).text  # type: ignore[arg-type]
    assert "Header X-Who:</span> There is no attendee.0.name. Did you mean attendees.0.name?" in said
    assert "Header X-Where:</span> location is not always there" in said
    assert "Use it" not in said


def test_headers_are_shown_as_they_would_be_sent(owner: FlaskClient) -> None:
    rows = {
        "headerName": ["X-Title", "Authorization", "Host", "X Y", "X-Broken"],
        "headerValue": ["{{title}}!", "Bearer hush", "a", "b", "{{#if"],
    }
    answer = preview(owner, **rows, headerSecret=[""] * 5)
    assert re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", answer.text) == [("X-Title", "Quick chat!")]
    assert "hush" not in answer.text


def test_values_are_shown_and_never_become_markup(app: Flask, owner: FlaskClient, rick: User) -> None:
    uid = book(app, rick, title='<script>alert("x")</script>')
    answer = preview(owner, "{{title}}", contentType="text/plain", previewBooking=uid)
    assert "<script>" not in answer.text
    assert body(answer) == '<script>alert("x")</script>'


def test_without_javascript_a_button_shows_the_preview_and_keeps_what_was_typed(owner: FlaskClient) -> None:
    form = pages.post_form(owner.get(NEW))
    typed = {"subscriberUrl": URL, "payloadFormat": "custom", "payloadTemplate": '{"x": "{{title}}"}'}
    for name, value in typed.items():
        form.fields[name] = value
    answer = owner.post(PREVIEW, data=form.fields)
    assert "<html" in answer.text
    assert json.loads(body(answer)) == {"x": "Quick chat"}
    again = pages.post_form(answer, NEW)
    assert (again.fields["subscriberUrl"], again.fields["payloadTemplate"]) == (URL, '{"x": "{{title}}"}')


def test_the_first_chosen_event_is_previewed_at_first(app: Flask, owner: FlaskClient, rick: User) -> None:
    with app.app_context():
        number = factories.create_webhook(rick, triggers=["MEETING_ENDED"]).id
    page = owner.get(f"/integrations/webhooks/{number}/edit")
    assert json.loads(body(page))["triggerEvent"] == "MEETING_ENDED"


def test_variables_are_offered_with_the_keys_and_questions_of_this_account(
    app: Flask, owner: FlaskClient, rick: User
) -> None:
    book(app, rick, metadata_={"utm source": "mail", "crm": "77"})
    page = owner.get(NEW).text
    for offered in (
        "{{attendees.0.name}}",
        "{{metadata.crm}}",
        "{{metadata.[utm source]}}",
        "{{responses.company.value}}",
    ):
        assert f'data-insert="{offered}"' in page
    assert "Which company?" in page


def test_recent_bookings_can_be_picked(app: Flask, owner: FlaskClient, rick: User) -> None:
    uid = book(app, rick)
    page = owner.get(NEW).text
    assert f'<option value="{uid}">Ann Lee · 30 min meeting · Tue 1 Dec, 10:00</option>' in page
    with app.app_context():
        assert db.session.scalars(select(Booking)).one().uid == uid


def test_a_variable_in_the_url_is_a_warning_whatever_the_payload_is(owner: FlaskClient) -> None:
    said = "Variables are not replaced in the URL: {{uid}} is sent as it is written."
    for payload in ("default", "custom"):
        answer = preview(owner, subscriberUrl=f"{URL}/{{{{uid}}}}", payloadFormat=payload)
        assert said in unescape(answer.text)
        assert "about the webhook." in answer.text
    assert said not in unescape(preview(owner, subscriberUrl=URL).text)


def test_a_question_of_a_team_event_type_that_one_hosts_is_known(app: Flask, owner: FlaskClient, rick: User) -> None:
    template = '{"a": "{{responses.budget.value}}"}'
    assert "No event type asks" in preview(owner, template).text
    with app.app_context():
        host = db.session.get_one(User, rick.id)
        team = factories.create_team(host)
        question = {"identifier": "budget", "label": "Budget", "kind": "text", "required": False, "options": []}
        factories.create_team_event_type(team, [host], questions=[question])
    assert "No event type asks" not in preview(owner, template).text

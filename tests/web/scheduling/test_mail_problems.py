"""Tests of what a host sees of mail: that it did not go out, and why; and the reminder of an event type."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.mail.models import Mail, MailState
from calhooks.scheduling.models.event_types import EventType
from tests import factories
from tests.web import pages
from tests.web.markup import hooks

pytestmark = pytest.mark.usefixtures("watch")

START = datetime(2026, 3, 3, 10, tzinfo=UTC)


def mail(owner: User, about: str, **values: object) -> None:
    """Make a mail straight in the database."""
    fields = {
        "kind": "booking_created",
        "recipient": "ann@example.com",
        "subject": "Confirmed",
        "text": "",
        "html": "",
        "created_at": clock.now(),
    }
    with writing() as session:
        session.add(Mail(owner_id=owner.id, about=about, **({"message_id": f"<{about}>"} | fields | values)))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"state": MailState.FAILED, "error": "The mail server refuses this address: 550 <b>no</b> such user"},
            "Mail to ann@example.com could not be delivered. "
            "The mail server refuses this address: 550 <b>no</b> such user",
        ),
        (
            {
                "state": MailState.QUEUED,
                "error": "The mail server refuses this address: 451 later",
                "due_at": datetime(2026, 3, 2, 8, 5, tzinfo=UTC),
            },
            "Mail to ann@example.com has not gone out yet; the next try is at 2 Mar 2026, 08:05. "
            "The mail server refuses this address: 451 later",
        ),
        (
            {"state": MailState.DROPPED, "error": "Not sent: a limit."},
            "No mail went to ann@example.com. Not sent: a limit.",
        ),
        (
            {
                "state": MailState.QUEUED,
                "error": "The connection was lost.",
                "doubts": 1,
                "due_at": datetime(2026, 3, 2, 8, 5, tzinfo=UTC),
            },
            "Mail to ann@example.com may have arrived; the next try is at 2 Mar 2026, 08:05. The connection was lost.",
        ),
        (
            {"state": MailState.FAILED, "error": "The connection was lost.", "doubts": 3},
            "Mail to ann@example.com may have arrived. The connection was lost.",
        ),
        (
            {"state": MailState.QUEUED, "error": "450 later", "lease_token": "a", "due_at": START},
            "Mail to ann@example.com is being sent again. 450 later",
        ),
        ({"state": MailState.SENT}, None),
        ({"state": MailState.QUEUED, "due_at": START}, None),
    ],
)
def test_the_host_sees_what_mail_did_not_go_out_and_why(
    client: FlaskClient,
    owner: FlaskClient,
    app: Flask,
    rick: User,
    event_type: EventType,
    values: dict[str, object],
    said: str | None,
) -> None:
    with app.app_context():
        uid = factories.create_booking(event_type, START).uid
        factories.create_booking(event_type, START + timedelta(hours=1))
        mail(rick, uid, **values)
    assert "mail-problem" not in client.get(f"/booking/{uid}").text
    for path in ("/bookings/upcoming", f"/booking/{uid}"):
        assert [element.text for element in hooks(owner.get(path), "mail-problem")] == ([said] if said else [])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"state": MailState.FAILED, "error": "550 secret"}, "We could not send an email to ann@example.com."),
        ({"state": MailState.DROPPED, "error": "secret"}, "We could not send an email to ann@example.com."),
        ({"state": MailState.QUEUED, "due_at": START, "error": "450 secret"}, "Our email to ann@example.com is late."),
        (
            {"state": MailState.QUEUED, "created_at": datetime(2026, 3, 2, 7, tzinfo=UTC)},
            "Our email to ann@example.com is late.",
        ),
        (
            {"state": MailState.QUEUED, "due_at": START, "doubts": 1},
            "Our email to ann@example.com may not have arrived.",
        ),
        ({"state": MailState.FAILED, "doubts": 3}, "Our email to ann@example.com may not have arrived."),
        ({"state": MailState.FAILED, "recipient": "guest@example.com"}, None),
        ({"state": MailState.QUEUED}, None),
        ({"state": MailState.SENT}, None),
    ],
)
def test_the_booker_reads_that_a_mail_did_not_come_and_not_why(
    client: FlaskClient,
    owner: FlaskClient,
    app: Flask,
    rick: User,
    event_type: EventType,
    values: dict[str, object],
    said: str | None,
) -> None:
    with app.app_context():
        booking = factories.create_booking(event_type, START)
        assert booking.attendees[0].email == "ann@example.com"
        uid = booking.uid
        mail(rick, uid, **values)
    page = client.get(f"/booking/{uid}")
    advice = "Save this page’s link to reschedule or cancel."
    expected = [f"{said} {advice}"] if said else []
    assert [element.text for element in hooks(page, "mail-sentence")] == expected
    assert "secret" not in page.text
    assert hooks(owner.get(f"/booking/{uid}"), "mail-sentence") == []


def test_the_newest_mail_says_whether_the_booker_was_told(
    client: FlaskClient, app: Flask, rick: User, event_type: EventType
) -> None:
    with app.app_context():
        uid = factories.create_booking(event_type, START).uid
        mail(rick, uid, state=MailState.FAILED, message_id="<1>")
        assert hooks(client.get(f"/booking/{uid}"), "mail-sentence")
        mail(rick, uid, state=MailState.SENT, message_id="<2>")
    assert hooks(client.get(f"/booking/{uid}"), "mail-sentence") == []


def test_another_accounts_mail_is_not_shown(owner: FlaskClient, app: Flask, ann: User, event_type: EventType) -> None:
    with app.app_context():
        uid = factories.create_booking(event_type, START).uid
        mail(ann, uid, state=MailState.FAILED, error="secret")
    assert "secret" not in owner.get(f"/booking/{uid}").text


@pytest.mark.parametrize(
    ("typed", "kept", "status"), [("24", 24, 303), ("", None, 303), ("999", 2, 422), ("x", 2, 422)]
)
def test_a_host_chooses_when_people_are_reminded(
    owner: FlaskClient, app: Flask, event_type: EventType, typed: str, kept: int | None, status: int
) -> None:
    with app.app_context(), writing() as session:
        session.get_one(EventType, event_type.id).reminder_hours = 2
    path = f"/event-types/{event_type.id}/edit"
    assert pages.post_form(owner.get(path)).fields["reminderHours"] == "2"
    response = pages.submit(owner, path, {"reminderHours": typed})
    assert response.status_code == status
    if status == 422:
        assert "Enter a number of hours from 1 to 720." in response.text
    with app.app_context():
        assert db.session.get_one(EventType, event_type.id).reminder_hours == kept

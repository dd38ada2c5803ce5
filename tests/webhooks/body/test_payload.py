"""The default body, to the letter of the contract."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from calhooks.events import TRIGGERS, Answer, BookedTeam, BookingEvent, Person, Trigger
from calhooks.webhooks.body.payload import build_payload, payload_bytes, template_context
from calhooks.webhooks.body.samples import crowded_event, sample_body, sample_event

EVENT = BookingEvent(
    trigger=Trigger.BOOKING_CREATED,
    occurred_at=datetime(2026, 3, 1, 10, 2, 11, 345678, tzinfo=UTC),
    host_id=1,
    sequence_key="bFJeNb2uX8ANpT3JL5EfXw",
    event_type_id=12,
    type="quick-chat",
    title="Quick chat",
    description="A short call",
    event_title="Quick chat",
    length=30,
    status="ACCEPTED",
    start_time=datetime(2026, 3, 5, 10, tzinfo=timezone(timedelta(hours=1))),
    end_time=datetime(2026, 3, 5, 9, 30, tzinfo=UTC),
    uid="bFJeNb2uX8ANpT3JL5EfXw",
    booking_id=77,
    location="https://meet.example.com/rick",
    additional_notes="",
    organizer=Person(name="Rick", email="rick@example.com", time_zone="Europe/London", locale="en", username="rick"),
    attendees=(Person(name="Ann Lee", email="ann@example.com", time_zone="Asia/Kolkata", locale="en"),),
    responses={
        "name": Answer(label="Your name", value="Ann Lee"),
        "email": Answer(label="Email", value="ann@example.com"),
    },
    metadata={"user_id": "123"},
)

# As the contract prints it, with the addresses written out.
CONTRACT = """
{"triggerEvent": "BOOKING_CREATED",
 "createdAt": "2026-03-01T10:02:11.345Z",
 "payload": {
   "type": "quick-chat", "title": "Quick chat", "description": "A short call",
   "eventTitle": "Quick chat", "eventTypeId": 12, "length": 30, "status": "ACCEPTED",
   "startTime": "2026-03-05T09:00:00Z", "endTime": "2026-03-05T09:30:00Z",
   "uid": "bFJeNb2uX8ANpT3JL5EfXw", "bookingId": 77,
   "location": "https://meet.example.com/rick", "additionalNotes": "",
   "organizer": {"name": "Rick", "email": "rick@example.com", "username": "rick", "timeZone": "Europe/London",
                 "language": {"locale": "en"}},
   "attendees": [{"name": "Ann Lee", "email": "ann@example.com", "timeZone": "Asia/Kolkata",
                  "language": {"locale": "en"}}],
   "responses": {"name": {"label": "Your name", "value": "Ann Lee"},
                 "email": {"label": "Email", "value": "ann@example.com"}},
   "bookingUrl": "https://cal.example.com/booking/bFJeNb2uX8ANpT3JL5EfXw",
   "rescheduleUrl": "https://cal.example.com/reschedule/bFJeNb2uX8ANpT3JL5EfXw",
   "cancelUrl": "https://cal.example.com/booking/bFJeNb2uX8ANpT3JL5EfXw?cancel=true",
   "metadata": {"user_id": "123"}}}
"""


def payload(**changes: object) -> dict[str, object]:
    body = build_payload(replace(EVENT, **changes), "https://cal.example.com")  # type: ignore[arg-type]
    inside: dict[str, object] = body["payload"]
    return inside


def test_the_body_is_the_contract_s_key_by_key_and_in_its_order():
    body = build_payload(EVENT, "https://cal.example.com")
    assert json.dumps(body) == json.dumps(json.loads(CONTRACT))


def test_the_bytes_are_compact_json_in_utf_8():
    sent = payload_bytes(build_payload(replace(EVENT, title="Café 😀 \u2028"), "https://cal.example.com"))
    assert sent.startswith(
        b'{"triggerEvent":"BOOKING_CREATED","createdAt":"2026-03-01T10:02:11.345Z","payload":{"type":'
    )
    assert "Café 😀 \u2028".encode() in sent


def test_half_a_character_does_not_keep_a_booking_from_being_told():
    assert json.loads(payload_bytes(build_payload(replace(EVENT, title="\ud83d"), "https://cal.example.com")))


@pytest.mark.parametrize(("field", "key"), [("description", "description"), ("location", "location")])
def test_what_is_optional_and_empty_is_absent(field, key):
    assert key not in payload(**{field: ""})


def test_an_event_type_that_is_gone_has_no_number():
    assert "eventTypeId" not in payload(event_type_id=None)


def test_a_booking_without_metadata_has_an_empty_object():
    assert payload(metadata={})["metadata"] == {}


def test_a_reschedule_names_the_booking_that_was_replaced():
    moved = payload(
        reschedule_uid="old",
        reschedule_id=76,
        reschedule_start_time=datetime(2026, 3, 4, 9, tzinfo=UTC),
        reschedule_end_time=datetime(2026, 3, 4, 9, 30, tzinfo=UTC),
        reschedule_reason="Ill",
        rescheduled_by="ann@example.com",
    )
    assert {key: moved[key] for key in moved if key.startswith("reschedule") and key != "rescheduleUrl"} == {
        "rescheduleUid": "old",
        "rescheduleId": 76,
        "rescheduleStartTime": "2026-03-04T09:00:00Z",
        "rescheduleEndTime": "2026-03-04T09:30:00Z",
        "rescheduleReason": "Ill",
        "rescheduledBy": "ann@example.com",
    }


def test_reasons_and_who_cancelled_are_there_when_given():
    told = payload(cancellation_reason="Ill", cancelled_by="ann@example.com", rejection_reason="Full")
    assert (told["cancellationReason"], told["cancelledBy"], told["rejectionReason"]) == (
        "Ill",
        "ann@example.com",
        "Full",
    )


def test_a_reassigned_booking_says_whom_somebody_replaced():
    bob = Person(name="Bob", email="bob@example.com", time_zone="Europe/Paris", locale="fr", username="bob")
    told = payload(reassigned_from=bob, reassign_reason="Ill", reassigned_by="alice@example.com")
    assert told["reassignedFrom"] == {
        "name": "Bob",
        "email": "bob@example.com",
        "username": "bob",
        "timeZone": "Europe/Paris",
        "language": {"locale": "fr"},
    }
    assert (told["reassignReason"], told["reassignedBy"]) == ("Ill", "alice@example.com")
    assert not {"reassignedFrom", "reassignReason", "reassignedBy"} & set(payload())


def test_a_no_show_is_said_of_each_attendee_and_only_then():
    ann, bob = EVENT.attendees[0], replace(EVENT.attendees[0], name="")
    told = payload(attendees=(replace(ann, no_show=False), replace(bob, no_show=True)))
    assert [(person["name"], person["noShow"]) for person in told["attendees"]] == [("Ann Lee", False), ("", True)]
    assert all("noShow" not in person for person in payload()["attendees"])


def test_a_team_has_its_name_and_its_hosts_with_their_names_apart():
    bob = Person(name="Bob", email="bob@example.com", time_zone="Europe/Paris", locale="fr", username="bob")
    team = BookedTeam(id=3, name="Sales", slug="sales", hosts=(EVENT.organizer, bob))
    assert payload(team=team)["team"] == {
        "id": 3,
        "name": "Sales",
        "slug": "sales",
        "members": ["Rick", "Bob"],
        "hosts": [
            payload()["organizer"],
            {
                "name": "Bob",
                "email": "bob@example.com",
                "username": "bob",
                "timeZone": "Europe/Paris",
                "language": {"locale": "fr"},
            },
        ],
    }


def test_a_template_sees_the_payload_s_keys_at_the_top():
    context = template_context(build_payload(EVENT, "https://cal.example.com"))
    assert context["triggerEvent"] == "BOOKING_CREATED"
    assert context["createdAt"] == "2026-03-01T10:02:11.345Z"
    assert context["title"] == "Quick chat"
    assert "payload" not in context


@pytest.mark.parametrize("trigger", [*TRIGGERS, Trigger.PING])
def test_every_trigger_has_a_sample_with_what_is_its_own(trigger):
    body = sample_body(trigger)
    own = {
        Trigger.BOOKING_RESCHEDULED: "rescheduleUid",
        Trigger.BOOKING_CANCELLED: "cancellationReason",
        Trigger.BOOKING_REJECTED: "rejectionReason",
    }
    assert body["triggerEvent"] == trigger
    assert [key for key in own.values() if key in body["payload"]] == ([own[trigger]] if trigger in own else [])
    assert ("noShow" in body["payload"]["attendees"][0]) == (trigger is Trigger.BOOKING_NO_SHOW_UPDATED)
    assert len(crowded_event(trigger).attendees) == 20


def test_meetings_start_and_end_at_their_scheduled_time():
    for trigger, key in ((Trigger.MEETING_STARTED, "startTime"), (Trigger.MEETING_ENDED, "endTime")):
        body = build_payload(sample_event(trigger), "")
        assert body["createdAt"].replace(".000Z", "Z") == body["payload"][key]

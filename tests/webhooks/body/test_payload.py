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
    organizer=Person(
        id=5, name="Rick", email="rick@example.com", time_zone="Europe/London", locale="en", username="rick"
    ),
    attendees=(Person(name="Ann Lee", email="ann@example.com", time_zone="Asia/Kolkata", locale="en"),),
    responses={
        "name": Answer(label="Your name", value="Ann Lee"),
        "email": Answer(label="Email", value="ann@example.com"),
    },
    metadata={"user_id": "123"},
    ical_uid="entry@calhooks",
    ical_sequence=2,
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
   "location": "https://meet.example.com/rick",
   "videoCallData": {"type": "link", "url": "https://meet.example.com/rick"}, "additionalNotes": "",
   "organizer": {"id": 5, "name": "Rick", "email": "rick@example.com", "username": "rick", "timeZone": "Europe/London",
                 "utcOffset": 0, "language": {"locale": "en"}},
   "attendees": [{"name": "Ann Lee", "firstName": "Ann", "lastName": "Lee", "email": "ann@example.com",
                  "timeZone": "Asia/Kolkata", "utcOffset": 330, "language": {"locale": "en"}}],
   "responses": {"name": {"label": "Your name", "value": "Ann Lee"},
                 "email": {"label": "Email", "value": "ann@example.com"}},
   "userFieldsResponses": {}, "eventDescription": "A short call", "requiresConfirmation": false,
   "price": 0, "currency": "usd", "iCalUID": "entry@calhooks", "iCalSequence": 2,
   "bookerUrl": "https://cal.example.com",
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


@pytest.mark.parametrize(
    ("field", "key"), [("description", "description"), ("location", "location"), ("location", "videoCallData")]
)
def test_what_is_optional_and_empty_is_absent(field, key):
    assert key not in payload(**{field: ""})


def test_the_event_type_s_description_is_there_under_cal_com_s_name_even_when_it_is_empty():
    assert payload(description="")["eventDescription"] == ""


@pytest.mark.parametrize("trigger", Trigger)
def test_every_trigger_has_what_receivers_written_for_cal_com_read(trigger):
    told = sample_body(trigger)["payload"]
    assert told["videoCallData"] == {"type": "link", "url": told["location"]}
    assert (told["price"], told["currency"], told["bookerUrl"]) == (0, "usd", "https://cal.example.com")
    assert (told["iCalUID"][-9:], isinstance(told["iCalSequence"], int)) == ("@calhooks", True)
    assert told["userFieldsResponses"] == {
        "company": {"label": "Company", "value": "Lee & Sons"},
        "team_size": {"label": "Team size"},
    }
    booker, guest = told["attendees"]
    assert (booker["firstName"], booker["lastName"], booker["phoneNumber"]) == ("Ann", "Lee", "+44 20 7946 0958")
    assert (guest["firstName"], guest["lastName"], "phoneNumber" in guest) == ("", "", False)
    assert [person["utcOffset"] for person in (told["organizer"], booker, guest)] == [0, 330, 330]
    assert told["organizer"]["id"] == 5
    assert told["metadata"] == {"user_id": "123"}


@pytest.mark.parametrize(
    ("location", "type_"),
    [
        ("https://us02web.zoom.us/j/81234567890?pwd=x", "zoom_video"),
        ("https://meet.google.com/abc-defg-hij", "google_video"),
        ("https://teams.microsoft.com/l/meetup-join/19%3ameeting", "office365_video"),
        ("https://TEAMS.live.com/meet/93", "office365_video"),
        ("https://app.cal.com/video/bFJeNb2uX8ANpT3JL5EfXw", "daily_video"),
        ("https://meet.jit.si/rick", "jitsi_video"),
        ("https://acme.webex.com/meet/rick", "webex_video"),
        ("https://whereby.com:443/rick", "whereby_video"),
        ("https://app.cal.com/rick", "link"),
        ("https://zoom.us.example.com/j/1", "link"),
        ("https://evilzoom.us/j/1", "link"),
        ("https://example.com/zoom.us", "link"),
        ("https://zoom.us@example.com/", "link"),
    ],
)
def test_a_link_says_which_service_it_is_by_cal_com_s_name(location, type_):
    assert payload(location=location)["videoCallData"] == {"type": type_, "url": location}


@pytest.mark.parametrize(
    "location", ["10 Downing Street", "+44 20 7946 0958", "zoom.us/j/1", "see https://zoom.us/j/1"]
)
def test_a_location_that_is_no_link_has_no_video_call(location):
    assert "videoCallData" not in payload(location=location)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [("Ann Lee", "Ann", "Lee"), ("Anna Maria van Dyk", "Anna Maria van", "Dyk"), ("Ann", "Ann", ""), ("", "", "")],
)
def test_a_name_is_split_at_its_last_space(name, first, last):
    (person,) = payload(attendees=(replace(EVENT.attendees[0], name=name),))["attendees"]
    assert (person["name"], person["firstName"], person["lastName"]) == (name, first, last)


@pytest.mark.parametrize(
    ("zone", "month", "minutes"),
    [
        ("Europe/London", 7, 60),
        ("Europe/London", 1, 0),
        ("America/St_Johns", 1, -210),
        ("America/St_Johns", 7, -150),
        ("Asia/Kathmandu", 7, 345),
        ("Pacific/Kiritimati", 1, 840),
    ],
)
def test_an_offset_is_that_of_the_start_in_minutes(zone, month, minutes):
    rick = replace(EVENT.organizer, time_zone=zone)
    told = payload(organizer=rick, start_time=datetime(2026, month, 5, 9, tzinfo=UTC))
    assert told["organizer"]["utcOffset"] == minutes


def test_a_question_that_was_left_open_has_its_label_and_no_value():
    answers = {
        "notes": Answer(label="Additional notes"),
        "size": Answer(label="Team size", asked_by_host=True),
        "news": Answer(label="Newsletter", value=False, asked_by_host=True),
    }
    told = payload(responses=answers)
    own = {"size": {"label": "Team size"}, "news": {"label": "Newsletter", "value": False}}
    assert told["responses"] == {"notes": {"label": "Additional notes"}, **own}
    assert told["userFieldsResponses"] == own


def test_an_event_type_that_is_gone_has_no_number():
    assert "eventTypeId" not in payload(event_type_id=None)


def test_a_booking_without_metadata_has_an_empty_object():
    assert payload(metadata={})["metadata"] == {}


def test_metadata_keeps_the_order_of_the_link_also_where_its_keys_are_whole_numbers():
    sent = payload_bytes(build_payload(replace(EVENT, metadata={"10": "a", "x": "b", "2": "c"}), ""))
    assert sent.endswith(b'"metadata":{"10":"a","x":"b","2":"c"}}}')


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
        "utcOffset": 60,
        "language": {"locale": "fr"},
    }
    assert (told["reassignReason"], told["reassignedBy"]) == ("Ill", "alice@example.com")
    assert not {"reassignedFrom", "reassignReason", "reassignedBy"} & set(payload())


def test_a_no_show_is_said_of_each_attendee_and_only_then():
    ann, bob = EVENT.attendees[0], replace(EVENT.attendees[0], name="")
    told = payload(attendees=(replace(ann, no_show=False), replace(bob, no_show=True)))
    assert [(person["name"], person["noShow"]) for person in told["attendees"]] == [("Ann Lee", False), ("", True)]
    assert all("noShow" not in person for person in payload()["attendees"])


@pytest.mark.parametrize(
    ("absent", "message"),
    [
        ((False, False), "No attendee is marked as no-show"),
        ((False, True), "Marked as no-show: bob@example.com"),
        ((True, True), "Marked as no-show: ann@example.com, bob@example.com"),
    ],
)
def test_a_no_show_has_the_uid_once_more_and_says_in_words_who_is_marked(absent, message):
    ann = EVENT.attendees[0]
    people = (replace(ann, no_show=absent[0]), replace(ann, email="bob@example.com", no_show=absent[1]))
    told = payload(trigger=Trigger.BOOKING_NO_SHOW_UPDATED, attendees=people)
    assert (told["bookingUid"], told["message"]) == (EVENT.uid, message)
    assert not {"bookingUid", "message"} & set(payload())


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
                "utcOffset": 60,
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

"""The default body: one shape for every trigger, as receivers know it from Cal.com."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from calhooks.events import Answer, BookedTeam, BookingEvent, Person, Trigger
from calhooks.webhooks.body.video import video_type
from calhooks.webhooks.template.values.values import json_text
from calhooks.zones import zone_info

PRICE, CURRENCY = 0, "usd"


def build_payload(event: BookingEvent, base_url: str) -> dict[str, Any]:
    """Return the whole body. `base_url` has no trailing slash. What has no value and is optional has no key."""
    return {
        "triggerEvent": str(event.trigger),
        "createdAt": milliseconds(event.occurred_at),
        "payload": {
            "type": event.type,
            "title": event.title,
            **_given(description=event.description),
            "eventTitle": event.event_title,
            **_given(eventTypeId=event.event_type_id),
            "length": event.length,
            "status": event.status,
            "startTime": seconds(event.start_time),
            "endTime": seconds(event.end_time),
            "uid": event.uid,
            "bookingId": event.booking_id,
            **_given(location=event.location, videoCallData=_video_call(event.location)),
            "additionalNotes": event.additional_notes,
            "organizer": _host(event.organizer, event.start_time),
            "attendees": [_attendee(attendee, event.start_time) for attendee in event.attendees],
            "responses": {name: _answer(answer) for name, answer in event.responses.items()},
            "userFieldsResponses": {
                name: _answer(answer) for name, answer in event.responses.items() if answer.asked_by_host
            },
            "eventDescription": event.description,
            "requiresConfirmation": event.requires_confirmation,
            "price": PRICE,
            "currency": CURRENCY,
            "iCalUID": event.ical_uid,
            "iCalSequence": event.ical_sequence,
            "bookerUrl": base_url,
            "bookingUrl": f"{base_url}/booking/{event.uid}",
            "rescheduleUrl": f"{base_url}/reschedule/{event.uid}",
            "cancelUrl": f"{base_url}/booking/{event.uid}?cancel=true",
            **_what_changed(event),
            **_no_shows(event),
            "metadata": dict(event.metadata),
        },
    }


def payload_bytes(body: Mapping[str, Any]) -> bytes:
    """Return the body as it is sent: compact JSON in UTF-8."""
    return json_text(body).encode(errors="replace")


def template_context(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a template sees: the payload's keys at the top, beside `triggerEvent` and `createdAt`."""
    return {"triggerEvent": body["triggerEvent"], "createdAt": body["createdAt"], **body["payload"]}


def milliseconds(moment: datetime) -> str:
    """Return a time like 2026-03-01T10:02:11.345Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(moment: datetime) -> str:
    """Return a time like 2026-03-05T09:00:00Z."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _host(host: Person, start: datetime) -> dict[str, Any]:
    return {
        **_given(id=host.id),
        "name": host.name,
        "email": host.email,
        **_given(username=host.username),
        "timeZone": host.time_zone,
        "utcOffset": _utc_offset(host.time_zone, start),
        "language": {"locale": host.locale},
    }


def _attendee(attendee: Person, start: datetime) -> dict[str, Any]:
    first, space, last = attendee.name.rpartition(" ")
    return {
        "name": attendee.name,
        "firstName": first if space else last,
        "lastName": last if space else "",
        "email": attendee.email,
        **_given(phoneNumber=attendee.phone_number),
        "timeZone": attendee.time_zone,
        "utcOffset": _utc_offset(attendee.time_zone, start),
        "language": {"locale": attendee.locale},
        **_given(noShow=attendee.no_show),
    }


def _utc_offset(zone_name: str, moment: datetime) -> int:
    """Return how many minutes a zone's clock is ahead of UTC."""
    offset = moment.astimezone(zone_info(zone_name)).utcoffset()
    return 0 if offset is None else int(offset.total_seconds() // 60)


def _answer(answer: Answer) -> dict[str, Any]:
    return {"label": answer.label} if answer.value is None else {"label": answer.label, "value": answer.value}


def _video_call(location: str) -> dict[str, str] | None:
    type_ = video_type(location)
    return {"type": type_, "url": location} if type_ else None


def _no_shows(event: BookingEvent) -> dict[str, Any]:
    """Return what only BOOKING_NO_SHOW_UPDATED has besides each attendee's `noShow`."""
    if event.trigger is not Trigger.BOOKING_NO_SHOW_UPDATED:
        return {}
    absent = ", ".join(attendee.email for attendee in event.attendees if attendee.no_show)
    message = f"Marked as no-show: {absent}" if absent else "No attendee is marked as no-show"
    return {"bookingUid": event.uid, "message": message}


def _team(team: BookedTeam, start: datetime) -> dict[str, Any]:
    return {
        "id": team.id,
        "name": team.name,
        "slug": team.slug,
        "members": [host.name for host in team.hosts],
        "hosts": [_host(host, start) for host in team.hosts],
    }


def _what_changed(event: BookingEvent) -> dict[str, Any]:
    """Return the booking that was replaced, who changed what and why, and the team."""
    start, end = event.reschedule_start_time, event.reschedule_end_time
    return _given(
        rescheduleUid=event.reschedule_uid,
        rescheduleId=event.reschedule_id,
        rescheduleStartTime=seconds(start) if start else None,
        rescheduleEndTime=seconds(end) if end else None,
        rescheduleReason=event.reschedule_reason,
        rescheduledBy=event.rescheduled_by,
        cancellationReason=event.cancellation_reason,
        cancelledBy=event.cancelled_by,
        rejectionReason=event.rejection_reason,
        reassignedFrom=_host(event.reassigned_from, event.start_time) if event.reassigned_from else None,
        reassignReason=event.reassign_reason,
        reassignedBy=event.reassigned_by,
        team=_team(event.team, event.start_time) if event.team else None,
        schedulingType=event.scheduling_type,
    )


def _given(**values: object) -> dict[str, Any]:
    """Return the values that are there."""
    return {key: value for key, value in values.items() if value is not None and value != ""}

"""The default body: one shape for every trigger, as receivers know it from Cal.com."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from calhooks.events import BookedTeam, BookingEvent, Person
from calhooks.webhooks.template.values.values import json_text


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
            **_given(location=event.location),
            "additionalNotes": event.additional_notes,
            "organizer": _person(event.organizer),
            "attendees": [_person(attendee) for attendee in event.attendees],
            "responses": {
                name: {"label": answer.label, "value": answer.value} for name, answer in event.responses.items()
            },
            "bookingUrl": f"{base_url}/booking/{event.uid}",
            "rescheduleUrl": f"{base_url}/reschedule/{event.uid}",
            "cancelUrl": f"{base_url}/booking/{event.uid}?cancel=true",
            **_what_changed(event),
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


def _person(person: Person) -> dict[str, Any]:
    return {
        "name": person.name,
        "email": person.email,
        **_given(username=person.username),
        "timeZone": person.time_zone,
        "language": {"locale": person.locale},
        **({} if person.no_show is None else {"noShow": person.no_show}),
    }


def _team(team: BookedTeam) -> dict[str, Any]:
    return {
        "id": team.id,
        "name": team.name,
        "slug": team.slug,
        "members": [host.name for host in team.hosts],
        "hosts": [_person(host) for host in team.hosts],
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
        reassignedFrom=_person(event.reassigned_from) if event.reassigned_from else None,
        reassignReason=event.reassign_reason,
        reassignedBy=event.reassigned_by,
        team=_team(event.team) if event.team else None,
        schedulingType=event.scheduling_type,
    )


def _given(**values: object) -> dict[str, Any]:
    """Return the values that are there."""
    return {key: value for key, value in values.items() if value is not None and value != ""}

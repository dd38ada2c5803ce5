"""What variables are called elsewhere: by Cal.com, by Calendly, and by those who write from memory.

Names are compared by their letters and digits alone, so that invitee_email, invitee.email and inviteeEmail are one.
"""

import re
from collections.abc import Mapping

SEPARATORS = re.compile(r"[^a-z0-9]+")
UTM = re.compile(r"(?:tracking|query)?utm(source|medium|campaign|term|content)")
BOOKER = (
    "booker",
    "invitee",
    "attendee",
    "attendees",
    "attendees0",
    "customer",
    "client",
    "scheduler",
    "lead",
    "contact",
)
ORGANIZER = (
    "host",
    "hosts0",
    "organizer",
    "organiser",
    "user",
    "owner",
    "eventmemberships0user",
    "eventmembershipsuser",
)
# Calendly's name of a booking, Cal.com's name of an event type, and what people say.
MEETING = ("event", "scheduledevent", "meeting", "booking", "appointment")

_OF_BOOKER = {
    "": "name",
    "name": "name",
    "fullname": "name",
    "firstname": "firstName",
    "givenname": "firstName",
    "lastname": "lastName",
    "surname": "lastName",
    "familyname": "lastName",
    "email": "email",
    "emailaddress": "email",
    "mail": "email",
    "phone": "phoneNumber",
    "phonenumber": "phoneNumber",
    "mobile": "phoneNumber",
    "timezone": "timeZone",
    "tz": "timeZone",
    "utcoffset": "utcOffset",
    "locale": "language.locale",
    "language": "language.locale",
}
_OF_HOST = {
    "": "name",
    "name": "name",
    "fullname": "name",
    "email": "email",
    "emailaddress": "email",
    "mail": "email",
    "username": "username",
    "slug": "username",
    "id": "id",
    "timezone": "timeZone",
    "utcoffset": "utcOffset",
    "locale": "language.locale",
    "language": "language.locale",
}
_OF_MEETING = {
    "start": "startTime",
    "starttime": "startTime",
    "startdate": "startTime",
    "startdatetime": "startTime",
    "startat": "startTime",
    "startsat": "startTime",
    "date": "startTime",
    "time": "startTime",
    "datetime": "startTime",
    "end": "endTime",
    "endtime": "endTime",
    "enddate": "endTime",
    "enddatetime": "endTime",
    "endat": "endTime",
    "endsat": "endTime",
    "duration": "length",
    "length": "length",
    "title": "title",
    "subject": "title",
    "summary": "title",
    "name": "title",
    "description": "description",
    "notes": "additionalNotes",
    "note": "additionalNotes",
    "comment": "additionalNotes",
    "comments": "additionalNotes",
    "status": "status",
    "state": "status",
    "id": "bookingId",
    "uid": "uid",
    "uuid": "uid",
    "uri": "uid",
    "location": "location",
    "place": "location",
    "address": "location",
    "locationlocation": "location",
    "locationtype": "videoCallData.type",
    "locationjoinurl": "videoCallData.url",
    "locationurl": "videoCallData.url",
    "locationlink": "videoCallData.url",
    "joinurl": "videoCallData.url",
    "joinlink": "videoCallData.url",
    "videourl": "videoCallData.url",
    "videolink": "videoCallData.url",
    "videocallurl": "videoCallData.url",
    "videocalllink": "videoCallData.url",
    "conferenceurl": "videoCallData.url",
    "conferencelink": "videoCallData.url",
    "calendareventexternalid": "iCalUID",
    "createdat": "createdAt",
    "createdtime": "createdAt",
    "invitees": "attendees",
    "participants": "attendees",
}
# What is said of a meeting only with the word before it.
_OF_NAMED_MEETING = {"url": "videoCallData.url", "link": "videoCallData.url"}
_OF_EVENT_TYPE = {
    "": "eventTitle",
    "id": "eventTypeId",
    "name": "eventTitle",
    "title": "eventTitle",
    "slug": "type",
    "description": "eventDescription",
    "length": "length",
    "duration": "length",
    "price": "price",
    "currency": "currency",
    "requiresconfirmation": "requiresConfirmation",
}
_OTHERS = {
    "event": "triggerEvent",
    "trigger": "triggerEvent",
    "triggername": "triggerEvent",
    "eventtrigger": "triggerEvent",
    "webhookevent": "triggerEvent",
    "timestamp": "createdAt",
    "slug": "type",
    "eventslug": "type",
    "when": "startTime",
    "where": "location",
    "who": "attendees.0.name",
    "minutes": "length",
    "timezone": "attendees.0.timeZone",
    "phone": "attendees.0.phoneNumber",
    "phonenumber": "attendees.0.phoneNumber",
    "attendeephonenumber": "attendees.0.phoneNumber",
    "textremindernumber": "attendees.0.phoneNumber",
    "smsremindernumber": "attendees.0.phoneNumber",
    "responsessmsremindernumber": "attendees.0.phoneNumber",
    "responsesattendeephonenumber": "attendees.0.phoneNumber",
    "responsesreschedulereason": "rescheduleReason",
    "responsestitle": "title",
    "additionalinformationhangoutlink": "videoCallData.url",
    "hangoutlink": "videoCallData.url",
    "googlemeetlink": "videoCallData.url",
    "googlemeeturl": "videoCallData.url",
    "meetlink": "videoCallData.url",
    "meeturl": "videoCallData.url",
    "zoomlink": "videoCallData.url",
    "zoomurl": "videoCallData.url",
    "zoomjoinurl": "videoCallData.url",
    "teamslink": "videoCallData.url",
    "metadatavideocallurl": "videoCallData.url",
    "metadatameetingurl": "videoCallData.url",
    "metadatahangoutlink": "videoCallData.url",
    "icsuid": "iCalUID",
    "externalid": "iCalUID",
    "calendareventid": "iCalUID",
    "bookinglink": "bookingUrl",
    "managelink": "bookingUrl",
    "manageurl": "bookingUrl",
    "cancellink": "cancelUrl",
    "cancellationurl": "cancelUrl",
    "cancellationlink": "cancelUrl",
    "reschedulelink": "rescheduleUrl",
    "reschedulingurl": "rescheduleUrl",
    "reschedulinglink": "rescheduleUrl",
    "reason": "cancellationReason",
    "cancelreason": "cancellationReason",
    "canceledreason": "cancellationReason",
    "cancelationreason": "cancellationReason",
    "cancellationcanceledby": "cancelledBy",
    "cancellationcancelledby": "cancelledBy",
    "canceledby": "cancelledBy",
    "cancelername": "cancelledBy",
    "cancelledbyemail": "cancelledBy",
    "declinereason": "rejectionReason",
    "rejectreason": "rejectionReason",
    "reschedulingreason": "rescheduleReason",
    "rescheduledreason": "rescheduleReason",
    "fromreschedule": "rescheduleUid",
    "oldinvitee": "rescheduleUid",
    "olduid": "rescheduleUid",
    "previousuid": "rescheduleUid",
    "originaluid": "rescheduleUid",
    "oldstart": "rescheduleStartTime",
    "oldstarttime": "rescheduleStartTime",
    "previousstart": "rescheduleStartTime",
    "previousstarttime": "rescheduleStartTime",
    "originalstarttime": "rescheduleStartTime",
    "oldendtime": "rescheduleEndTime",
    "previousendtime": "rescheduleEndTime",
    "username": "organizer.username",
    "guests": "responses.guests.value",
    "teamname": "team.name",
    "teamid": "team.id",
    "teamslug": "team.slug",
    "teammembers": "team.members",
    "answers": "userFieldsResponses",
    "questions": "userFieldsResponses",
    "questionsandanswers": "userFieldsResponses",
    "custominputs": "userFieldsResponses",
    "customanswers": "userFieldsResponses",
    "customfields": "userFieldsResponses",
    "tracking": "metadata",
}

_EMAIL = ("", "email", "emailaddress", "mail")
# What the whole of an event is called.
WHOLE_EVENT = frozenset({"payload", "json", "jsonbody", "body", "data", "webhook", "eventpayload", "everything"})

# What Cal.com has and nothing here is like, however alike the names are.
WITHOUT_COUNTERPART = frozenset(
    {
        "destinationcalendar",
        "appsstatus",
        "conferencedata",
        "additionalinformation",
        "hidecalendarnotes",
        "hidecalendareventdetails",
        "hideorganizeremail",
        "customreplytoemail",
        "disablerescheduling",
        "disablecancelling",
        "requestreschedule",
        "onetimepassword",
        "organizationid",
        "seatspertimeslot",
        "seatsshowattendees",
        "seatsshowavailabilitycount",
        "recurringevent",
        "paymentinfo",
        "hashedlink",
        "assignmentreason",
    }
)


def _table() -> Mapping[str, str]:
    booker = {f"{who}{key}": f"attendees.0.{path}" for who in BOOKER for key, path in _OF_BOOKER.items()}
    bare = {key: f"attendees.0.{path}" for key, path in _OF_BOOKER.items() if key}
    host = {f"{who}{key}": f"organizer.{path}" for who in ORGANIZER for key, path in _OF_HOST.items()}
    meeting = {f"{what}{key}": path for what in MEETING for key, path in (_OF_MEETING | _OF_NAMED_MEETING).items()}
    guest = {f"{who}{key}": "attendees.1.email" for who in ("guest", "guest0", "guests0") for key in _EMAIL}
    event_type = {f"eventtype{key}": path for key, path in _OF_EVENT_TYPE.items()}
    people = {f"{what}{key}": path for what in ("scheduledevent", "event") for key, path in host.items()}
    return people | meeting | bare | _OF_MEETING | booker | host | guest | event_type | _OTHERS | bare


FORMER_NAMES: Mapping[str, str] = _table()


def meant_by(written: str) -> str | None:
    """Return the path that a name from elsewhere means, None if the name is not known."""
    if written.lower().endswith("user.name"):
        return "organizer.name"
    letters = SEPARATORS.sub("", written.lower()).removeprefix("payload")
    if tracked := UTM.fullmatch(letters):
        return f"metadata.utm_{tracked[1]}"
    return FORMER_NAMES.get(letters) or FORMER_NAMES.get(letters.removesuffix("value"))


def means_all(written: str) -> bool:
    """Tell whether a name means the whole event."""
    return SEPARATORS.sub("", written.lower()) in WHOLE_EVENT


def has_no_counterpart(written: str) -> bool:
    """Tell whether a path begins with a name of Cal.com for which there is nothing here."""
    return written.lower().removeprefix("payload.").partition(".")[0] in WITHOUT_COUNTERPART

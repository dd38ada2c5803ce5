"""Every variable that a template can use: the one list behind the picker, the warnings and the documentation."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from calhooks.events import Trigger
from calhooks.webhooks.body.payload import template_context
from calhooks.webhooks.body.samples import Sample, sample_body
from calhooks.webhooks.template.values.values import MISSING, json_text, lookup, text_of

MAX_SAMPLE_LENGTH = 80
EVERY = frozenset(Trigger)
NEVER = frozenset[Trigger]()
NO_SHOW_UPDATED = frozenset({Trigger.BOOKING_NO_SHOW_UPDATED})
OFFSET = "how many minutes {} clock is ahead of UTC when the meeting starts"
# A booking that replaced another one keeps telling of it: also when it is created, of the request that it replaced.
AFTER_A_MOVE = EVERY - {Trigger.PING}


class Group(StrEnum):
    """What a variable is about, in the order of the list."""

    EVENT = "Event"
    BOOKING = "Booking"
    PEOPLE = "People"
    TEAM = "Team"
    CHANGES = "What changed"
    ANSWERS = "Answers"
    METADATA = "Metadata"


@dataclass(frozen=True, slots=True)
class DocumentedVariable:
    """A path with what it means. `sometimes` are the triggers that can have it, `always` those that surely do.

    `type` is string, time (a string such as 2026-03-05T09:00:00Z), number, boolean, any, object, Person, or a list of
    one of these. Only team bookings have one that is `of_team`.
    """

    path: str
    group: Group
    type: str
    meaning: str
    sometimes: frozenset[Trigger] = EVERY
    always: frozenset[Trigger] = EVERY
    own_sample: str = ""
    of_team: bool = False

    @property
    def optional(self) -> bool:
        """Tell whether it can be missing from an event that can have it."""
        return self.always < self.sometimes

    @property
    def sample(self) -> str:
        """Return an example of its value, as text."""
        return self.own_sample or _sample(self)


def _person(path: str, who: str, noun: str) -> list[DocumentedVariable]:
    return [
        DocumentedVariable(f"{path}.{key}", Group.PEOPLE, "string", meaning)
        for key, meaning in (("name", who), *_of_person(noun))
    ]


def _of_person(noun: str) -> list[tuple[str, str]]:
    return [
        ("email", f"{noun} e-mail address"),
        ("timeZone", f"{noun} time zone"),
        ("language.locale", f"{noun} language"),
    ]


def _of_host(noun: str) -> list[tuple[str, str, str]]:
    return [
        ("id", "number", f"{noun} number"),
        ("username", "string", f"{noun} name in links"),
        ("utcOffset", "number", OFFSET.format(noun)),
    ]


def _of_team(path: str, type_: str, meaning: str) -> DocumentedVariable:
    return DocumentedVariable(path, Group.TEAM, type_, meaning, always=NEVER, of_team=True)


def _of_reassigning(path: str, type_: str, meaning: str) -> DocumentedVariable:
    # A request that goes to another host is asked for once more.
    told = frozenset({Trigger.BOOKING_RESCHEDULED, Trigger.BOOKING_REQUESTED})
    return DocumentedVariable(path, Group.CHANGES, type_, meaning, told, NEVER, of_team=True)


def _optional(
    path: str, group: Group, type_: str, meaning: str, sometimes: Iterable[Trigger] = EVERY
) -> DocumentedVariable:
    return DocumentedVariable(path, group, type_, meaning, frozenset(sometimes), NEVER)


def _of_a_move(path: str, type_: str, meaning: str) -> DocumentedVariable:
    return DocumentedVariable(
        path, Group.CHANGES, type_, meaning, AFTER_A_MOVE, frozenset({Trigger.BOOKING_RESCHEDULED})
    )


CATALOGUE: tuple[DocumentedVariable, ...] = (
    DocumentedVariable("triggerEvent", Group.EVENT, "string", "the trigger’s name"),
    DocumentedVariable("createdAt", Group.EVENT, "time", "when the event happened, in UTC with milliseconds"),
    DocumentedVariable("type", Group.BOOKING, "string", "the event type’s slug"),
    DocumentedVariable("title", Group.BOOKING, "string", "the booking’s name"),
    DocumentedVariable("startTime", Group.BOOKING, "time", "when it starts, in UTC"),
    DocumentedVariable("endTime", Group.BOOKING, "time", "when it ends, in UTC"),
    DocumentedVariable("length", Group.BOOKING, "number", "minutes"),
    DocumentedVariable("status", Group.BOOKING, "string", "`ACCEPTED`, `PENDING`, `REJECTED` or `CANCELLED`"),
    _optional("location", Group.BOOKING, "string", "an address, a link or a phone number"),
    _optional(
        "videoCallData", Group.BOOKING, "object", "the meeting link with its service, where the location is a link"
    ),
    _optional("videoCallData.url", Group.BOOKING, "string", "the meeting link"),
    _optional(
        "videoCallData.type", Group.BOOKING, "string", "`zoom_video`, `google_video` and the like, `link` for others"
    ),
    _optional("description", Group.BOOKING, "string", "the event type’s description"),
    DocumentedVariable(
        "additionalNotes", Group.BOOKING, "string", "what the booker wrote, empty where that is nothing"
    ),
    DocumentedVariable("eventTitle", Group.BOOKING, "string", "the event type’s name"),
    DocumentedVariable("eventDescription", Group.BOOKING, "string", "the event type’s description, perhaps empty"),
    _optional("eventTypeId", Group.BOOKING, "number", "the event type’s number, absent once it was deleted"),
    DocumentedVariable("uid", Group.BOOKING, "string", "the booking’s own; a move makes a new one"),
    DocumentedVariable("bookingId", Group.BOOKING, "number", "the booking’s number"),
    DocumentedVariable(
        "bookingUid", Group.BOOKING, "string", "the booking’s `uid` once more", NO_SHOW_UPDATED, NO_SHOW_UPDATED
    ),
    DocumentedVariable(
        "requiresConfirmation", Group.BOOKING, "boolean", "whether bookings of the event type must be confirmed"
    ),
    DocumentedVariable("price", Group.BOOKING, "number", "always `0`"),
    DocumentedVariable("currency", Group.BOOKING, "string", "always `usd`"),
    DocumentedVariable("iCalUID", Group.BOOKING, "string", "the UID in calendar files; a reschedule keeps it"),
    DocumentedVariable("iCalSequence", Group.BOOKING, "number", "the SEQUENCE in calendar files; changes raise it"),
    DocumentedVariable("bookerUrl", Group.BOOKING, "string", "where booking pages are"),
    DocumentedVariable("bookingUrl", Group.BOOKING, "string", "the booker’s page"),
    DocumentedVariable("rescheduleUrl", Group.BOOKING, "string", "where the booker moves the booking"),
    DocumentedVariable("cancelUrl", Group.BOOKING, "string", "where the booker cancels it"),
    DocumentedVariable("organizer", Group.PEOPLE, "Person", "the host, as a whole"),
    *_person("organizer", "the host", "the host’s"),
    *(
        DocumentedVariable(f"organizer.{key}", Group.PEOPLE, type_, meaning)
        for key, type_, meaning in _of_host("the host’s")
    ),
    DocumentedVariable("attendees", Group.PEOPLE, "Person[]", "the booker, then the guests"),
    *_person("attendees.0", "the booker; guests follow as `attendees.1` and so on, with an empty name", "the booker’s"),
    DocumentedVariable(
        "attendees.0.firstName", Group.PEOPLE, "string", "the booker’s name up to its last space, or all of it"
    ),
    DocumentedVariable(
        "attendees.0.lastName", Group.PEOPLE, "string", "the booker’s name after its last space, perhaps empty"
    ),
    _optional("attendees.0.phoneNumber", Group.PEOPLE, "string", "the booker’s phone number, where it was asked for"),
    DocumentedVariable("attendees.0.utcOffset", Group.PEOPLE, "number", OFFSET.format("the booker’s")),
    DocumentedVariable(
        "attendees.0.noShow",
        Group.PEOPLE,
        "boolean",
        "whether this person is marked as no-show",
        NO_SHOW_UPDATED,
        NO_SHOW_UPDATED,
    ),
    _of_team("team", "object", "the team whose event type was booked, as a whole"),
    _of_team("team.id", "number", "the team’s number"),
    _of_team("team.name", "string", "the team’s name"),
    _of_team("team.slug", "string", "the team’s name in links"),
    _of_team("team.members", "string[]", "the names of the hosts who attend, the organizer first"),
    _of_team("team.hosts", "Person[]", "the same hosts, as a whole"),
    _of_team("team.hosts.0.name", "string", "the organizer; further hosts follow as `team.hosts.1` and so on"),
    *(_of_team(f"team.hosts.0.{key}", "string", meaning) for key, meaning in _of_person("this host’s")),
    *(_of_team(f"team.hosts.0.{key}", type_, meaning) for key, type_, meaning in _of_host("this host’s")),
    _of_team("schedulingType", "string", "`COLLECTIVE` where every host attends, `ROUND_ROBIN` where they take turns"),
    _of_a_move("rescheduleUid", "string", "the `uid` of the booking that was replaced"),
    _of_a_move("rescheduleId", "number", "its number"),
    _of_a_move("rescheduleStartTime", "time", "when it would have started"),
    _of_a_move("rescheduleEndTime", "time", "when it would have ended"),
    _optional("rescheduleReason", Group.CHANGES, "string", "why it was moved", AFTER_A_MOVE),
    _optional("rescheduledBy", Group.CHANGES, "string", "the e-mail address of who moved it", AFTER_A_MOVE),
    _of_reassigning(
        "reassignedFrom", "Person", "the host whom another one replaced, as a whole; the booking keeps its `uid`"
    ),
    _of_reassigning("reassignedFrom.name", "string", "that host"),
    *(_of_reassigning(f"reassignedFrom.{key}", "string", meaning) for key, meaning in _of_person("that host’s")),
    *(_of_reassigning(f"reassignedFrom.{key}", type_, meaning) for key, type_, meaning in _of_host("that host’s")),
    _of_reassigning("reassignReason", "string", "why the booking was reassigned"),
    _of_reassigning("reassignedBy", "string", "the e-mail address of who reassigned it"),
    _optional("cancellationReason", Group.CHANGES, "string", "why it was cancelled", [Trigger.BOOKING_CANCELLED]),
    _optional(
        "cancelledBy", Group.CHANGES, "string", "the e-mail address of who cancelled it", [Trigger.BOOKING_CANCELLED]
    ),
    _optional("rejectionReason", Group.CHANGES, "string", "why the host said no", [Trigger.BOOKING_REJECTED]),
    DocumentedVariable(
        "message", Group.CHANGES, "string", "who is marked as no-show, in words", NO_SHOW_UPDATED, NO_SHOW_UPDATED
    ),
    DocumentedVariable("responses", Group.ANSWERS, "object", "every question by its identifier, with its answer"),
    DocumentedVariable("responses.name.label", Group.ANSWERS, "string", "a question, as the booker was asked"),
    DocumentedVariable("responses.name.value", Group.ANSWERS, "any", "its answer, absent where there is none"),
    DocumentedVariable("userFieldsResponses", Group.ANSWERS, "object", "the same for your own questions alone"),
    DocumentedVariable("metadata", Group.METADATA, "object", "all that the booking link carried"),
    _optional("metadata.user_id", Group.METADATA, "string", "`?metadata[user_id]=123` of the link, always a string"),
)


def absent_for(variable: DocumentedVariable, triggers: Collection[Trigger]) -> list[Trigger]:
    """Return those of the triggers that never have a variable, in the contract's order."""
    return [trigger for trigger in Trigger if trigger in triggers and trigger not in variable.sometimes]


def may_be_missing(variable: DocumentedVariable, triggers: Collection[Trigger], *, for_team: bool = False) -> bool:
    """Tell whether one of the triggers can come without a variable.

    A webhook `for_team` is told of team bookings alone.
    """
    if for_team and variable.group is Group.TEAM:
        return False
    return any(trigger not in variable.always for trigger in triggers)


def _sample(variable: DocumentedVariable) -> str:
    sample = Sample.ROUND_ROBIN if variable.group is Group.CHANGES and variable.of_team else Sample.COLLECTIVE
    path, triggers = tuple(variable.path.split(".")), variable.always or variable.sometimes
    bodies = (
        sample_body(trigger, sample=sample if variable.of_team else Sample.PERSONAL)
        for trigger in Trigger
        if trigger in triggers
    )
    values = (lookup(template_context(body), path) for body in bodies)
    value = next((value for value in values if value is not MISSING), "")
    text = text_of(value) if isinstance(value, str) else json_text(value)
    return text if len(text) <= MAX_SAMPLE_LENGTH else f"{text[:MAX_SAMPLE_LENGTH]}…"

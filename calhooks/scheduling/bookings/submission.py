"""The booking form without anything of the web: as it was typed, and checked as a whole."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, UTC, datetime

from calhooks.locales import DEFAULT_LOCALE, MAX_LOCALE_LENGTH
from calhooks.scheduling.errors import InvalidInput
from calhooks.scheduling.event_types.places import Place, chosen_place
from calhooks.scheduling.event_types.questions import ATTENDEE_PHONE, Answers, Question, check_answers
from calhooks.scheduling.fields import MAX_REASON_LENGTH
from calhooks.scheduling.models.event_types import LocationKind
from calhooks.text import MAX_NAME_LENGTH, checked, email_address, one_line, paragraphs
from calhooks.zones import canonical_zone

MAX_NOTES_LENGTH = 5_000
MAX_GUESTS = 10
# Fields of the form, empty ones and repeated addresses included.
MAX_TYPED_GUESTS = 50
TOO_MANY_GUESTS = f"Invite at most {MAX_GUESTS} guests."


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedSubmission:
    """A booking form as it was typed. `start` is ISO 8601, in UTC unless it says otherwise; `answers` by identifier.

    Not typed are `length`, the chosen one in minutes (None for the event type's own), `place`, the key of the chosen
    place, and `locale`, which the browser names.
    """

    start: str
    time_zone: str
    name: str
    email: str
    notes: str = ""
    guests: Sequence[str] = ()
    reschedule_reason: str = ""
    locale: str = DEFAULT_LOCALE
    length: int | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A booking form that can be kept. `start` is UTC, `time_zone` canonical; `guests` holds each address once.

    `length` is the one that was chosen, in minutes, None for the event type's own; `place` the key of the place that
    was chosen, empty where there is only one.
    """

    start: datetime
    length: int | None = None
    time_zone: str
    name: str
    email: str
    notes: str = ""
    guests: tuple[str, ...] = ()
    reschedule_reason: str = ""
    locale: str = DEFAULT_LOCALE
    answers: Answers = field(default_factory=dict)
    place: str = ""


def check_submission(
    typed: TypedSubmission,
    *,
    questions: Sequence[Question] = (),
    places: Sequence[Place] = (),
    allows_guests: bool = True,
) -> Submission:
    """Return what was typed, tidied, as an event type with these `questions` and `places` asks for it.

    A `locale` that is not a plain language tag becomes the default. Raises InvalidInput, keyed by the public field
    names (`timeZone`, `start`…) and the questions' identifiers.
    """
    errors: dict[str, str] = {}
    start = checked(errors, "start", read_start, typed.start)
    zone = checked(errors, "timeZone", _zone, typed.time_zone)
    name = checked(errors, "name", _name, typed.name)
    email = checked(errors, "email", email_address, typed.email)
    guests = checked(errors, "guests", _guests if allows_guests else _no_guests, typed.guests)
    notes = checked(errors, "notes", lambda text: paragraphs(text, MAX_NOTES_LENGTH), typed.notes)
    reason = checked(
        errors, "rescheduleReason", lambda text: paragraphs(text, MAX_REASON_LENGTH), typed.reschedule_reason
    )
    place = checked(errors, "location", lambda key: chosen_place(places, key), typed.place)
    if place and place.kind is not LocationKind.ATTENDEE_PHONE:
        questions = [question for question in questions if question.identifier != ATTENDEE_PHONE]
    answers = check_answers(errors, questions, typed.answers)
    if errors or start is None or zone is None or name is None or email is None:
        raise InvalidInput(errors)
    return Submission(
        start=start,
        time_zone=zone,
        name=name,
        email=email,
        notes=notes or "",
        guests=tuple(guest for guest in guests or () if guest.casefold() != email.casefold()),
        reschedule_reason=reason or "",
        locale=_locale(typed.locale),
        length=typed.length,
        answers=answers,
        place=place.key if place else "",
    )


def submission_key(visitor: str, event_type_id: int, submission: Submission, replaced: str = "") -> str | None:
    """Return what tells one form sent twice from two forms; None for a visitor who cannot be recognised.

    `replaced` is the uid of the booking that the form moves, empty for a new booking.
    """
    if not visitor:
        return None
    parts = (visitor, str(event_type_id), submission.start.isoformat(), submission.email.casefold(), replaced)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def read_start(text: str) -> datetime:
    """Return the moment that a text means in ISO 8601, in UTC unless it says otherwise. Raises ValueError."""
    try:
        moment = datetime.fromisoformat(text.strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("Choose a time.") from error
    # At either end of the calendar another zone's clock, or the meeting's end, would have no date.
    if not MINYEAR < moment.year < MAXYEAR:
        raise ValueError("Choose a time.")
    return moment


def _zone(text: str) -> str:
    if not text.strip():
        raise ValueError("Choose a time zone.")
    return canonical_zone(text)


def _name(text: str) -> str:
    name = one_line(text, MAX_NAME_LENGTH)
    if not name:
        raise ValueError("Enter your name.")
    return name


def _guests(typed: Sequence[str]) -> list[str]:
    if len(typed) > MAX_TYPED_GUESTS:
        raise ValueError(TOO_MANY_GUESTS)
    guests: dict[str, str] = {}
    for address in map(email_address, filter(str.strip, typed)):
        guests.setdefault(address.casefold(), address)
    if len(guests) > MAX_GUESTS:
        raise ValueError(TOO_MANY_GUESTS)
    return list(guests.values())


def _no_guests(typed: Iterable[str]) -> list[str]:
    if any(map(str.strip, typed)):
        raise ValueError("Guests cannot be invited to this event.")
    return []


def _locale(tag: str) -> str:
    plain = tag.replace("-", "").isalnum() and tag.isascii() and len(tag) <= MAX_LOCALE_LENGTH
    return tag if plain else DEFAULT_LOCALE

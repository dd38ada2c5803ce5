"""What a booker filled in, checked as one: the form of the booking page without anything of the web."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from types import MappingProxyType

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
    *,
    start: str,
    time_zone: str,
    name: str,
    email: str,
    notes: str = "",
    guests: Iterable[str] = (),
    reschedule_reason: str = "",
    locale: str = DEFAULT_LOCALE,
    length: int | None = None,
    questions: Sequence[Question] = (),
    answers: Mapping[str, str] = MappingProxyType({}),
    allows_guests: bool = True,
    places: Sequence[Place] = (),
    place: str = "",
) -> Submission:
    """Return what was typed, tidied; `questions` are the event type's, `answers` what was typed, by identifier;
    of several `places`, `place` is the key of one.

    Raises InvalidInput, keyed by the contract's names (`timeZone`, `start`…) and the identifiers. `locale` is not
    typed: what is no plain language tag becomes the default.
    """
    errors: dict[str, str] = {}
    moment = checked(errors, "start", read_start, start)
    zone = checked(errors, "timeZone", _zone, time_zone)
    booker = checked(errors, "name", _name, name)
    address = checked(errors, "email", email_address, email)
    others = checked(errors, "guests", _guests if allows_guests else _no_guests, guests)
    remarks = checked(errors, "notes", lambda text: paragraphs(text, MAX_NOTES_LENGTH), notes)
    reason = checked(errors, "rescheduleReason", lambda text: paragraphs(text, MAX_REASON_LENGTH), reschedule_reason)
    where = checked(errors, "location", lambda key: chosen_place(places, key), place)
    if where and where.kind is not LocationKind.ATTENDEE_PHONE:
        questions = [question for question in questions if question.identifier != ATTENDEE_PHONE]
    answered = check_answers(errors, questions, answers)
    if errors or moment is None or zone is None or booker is None or address is None:
        raise InvalidInput(errors)
    return Submission(
        start=moment,
        time_zone=zone,
        name=booker,
        email=address,
        notes=remarks or "",
        guests=tuple(guest for guest in others or () if guest.casefold() != address.casefold()),
        reschedule_reason=reason or "",
        locale=_locale(locale),
        length=length,
        answers=answered,
        place=where.key if where else "",
    )


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


def _guests(typed: Iterable[str]) -> list[str]:
    guests: dict[str, str] = {}
    for address in map(email_address, filter(str.strip, typed)):
        guests.setdefault(address.casefold(), address)
    if len(guests) > MAX_GUESTS:
        raise ValueError(f"Invite at most {MAX_GUESTS} guests.")
    return list(guests.values())


def _no_guests(typed: Iterable[str]) -> list[str]:
    if any(map(str.strip, typed)):
        raise ValueError("Guests cannot be invited to this event.")
    return []


def _locale(tag: str) -> str:
    plain = tag.replace("-", "").isalnum() and tag.isascii() and len(tag) <= MAX_LOCALE_LENGTH
    return tag if plain else DEFAULT_LOCALE

"""An event type as its host typed it, checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from calhooks.scheduling.errors import InvalidInput
from calhooks.scheduling.event_types.host_form import CheckedTeamPart, TypedTeamPart, check_team_part
from calhooks.scheduling.event_types.lengths import MAX_BUFFER, MAX_LENGTH
from calhooks.scheduling.event_types.places import TypedPlace, check_other_places, check_place
from calhooks.scheduling.event_types.question_form import TypedQuestion, check_questions
from calhooks.scheduling.event_types.window_form import TypedWindow, check_window
from calhooks.scheduling.fields import slug_of
from calhooks.scheduling.models.event_types import (
    MAX_BOOKING_NAME_LENGTH,
    MAX_REDIRECT_LENGTH,
    MAX_SLUG_LENGTH,
    MAX_TITLE_LENGTH,
    LocationKind,
)
from calhooks.text import checked, one_line, paragraphs

MAX_DESCRIPTION_LENGTH = 5_000
MAX_LENGTHS = 10
MAX_NOTICE = 365 * 1_440
MIN_INTERVAL = 5
MAX_REMINDER_HOURS = 30 * 24
DEFAULT_NOTICE = 120
UNLIMITED = TypedWindow()
_SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedEventType:
    """An event type as it was typed. Lengths are in minutes, None where no number was typed.

    `other_lengths` lists further ones, as in "15, 45"; `other_places` and `questions` of None stay as they are. An
    empty `slug` is made from the title; without `slot_interval` a slot begins after each `length`; without
    `schedule_id` the host's first schedule holds, or the one that is set; without `reminder_hours` nobody is reminded.
    `team` is the part that only a team's has.
    """

    title: str
    length: int | None
    slug: str = ""
    description: str = ""
    other_lengths: str = ""
    location_kind: str = LocationKind.SOMEWHERE_ELSE
    location: str = ""
    other_places: tuple[TypedPlace, ...] | None = None
    questions: tuple[TypedQuestion, ...] | None = None
    booking_name: str = ""
    requires_confirmation: bool = False
    minimum_notice: int | None = DEFAULT_NOTICE
    slot_interval: int | None = None
    buffer_before: int | None = 0
    buffer_after: int | None = 0
    hidden: bool = False
    schedule_id: int | None = None
    reminder_hours: int | None = None
    window: TypedWindow = UNLIMITED
    allows_guests: bool = True
    redirect_url: str = ""
    team: TypedTeamPart | None = None


@dataclass(frozen=True, slots=True)
class CheckedEventType:
    """A form whose fields can be kept, by the model's names. Only the database knows its slug, schedule and hosts.

    Without `schedule_id` the host's first schedule holds, or the one that is set.
    """

    values: Mapping[str, Any]
    schedule_id: int | None = None
    team: CheckedTeamPart | None = None


def check_event_type(form: TypedEventType) -> CheckedEventType:
    """Check a form's fields, before a transaction that writes. Raises InvalidInput, keyed like `bookingName`."""
    errors: dict[str, str] = {}
    values: dict[str, Any] = {
        "title": checked(errors, "title", _title, form.title),
        "slug": checked(errors, "slug", _slug, form.slug or slug_of(form.title)),
        "description": checked(
            errors, "description", lambda text: paragraphs(text, MAX_DESCRIPTION_LENGTH), form.description
        ),
        "booking_name": checked(
            errors, "bookingName", lambda text: one_line(text, MAX_BOOKING_NAME_LENGTH), form.booking_name
        ),
        "length": _minutes(errors, "length", form.length, 1, MAX_LENGTH),
        "other_lengths": checked(errors, "otherLengths", _lengths, form.other_lengths),
        "minimum_notice": _minutes(errors, "minimumNotice", form.minimum_notice, 0, MAX_NOTICE),
        "slot_interval": None,
        "reminder_hours": form.reminder_hours,
        "buffer_before": _minutes(errors, "bufferBefore", form.buffer_before, 0, MAX_BUFFER),
        "buffer_after": _minutes(errors, "bufferAfter", form.buffer_after, 0, MAX_BUFFER),
        "requires_confirmation": form.requires_confirmation,
        "hidden": form.hidden,
        "allows_guests": form.allows_guests,
        "redirect_url": checked(errors, "redirectUrl", redirect_address, form.redirect_url),
        **check_window(errors, form.window),
    }
    if place := check_place(errors, TypedPlace(form.location_kind, form.location), "locationKind", "location"):
        values |= {"location_kind": place.kind, "location": place.location}
    if form.other_places is not None:
        values["other_locations"] = check_other_places(errors, form.other_places)
    if form.questions is not None:
        values["questions"] = [question.stored() for question in check_questions(errors, form.questions)]
    if form.slot_interval is not None:
        values["slot_interval"] = _minutes(errors, "slotInterval", form.slot_interval, MIN_INTERVAL, MAX_LENGTH)
    if form.reminder_hours is not None and not 1 <= form.reminder_hours <= MAX_REMINDER_HOURS:
        errors["reminderHours"] = f"Enter a number of hours from 1 to {MAX_REMINDER_HOURS}."
    team = None if form.team is None else check_team_part(errors, form.team)
    if errors:
        raise InvalidInput(errors)
    values["other_lengths"] = [length for length in values["other_lengths"] if length != values["length"]]
    return CheckedEventType(values, form.schedule_id, team)


def _title(text: str) -> str:
    title = one_line(text, MAX_TITLE_LENGTH)
    if not title:
        raise ValueError("Enter a title.")
    return title


def _slug(text: str) -> str:
    slug = text.strip().lower()
    if not slug:
        raise ValueError("Enter an address, such as quick-chat.")
    if len(slug) > MAX_SLUG_LENGTH:
        raise ValueError(f"Use at most {MAX_SLUG_LENGTH} characters.")
    if not _SLUG.fullmatch(slug):
        raise ValueError("Use letters from a to z, digits and single hyphens, such as quick-chat.")
    return slug


def _minutes(errors: dict[str, str], name: str, value: int | None, least: int, most: int) -> int | None:
    if value is None or not least <= value <= most:
        errors[name] = f"Enter a number of minutes from {least} to {most:,}."
        return None
    return value


def _lengths(text: str) -> list[int]:
    words = text.replace(",", " ").split()
    lengths = sorted({int(word) if word.isascii() and word.isdecimal() and len(word) <= 4 else 0 for word in words})
    if lengths and not 1 <= lengths[0] <= lengths[-1] <= MAX_LENGTH:
        raise ValueError(f"Enter numbers of minutes from 1 to {MAX_LENGTH:,}, such as 15, 45.")
    if len(lengths) > MAX_LENGTHS:
        raise ValueError(f"Offer at most {MAX_LENGTHS} lengths.")
    return lengths


def redirect_address(text: str) -> str:
    """Return the address to which bookers go, empty for none. Raises ValueError."""
    address = one_line(text, MAX_REDIRECT_LENGTH)
    try:
        parts = urlsplit(address)
        sound = (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and " " not in address
            and "@" not in parts.netloc
        )
        _ = parts.port
    except ValueError:
        sound = False
    if address and not sound:
        raise ValueError("Enter an address that begins with https://.")
    return address

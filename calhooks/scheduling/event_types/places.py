"""Where meetings of an event type can be: one place, or several of which the booker chooses."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from calhooks.scheduling.fields import phone_number
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import MAX_LOCATION_LENGTH, EventType, LocationKind
from calhooks.text import checked, one_line

MAX_OTHER_PLACES = 5


@dataclass(frozen=True, slots=True)
class Place:
    """One place. `key` names it in forms and links: its kind, with a number where a kind comes again."""

    key: str
    kind: LocationKind
    location: str


@dataclass(frozen=True, slots=True)
class TypedPlace:
    """A place as it was typed."""

    kind: str
    location: str = ""


def places(event_type: EventType) -> list[Place]:
    """Return where an event type can be, the usual place first."""
    others = [(LocationKind(each["kind"]), str(each["location"])) for each in event_type.other_locations]
    found: list[Place] = []
    seen: Counter[str] = Counter()
    for kind, location in [(LocationKind(event_type.location_kind), event_type.location), *others]:
        seen[kind] += 1
        found.append(Place(kind if seen[kind] == 1 else f"{kind}-{seen[kind]}", kind, location))
    return found


def place_of(event_type: EventType, key: str) -> Place:
    """Return the place of a key, the usual one where there is none of that name any more."""
    every = places(event_type)
    return next((place for place in every if place.key == key), every[0])


def chosen_before(booking: Booking) -> str:
    """Return the key of the place that was chosen for a booking, empty where there was nothing to choose."""
    return str(booking.responses.get("location", {}).get("value", ""))


def chosen_place(offered: Sequence[Place], key: str) -> Place | None:
    """Return which of several places a booker chose, the first by default; None where there is nothing to choose.

    Raises ValueError.
    """
    if len(offered) < 2:
        return None
    found = [place for place in offered if place.key == key] if key else [offered[0]]
    if not found:
        raise ValueError("Choose where to meet.")
    return found[0]


def check_place(errors: dict[str, str], typed: TypedPlace, kind_field: str, location_field: str) -> TypedPlace | None:
    """Return a place, checked; an attendee's phone number is not known before somebody books."""
    if typed.kind not in list(LocationKind):
        errors[kind_field] = "Choose where the meeting is."
        return None
    kind = LocationKind(typed.kind)
    if kind is LocationKind.ATTENDEE_PHONE:
        return TypedPlace(kind)
    check = {LocationKind.LINK: _link, LocationKind.HOST_PHONE: _phone}.get(kind, _anywhere)
    location = checked(errors, location_field, check, typed.location)
    return None if location is None else TypedPlace(kind, location)


def check_other_places(errors: dict[str, str], typed: Sequence[TypedPlace]) -> list[dict[str, Any]]:
    """Return further places as they are kept; what is wrong goes to `errors`, under names like `places-0-location`."""
    if len(typed) > MAX_OTHER_PLACES:
        errors["places"] = f"Offer at most {MAX_OTHER_PLACES} other places."
        return []
    kept = []
    for number, each in enumerate(typed):
        place = check_place(errors, each, f"places-{number}-kind", f"places-{number}-location")
        if place and not place.location and place.kind in (LocationKind.IN_PERSON, LocationKind.SOMEWHERE_ELSE):
            # Bookers choose by it.
            errors[f"places-{number}-location"] = "Enter where this is."
        elif place and place not in kept:
            kept.append(place)
    return [{"kind": str(place.kind), "location": place.location} for place in kept]


def _anywhere(text: str) -> str:
    return one_line(text, MAX_LOCATION_LENGTH)


def _link(text: str) -> str:
    link = _anywhere(text)
    if not re.fullmatch(r"https?://[^\s/]+\S*", link, re.IGNORECASE):
        raise ValueError("Enter a link that begins with https://.")
    return link


def _phone(text: str) -> str:
    number = phone_number(text)
    if not number:
        raise ValueError("Enter the phone number that is called.")
    return number

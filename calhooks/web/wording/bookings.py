"""How the booking pages say things: days, times, lengths, places. Moments are written on the clock they came with."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from calhooks.scheduling.event_types import questions
from calhooks.scheduling.event_types.places import Place
from calhooks.scheduling.models.event_types import LocationKind


def initials(name: str) -> str:
    """Return one or two letters that stand for a person."""
    words: list[str] = re.findall(r"\w+", name) or ["?"]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def location_kind(location: str) -> str:
    """Return what a location is: link, phone, place, or nothing for none."""
    text = location.strip()
    if re.match(r"https?://", text, re.IGNORECASE):
        return "link"
    if re.fullmatch(r"\+?[\d\s()./-]{5,30}", text):
        return "phone"
    return "place" if text else ""


def place_label(place: Place) -> str:
    """Return a place as bookers choose it. The link of a meeting is for those who have booked."""
    labels = {
        LocationKind.LINK: "Online",
        LocationKind.ATTENDEE_PHONE: "By phone, at your number",
        LocationKind.HOST_PHONE: f"By phone, at {place.location}",
    }
    return labels.get(place.kind) or place.location or ("In person" if place.kind == "in_person" else "Somewhere else")


def places_in_words(offered: list[Place]) -> str:
    """Return what kinds of places a booker can choose from: Online, by phone or in person; you choose."""
    words = {
        LocationKind.LINK: "online",
        LocationKind.IN_PERSON: "in person",
        LocationKind.HOST_PHONE: "by phone",
        LocationKind.ATTENDEE_PHONE: "by phone",
        LocationKind.SOMEWHERE_ELSE: "somewhere else",
    }
    *kinds, last = dict.fromkeys(words[place.kind] for place in offered)
    text = f"{', '.join(kinds)} or {last}" if kinds else last
    return f"{text[0].upper()}{text[1:]}; you choose"


@dataclass(frozen=True, slots=True)
class SaidAnswer:
    """An answer to a question of the host's, in words."""

    label: str
    text: str


def own_answers(responses: Mapping[str, dict[str, Any]]) -> list[SaidAnswer]:
    """Return a booking's answers to what its event type asked."""
    return [
        SaidAnswer(answer["label"], _said(answer["value"]))
        for identifier, answer in questions.host_answers(responses).items()
        if questions.is_hosts_own(identifier)
    ]


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return str(value)

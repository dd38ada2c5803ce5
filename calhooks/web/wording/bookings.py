"""How the booking pages say things: days, times, lengths, places. Moments are written on the clock they came with."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from calhooks.scheduling.event_types import questions
from calhooks.scheduling.event_types.lengths import HOUR_MINUTES
from calhooks.scheduling.event_types.places import Place, places
from calhooks.scheduling.models.event_types import LocationKind
from calhooks.web.site.visitor import clock_hours
from calhooks.web.wording.markdown import markdown, plain
from calhooks.zones import offset_label, zone_info

NOON = 12


def initials(name: str) -> str:
    """Return one or two letters that stand for a person."""
    words: list[str] = re.findall(r"\w+", name) or ["?"]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def minutes(length: int) -> str:
    """Return a length: 45 min, 1 hr, 1 hr 30 min."""
    hours, rest = divmod(length, HOUR_MINUTES)
    return " ".join(([f"{hours} hr"] if hours else []) + ([f"{rest} min"] if rest or not hours else []))


def long_day(day: date) -> str:
    """Return a day in full: Tuesday 24 November 2026."""
    return f"{day:%A} {day.day} {day:%B} {day.year}"


def short_day(day: date) -> str:
    """Return a day of a month that is in sight: Tue 24 Nov."""
    return f"{day:%a} {day.day} {day:%b}"


def in_zone(moment: datetime, zone: str) -> datetime:
    """Return a moment on the clocks of a zone."""
    return moment.astimezone(zone_info(zone))


def clock_time(moment: datetime) -> str:
    """Return the time of day as this browser wants it: 09:30, or 9:30 am."""
    if clock_hours() == "24":
        return f"{moment:%H:%M}"
    return f"{moment.hour % 12 or 12}:{moment:%M} {'am' if moment.hour < NOON else 'pm'}"


def time_span(start: datetime, end: datetime) -> str:
    """Return from when to when: 09:30 – 10:00, with the day where it ends on another one."""
    if start.date() == end.date():
        return f"{clock_time(start)} – {clock_time(end)}"
    return f"{clock_time(start)} – {clock_time(end)} ({short_day(end)})"


def zone_name(zone: str) -> str:
    """Return a zone as people read it: America/New York."""
    return zone.replace("_", " ")


def zone_offset(moment: datetime, zone: str) -> str:
    """Return a zone's distance from UTC at a moment: GMT+5:30."""
    return offset_label(zone, moment)


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
        for identifier, answer in questions.own_answers(responses).items()
        if identifier != questions.ATTENDEE_PHONE
    ]


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return str(value)


FILTERS = (
    markdown,
    plain,
    own_answers,
    initials,
    minutes,
    long_day,
    short_day,
    in_zone,
    clock_time,
    time_span,
    zone_name,
    zone_offset,
    location_kind,
    places,
    places_in_words,
)

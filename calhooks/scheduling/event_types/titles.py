"""What a booking is called: its event type's title, or the pattern that its host has set."""

import re
from collections.abc import Mapping

from calhooks.scheduling.models.bookings import MAX_BOOKING_TITLE_LENGTH

# The names are Cal.com's; what stands in braces and is none of them stays as it is.
VARIABLES = (
    "Event type title",
    "Organiser",
    "Organiser first name",
    "Scheduler",
    "Scheduler first name",
    "Location",
    "Event duration",
)
_VARIABLE = re.compile(r"\{([^{}]*)\}")


def booking_title(pattern: str, *, event_title: str, organiser: str, scheduler: str, location: str, length: int) -> str:
    """Return a booking's title. What a person is called is never read as a part of the pattern."""
    if not pattern.strip():
        return event_title
    values = {
        "event type title": event_title,
        "organiser": organiser,
        "organiser first name": _first_name(organiser),
        "scheduler": scheduler,
        "scheduler first name": _first_name(scheduler),
        "location": location,
        "event duration": f"{length} min",
    }
    return _VARIABLE.sub(lambda found: _value(values, found), pattern).strip()[:MAX_BOOKING_TITLE_LENGTH]


def _value(values: Mapping[str, str], found: re.Match[str]) -> str:
    name = " ".join(found[1].split()).lower().replace("organizer", "organiser")
    return values.get(name, found[0])


def _first_name(name: str) -> str:
    return name.split(" ", 1)[0]

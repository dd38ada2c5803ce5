"""What docs/booking-links.md says is what the code does."""

import re
from datetime import UTC, date, datetime

from calhooks.scheduling.bookings import metadata
from calhooks.scheduling.bookings.submission import MAX_GUESTS
from calhooks.scheduling.event_types.questions import ATTENDEE_PHONE
from calhooks.scheduling.models.event_types import LocationKind
from calhooks.web.public.booker_page import CLOCK_PARAMETER
from calhooks.web.public.booking_link import BookingLink
from tests.running import ROOT

TEXT = (ROOT / "docs" / "booking-links.md").read_text()
PLAIN = " ".join(TEXT.split())


def test_every_parameter_of_a_link_is_in_the_table() -> None:
    day = date(2026, 3, 5)
    said = {"name": "a", "email": "b", "guests": ("c",), "notes": "d", "location": "link", "reschedule_reason": "e"}
    slot = datetime(2026, 3, 5, 9, tzinfo=UTC)
    full = BookingLink(
        path="/", day=day, slot=slot, duration=30, time_zone="UTC", reschedule_uid="f", metadata={"key": "1"}, **said
    )
    names = {name for name, _ in [*full.pairs, *BookingLink(path="/", month=day.replace(day=1)).pairs]}
    rows = re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert documented == names | {CLOCK_PARAMETER, ATTENDEE_PHONE}


def test_the_places_and_limits_are_the_ones_that_hold() -> None:
    row = next(line for line in TEXT.splitlines() if line.startswith("| `location`"))
    assert set(re.findall(r"`(\w+)`", row)) - {"location"} == set(LocationKind)
    assert f"at most {MAX_GUESTS} |" in TEXT
    assert f"at most {metadata.MAX_KEYS} keys of at most {metadata.MAX_KEY_LENGTH} characters" in PLAIN
    assert f"values of at most {metadata.MAX_VALUE_LENGTH:,} characters" in PLAIN
    assert f"{metadata.MAX_ENCODED_BYTES:,} bytes in all" in PLAIN

"""How pages name the people behind event types and bookings."""

from collections.abc import Mapping, Sequence

from calhooks.accounts.models import User
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventType, SchedulingType

MAX_NAMES_IN_WORDS = 4


def names_in_words(names: Sequence[str]) -> str:
    """Return names as a sentence has them: Alice, Bob and Carol. Beyond MAX_NAMES_IN_WORDS, the last are counted."""
    return _joined(_shortened(names))


def hosts_in_order(event_type: EventType) -> list[User]:
    """Return the members who host a team's event type; none for a person's."""
    return [place.membership.user for place in event_type.hosts] if event_type.team_id is not None else []


def who_is_met(event_type: EventType) -> str:
    """Return whom a booker meets at a team's event type: all hosts, or a member of the team; "" without hosts."""
    always, in_turns = _hosts(event_type)
    words = _joined([*_shortened(always), *([f"a member of {event_type.holder.name}"] if in_turns else [])])
    return words[:1].upper() + words[1:]


def hosts_needed(event_type: EventType) -> str:
    """Return which hosts of a team's event type must be free for a booking, as a sentence."""
    always, in_turns = _hosts(event_type)
    if not always and not in_turns:
        return "This event type has no hosts. Choose at least one."
    if not in_turns:
        return f"{names_in_words(always)} must be free." if len(always) == 1 else "All hosts must be free."
    if not always:
        return "One of the hosts must be free."
    return f"{names_in_words(always)} must be free, and one of the others."


def counterpart(booking: Booking) -> str:
    """Return with whom a booking was made: the team, or the host."""
    return booking.team.name if booking.team else booking.host.name


def named(email: str, booking: Booking, names: Mapping[str, str], reader: str) -> str:
    """Return who has an email address, for the reader with the address `reader`: you, a host, a member, the booker.

    `names` are those of the people behind the booking, by their addresses.
    """
    if email == reader:
        return "you"
    booker = booking.attendees[0]
    return names.get(email) or (booker.name if email == booker.email and booker.name else email)


def _shortened(names: Sequence[str]) -> list[str]:
    if len(names) <= MAX_NAMES_IN_WORDS:
        return list(names)
    return [*names[: MAX_NAMES_IN_WORDS - 1], f"{len(names) - MAX_NAMES_IN_WORDS + 1} others"]


def _joined(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def _hosts(event_type: EventType) -> tuple[list[str], list[str]]:
    """Return the names of the hosts who always attend, and of those who take turns."""
    everyone = event_type.scheduling_type == SchedulingType.COLLECTIVE
    places = event_type.hosts if event_type.team_id is not None else []
    always = [place.membership.user.name for place in places if everyone or place.is_fixed]
    return always, [place.membership.user.name for place in places if not (everyone or place.is_fixed)]

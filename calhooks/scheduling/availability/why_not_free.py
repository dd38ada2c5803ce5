"""Why a time is not free, for the host who wonders: its hindrances in words."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, selectinload

from calhooks.scheduling.availability.hindrances import (
    BetweenStarts,
    Full,
    Held,
    Hindrance,
    OutsideHours,
    OutsideWindow,
    Passed,
    Taken,
    TimeOff,
    TooSoon,
    Wanted,
    hindrances,
)
from calhooks.scheduling.availability.holds import held_by_others
from calhooks.scheduling.availability.hosts import hosts_of
from calhooks.scheduling.event_types.lengths import length_of_time
from calhooks.scheduling.models.bookings import Booking, is_seen_by
from calhooks.scheduling.models.event_types import EventType
from calhooks.zones import zone_info


def reasons(
    session: Session, event_type: EventType, start: datetime, now: datetime, length: int | None = None
) -> list[str]:
    """Return every reason why a person's event type cannot be booked at a moment, none when it can.

    `length` is one of its own, in minutes, by default the usual one.
    """
    wanted = Wanted(now=now, length=length, held=held_by_others(session, event_type, "", now))
    found = list(hindrances(session, event_type, hosts_of(session, event_type), start, wanted))
    # That it is held is of interest only where it could be booked.
    found = [each for each in found if not isinstance(each, Held)] or found
    numbers = [each.booking_id for each in found if isinstance(each, Taken)]
    bookings = find_bookings(session, numbers, is_seen_by(event_type.owner_id))
    return [in_words(each, start, bookings) for each in found]


def find_bookings(session: Session, ids: Collection[int], seen: ColumnElement[bool]) -> dict[int, Booking]:
    """Return the bookings with some ids that the condition `seen` is true for."""
    if not ids:
        return {}
    query = select(Booking).where(Booking.id.in_(ids), seen).options(selectinload(Booking.attendees))
    return {booking.id: booking for booking in session.scalars(query)}


def in_words(hindrance: Hindrance, start: datetime, bookings: Mapping[int, Booking]) -> str:
    """Return a hindrance as a sentence for the host; bookings that are not in `bookings` are not described."""
    match hindrance:
        case Passed():
            return "It has passed."
        case TooSoon(notice=notice):
            return f"It is too soon: the event type wants {length_of_time(notice)} of notice."
        case OutsideWindow():
            return "The day is outside of how far ahead the event type can be booked."
        case TimeOff(only_near=True):
            return "It is so close to your time off that a buffer between the two is missing."
        case TimeOff():
            return "You are out of office on this day."
        case BetweenStarts() | OutsideHours():
            return _hours(hindrance, start)
        case Full(period=period):
            return f"The {period} is full: it has as many bookings as the event type allows."
        case Taken(booking_id=number):
            return _taken(hindrance, bookings.get(number))
        case Held():
            return "Somebody is filling in the form for it. If they do not book, it is offered again in five minutes."


def _hours(hindrance: BetweenStarts | OutsideHours, start: datetime) -> str:
    schedule = hindrance.schedule
    if schedule is None:
        return "There are no hours in which it could be booked."
    local = start.astimezone(zone_info(schedule.time_zone))
    here = f"in “{schedule.name}” ({schedule.time_zone.replace('_', ' ')})"
    match hindrance:
        case BetweenStarts(interval=interval):
            every = f"every {interval} minutes from the beginning of your hours"
            return f"Times are offered {every}; {local:%H:%M} is between."
        case OutsideHours(overridden=True):
            return f"{local:%A} {local.day} {local:%B} has other hours than its weekday {here}, and it does not fit."
        case OutsideHours():
            return f"It does not fit into your hours of {local:%A}s {here}: it would be at {local:%H:%M} there."


def _taken(hindrance: Taken, booking: Booking | None) -> str:
    if booking is None:
        # Of a team that the host has left.
        return (
            "You are busy so soon before or after that a buffer is missing." if hindrance.only_near else "You are busy."
        )
    zone = zone_info(hindrance.host.time_zone)
    name = f"“{booking.title}” with {booking.attendees[0].name or booking.attendees[0].email}"
    when = f"{booking.start_time.astimezone(zone):%H:%M} – {booking.end_time.astimezone(zone):%H:%M}"
    if hindrance.only_near:
        return f"{name} is so near ({when}) that a buffer between the two is missing."
    return f"{name} is at that time ({when})."

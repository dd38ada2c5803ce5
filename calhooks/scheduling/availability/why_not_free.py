"""Why a time is not free, for the host who wonders."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.scheduling.availability.absences import away
from calhooks.scheduling.availability.booking_limits import outside_window, reached_limit
from calhooks.scheduling.availability.holds import held_by_others
from calhooks.scheduling.availability.openings import weekly_hours
from calhooks.scheduling.availability.slots import Days, SlotRules, Span, free_slots
from calhooks.scheduling.event_types.lengths import MAX_BUFFER, MAX_LENGTH, length_of_time
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType
from calhooks.zones import zone_info


def reasons(
    session: Session, event_type: EventType, start: datetime, now: datetime, length: int | None = None
) -> list[str]:
    """Return every reason why an event type cannot be booked at a moment, none when it can.

    `length` is one of its own, in minutes, by default the usual one.
    """
    length = length or event_type.length
    end = start + timedelta(minutes=length)
    if start <= now:
        return ["It has passed."]
    found = []
    if start < now + timedelta(minutes=event_type.minimum_notice):
        notice = length_of_time(event_type.minimum_notice)
        found.append(f"It is too soon: the event type wants {notice} of notice.")
    if any(begin <= start.timestamp() < finish for begin, finish in outside_window(event_type, now)):
        found.append("The day is outside of how far ahead the event type can be booked.")
    if _overlaps(away(session, event_type.owner, start, end), start, end):
        found.append("You are out of office on this day.")
    found += _hours(event_type, start, length)
    if period := reached_limit(session, event_type, start):
        found.append(f"The {period} is full: it has as many bookings as the event type allows.")
    found += _in_the_way(session, event_type, start, end)
    if not found and _overlaps(
        held_by_others(session, event_type.owner_id, "", now), *_buffered(event_type, start, end)
    ):
        found.append(
            "Somebody is filling in the form for it. If they do not book, it is offered again in five minutes."
        )
    return found


def _overlaps(spans: list[Span], start: datetime, end: datetime) -> bool:
    return any(begin < end.timestamp() and start.timestamp() < finish for begin, finish in spans)


def _buffered(event_type: EventType, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    return start - timedelta(minutes=event_type.buffer_before), end + timedelta(minutes=event_type.buffer_after)


def _hours(event_type: EventType, start: datetime, length: int) -> list[str]:
    schedule = event_type.schedule
    zone = zone_info(schedule.time_zone)
    local = start.astimezone(zone)
    hours, day = weekly_hours(schedule), local.date()
    here = f"in “{schedule.name}” ({schedule.time_zone.replace('_', ' ')})"

    def fits(interval: int) -> bool:
        rules = SlotRules(duration=length, interval=interval)
        return start in free_slots(hours, Days(day, day, zone), rules, earliest=start)

    interval = event_type.slot_interval or length
    if fits(interval):
        return []
    if fits(1):
        return [
            f"Times are offered every {interval} minutes from the beginning of your hours; {local:%H:%M} is between."
        ]
    if day in hours.overrides:
        return [f"{local:%A} {local.day} {local:%B} has other hours than its weekday {here}, and it does not fit."]
    return [f"It does not fit into your hours of {local:%A}s {here}: it would be at {local:%H:%M} there."]


def _in_the_way(session: Session, event_type: EventType, start: datetime, end: datetime) -> list[str]:
    furthest = timedelta(minutes=MAX_BUFFER)
    query = select(Booking).where(
        Booking.host_id == event_type.owner_id,
        Booking.status == BookingStatus.ACCEPTED,
        Booking.start_time > start - 2 * furthest - timedelta(minutes=MAX_LENGTH),
        Booking.start_time < end + 2 * furthest,
    )
    zone = zone_info(event_type.owner.time_zone)
    before, after = timedelta(minutes=event_type.buffer_before), timedelta(minutes=event_type.buffer_after)
    found = []
    for booking in session.scalars(query.order_by(Booking.start_time)):
        own_before = timedelta(minutes=booking.event_type.buffer_before if booking.event_type else 0)
        own_after = timedelta(minutes=booking.event_type.buffer_after if booking.event_type else 0)
        name = f"“{booking.title}” with {booking.attendees[0].name or booking.attendees[0].email}"
        when = f"{booking.start_time.astimezone(zone):%H:%M} – {booking.end_time.astimezone(zone):%H:%M}"
        if booking.start_time < end and start < booking.end_time:
            found.append(f"{name} is at that time ({when}).")
        elif booking.start_time - own_before < end + after and start - before < booking.end_time + own_after:
            found.append(f"{name} is so near ({when}) that a buffer between the two is missing.")
    return found

"""The times at which an event type can be booked: its hours less all hindrances, as of this moment."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from calhooks.scheduling.availability.absences import away
from calhooks.scheduling.availability.booking_limits import full_periods, outside_window
from calhooks.scheduling.availability.busy import busy_spans
from calhooks.scheduling.availability.hindrances import (
    Full,
    Hindrance,
    Passed,
    Taken,
    TooSoon,
    Wanted,
    hindrances,
    hosts_of,
)
from calhooks.scheduling.availability.schedules import weekly_hours
from calhooks.scheduling.availability.slots import Days, SlotRules, Span, day_bounds, free_slots
from calhooks.scheduling.errors import NotAllowed, SlotNotOffered, SlotTaken
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventType


def free_times(
    session: Session, event_type: EventType, days: Days, wanted: Wanted, held: Sequence[Span] = ()
) -> list[datetime]:
    """Return the starts, in UTC, that a booker may choose on some days: those that have no hindrance.

    What is `held` for other visitors, in seconds since 1970, is left out.
    """
    now, replaced = wanted.now, wanted.replaced
    bounds = day_bounds(days.first, days.last, days.zone)
    if bounds is None or bounds[1] <= now:
        return []
    length, host = wanted.length or event_type.length, event_type.owner
    rules = SlotRules(
        duration=length,
        interval=event_type.slot_interval or length,
        buffer_before=event_type.buffer_before,
        buffer_after=event_type.buffer_after,
    )
    begin = max(bounds[0], now) - timedelta(minutes=rules.buffer_before)
    end = bounds[1] + timedelta(minutes=length + rules.buffer_after)
    full = [period.span for period in full_periods(session, event_type, host, *bounds, replaced)]
    return free_slots(
        weekly_hours(session, event_type.schedule),
        days,
        rules,
        # What starts right now has passed, whatever the notice.
        earliest=now + max(timedelta(minutes=event_type.minimum_notice), timedelta.resolution),
        busy=[*busy_spans(session, host, begin, end, replaced), *away(session, host, begin, end), *held],
        closed=[*outside_window(event_type, host, now), *full],
    )


def require_offered(
    session: Session,
    event_type: EventType,
    start: datetime,
    length: int,
    now: datetime,
    replaced: Booking | None = None,
) -> None:
    """Make sure that a time can be booked right now, for a length in minutes. Raises SlotNotOffered or SlotTaken."""
    if length not in event_type.lengths:
        raise SlotNotOffered("Meetings of this length are not offered. Please choose another one.")
    wanted = Wanted(now=now, length=length, replaced=replaced)
    first = next(hindrances(session, event_type, hosts_of(event_type), start, wanted), None)
    if first is not None:
        raise _refusal(first)


def _refusal(hindrance: Hindrance) -> NotAllowed:
    match hindrance:
        case Passed():
            return SlotNotOffered("This time has passed. Please choose another one.")
        case TooSoon():
            return SlotNotOffered("It is too late to book this time. Please choose a later one.")
        case Full(period=period):
            return SlotNotOffered(f"No more bookings are taken in this {period}. Please choose another one.")
        case Taken():
            return SlotTaken()
        case _:
            return SlotNotOffered("This time is not offered. Please choose one from the list.")

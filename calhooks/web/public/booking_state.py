"""The state of a booking, in words: what its page says on top, and what can still be done about it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from calhooks.scheduling.bookings.lookups import open_request, successor
from calhooks.scheduling.bookings.rules import require_changeable
from calhooks.scheduling.errors import HostedByOthers, NotAllowed
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.web.wording.people import counterpart

STAYS = "The meeting stays at its old time."


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingState:
    """`tone` is one of the design language's. `moved_to` is the booking that took this one's place, `request` what was
    asked for in its place and waits for the host, `unmoved` the meeting that a request was to replace and has not."""

    headline: str
    text: str
    icon: str
    tone: str
    is_open: bool = False
    is_cancelled: bool = False
    can_change: bool = False
    can_move: bool = False
    can_answer: bool = False
    moved_to: Booking | None = None
    request: Booking | None = None
    unmoved: Booking | None = None


def booking_state(
    session: Session, booking: Booking, now: datetime, *, by_host: bool, may_change: bool = True
) -> BookingState:
    """Return the state of a booking at a moment, for a host or for others, who perhaps may not change it."""
    host = counterpart(booking)
    unmoved = _unmoved(booking)
    if booking.status == BookingStatus.REJECTED:
        return BookingState(
            headline="This request was declined",
            text=f"{host} could not confirm it. {STAYS if unmoved else 'Nothing has been booked.'}",
            icon="x-circle",
            tone="danger",
            unmoved=unmoved,
        )
    if booking.status == BookingStatus.CANCELLED:
        return _closed(session, booking)
    try:
        require_changeable(booking, now)
        can_change = may_change
    except NotAllowed:
        can_change = False
    headline, text, icon, tone = _open(booking, now, by_host)
    if not may_change:
        text = HostedByOthers().sentence
    return BookingState(
        headline=headline,
        text=text,
        icon=icon,
        tone=tone,
        is_open=True,
        can_change=can_change,
        can_move=can_change and booking.event_type is not None,
        can_answer=by_host and booking.status == BookingStatus.PENDING and booking.start_time > now,
        request=open_request(session, booking),
        unmoved=unmoved,
    )


def _unmoved(booking: Booking) -> Booking | None:
    """Return the meeting that a request was to move, where it is still to take place at its own time."""
    replaced = booking.rescheduled_from
    return replaced if replaced is not None and replaced.status == BookingStatus.ACCEPTED else None


def _open(booking: Booking, now: datetime, by_host: bool) -> tuple[str, str, str, str]:
    if booking.status == BookingStatus.PENDING:
        return _asked_for(booking, now, by_host)
    if booking.end_time <= now:
        return "This meeting is over", "Here is what was booked.", "calendar-check", "neutral"
    if booking.start_time <= now:
        return "This meeting has begun", "It is happening now.", "calendar-check", "success"
    text = "Keep the link to this page: with it you can move or cancel the meeting."
    return "This meeting is scheduled", text, "check", "success"


def _asked_for(booking: Booking, now: datetime, by_host: bool) -> tuple[str, str, str, str]:
    host, moves = counterpart(booking), _unmoved(booking) is not None
    if booking.start_time <= now:
        return "This request was not answered", f"Its time has passed before {host} replied.", "clock", "neutral"
    if by_host:
        text = "The meeting stays at its old time" if moves else "It takes no time in your calendar"
        return "This request waits for you", f"{text} until you confirm it.", "clock", "warning"
    text = "The meeting stays at its old time until then." if moves else "The time is yours once it is confirmed."
    return (
        "Your request has been sent",
        f"{host} has been asked and will confirm or decline. {text}",
        "clock",
        "warning",
    )


def _closed(session: Session, booking: Booking) -> BookingState:
    moved_to = successor(session, booking)
    if moved_to:
        return BookingState(
            headline="This meeting was moved",
            text="It takes place at another time.",
            icon="history",
            tone="neutral",
            moved_to=moved_to,
        )
    if unmoved := _unmoved(booking):
        return BookingState(
            headline="This request is withdrawn",
            text=STAYS,
            icon="calendar-x",
            tone="neutral",
            is_cancelled=True,
            unmoved=unmoved,
        )
    return BookingState(
        headline="This booking is cancelled",
        text="The meeting does not take place.",
        icon="calendar-x",
        tone="danger",
        is_cancelled=True,
    )

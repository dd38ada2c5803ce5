"""Where a booking stands, in words: what its page says on top, and what can still be done about it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from calhooks.scheduling.bookings import require_changeable
from calhooks.scheduling.errors import NotAllowed
from calhooks.scheduling.models import Booking, BookingStatus
from calhooks.scheduling.reschedules import open_request, successor


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingState:
    """`tone` is one of the design language's. `moved_to` is the booking that took this one's place, `request` what was
    asked for in its place and waits for the host."""

    headline: str
    text: str
    icon: str
    tone: str
    is_open: bool = False
    is_cancelled: bool = False
    can_change: bool = False
    can_move: bool = False
    moved_to: Booking | None = None
    request: Booking | None = None


def booking_state(session: Session, booking: Booking, now: datetime) -> BookingState:
    """Return where a booking stands at a moment."""
    host = booking.host.name
    if booking.status == BookingStatus.REJECTED:
        return BookingState(
            headline="This request was declined",
            text=f"{host} could not confirm it. Nothing has been booked.",
            icon="x-circle",
            tone="danger",
        )
    if booking.status == BookingStatus.CANCELLED:
        return _closed(session, booking)
    try:
        require_changeable(booking, now)
        can_change = True
    except NotAllowed:
        can_change = False
    headline, text, icon, tone = _open(booking, host, now)
    return BookingState(
        headline=headline,
        text=text,
        icon=icon,
        tone=tone,
        is_open=True,
        can_change=can_change,
        can_move=can_change and booking.event_type is not None,
        request=open_request(session, booking),
    )


def _open(booking: Booking, host: str, now: datetime) -> tuple[str, str, str, str]:
    if booking.status == BookingStatus.PENDING:
        if booking.start_time <= now:
            return "This request was not answered", f"Its time has passed before {host} replied.", "clock", "neutral"
        text = f"{host} has been asked and will confirm or decline. The time is yours once it is confirmed."
        return "Your request has been sent", text, "clock", "warning"
    if booking.end_time <= now:
        return "This meeting is over", "Here is what was booked.", "calendar-check", "neutral"
    if booking.start_time <= now:
        return "This meeting has begun", "It is happening now.", "calendar-check", "success"
    text = "Keep the link to this page: with it you can move or cancel the meeting."
    return "This meeting is scheduled", text, "check", "success"


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
    return BookingState(
        headline="This booking is cancelled",
        text="The meeting does not take place.",
        icon="calendar-x",
        tone="danger",
        is_cancelled=True,
    )

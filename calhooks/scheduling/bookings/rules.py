"""Who may change a booking and until when, and the note of each change for its history."""

from datetime import datetime

from calhooks.accounts.models import User
from calhooks.scheduling.errors import NotAllowed
from calhooks.scheduling.models.bookings import Booking, BookingChange, BookingStatus, ChangeAction

OPEN_STATUSES = (BookingStatus.ACCEPTED, BookingStatus.PENDING)
NOT_BOOKABLE = "This event can no longer be booked."


def require_changeable(booking: Booking, now: datetime) -> None:
    """Check that a booking can still be cancelled or moved. Raises NotAllowed."""
    if booking.status == BookingStatus.REJECTED:
        raise NotAllowed("This request has been rejected.")
    if booking.status == BookingStatus.CANCELLED:
        raise NotAllowed("This booking has been cancelled." if booking.cancelled_by else "This booking has been moved.")
    if booking.status == BookingStatus.ACCEPTED and booking.end_time <= now:
        raise NotAllowed("This meeting is over.")


def acting_email(booking: Booking, by: User | None) -> str:
    """Return the email address of who changes a booking: its host's, otherwise the booker's, who has the link."""
    return booking.host.email if is_host(booking, by) else booking.attendees[0].email


def is_host(booking: Booking, person: User | None) -> bool:
    """Tell whether a person is the booking's host."""
    return person is not None and person.id == booking.host_id


def note(booking: Booking, action: ChangeAction, now: datetime, by_email: str = "", detail: str = "") -> None:
    """Add a change to a booking's history, in the transaction that makes the change.

    `by_email` is who made it, empty for calhooks; `detail` is the reason that was given, or what changed.
    """
    booking.changes.append(BookingChange(at=now, action=action, by_email=by_email, detail=detail))

"""Marking attendees as no-shows, with the webhook, in the caller's transaction."""

from collections.abc import Collection, Sequence

from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.events import Trigger
from calhooks.scheduling.bookings.events import announce_booking
from calhooks.scheduling.bookings.rules import note, require_host
from calhooks.scheduling.errors import NotAllowed
from calhooks.scheduling.locking import locked_booking
from calhooks.scheduling.models.bookings import Attendee, Booking, BookingStatus, ChangeAction


def set_no_show(session: Session, uid: str, by: User, absent: Collection[int]) -> Booking:
    """Mark the attendees with the ids `absent` as no-shows, and all others as present.

    Nothing is noted or announced where nothing changes. Raises NotFound, HostedByOthers, or NotAllowed before the
    meeting has begun.
    """
    booking = locked_booking(session, uid)
    require_host(session, booking, by)
    now = clock.now()
    if booking.status != BookingStatus.ACCEPTED or booking.start_time > now:
        raise NotAllowed("Only a meeting that has begun can have a no-show.")

    changed = [attendee for attendee in booking.attendees if attendee.no_show != (attendee.id in absent)]
    for attendee in changed:
        attendee.no_show = not attendee.no_show
    if changed:
        note(booking, ChangeAction.NO_SHOW, now, by.email, _came(changed))
        announce_booking(session, booking, Trigger.BOOKING_NO_SHOW_UPDATED, now)
    return booking


def _came(attendees: Sequence[Attendee]) -> str:
    words = (f"{each.name or each.email} {'did not come' if each.no_show else 'came'}." for each in attendees)
    return " ".join(words)

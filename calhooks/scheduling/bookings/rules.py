"""Who may change a booking and until when, and the note of each change for its history."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Membership
from calhooks.scheduling.errors import HostedByOthers, NotAllowed, NotFound
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


def acting_email(session: Session, booking: Booking, by: User | None) -> str:
    """Return the email address of who changes a booking: a host's, otherwise the booker's, who has the link."""
    return by.email if by is not None and is_host(session, booking, by) else booking.attendees[0].email


def is_host(session: Session, booking: Booking, person: User | None) -> bool:
    """Tell whether a person may act as a booking's host: who is that, or the team's owners and admins.

    Whoever has left the team may not, even where they were to attend.
    """
    if person is None:
        return False
    if booking.team_id is None:
        return attends(booking, person)
    membership = _membership(session, booking, person)
    return membership is not None and (membership.is_admin or attends(booking, person))


def attends(booking: Booking, person: User) -> bool:
    """Tell whether a person is one of the hosts who attend a booking."""
    return any(host.id == person.id for host in booking.hosts)


def may_change(session: Session, booking: Booking, person: User | None) -> bool:
    """Tell whether a person who has a booking's link may change it: the booker, a host, and other visitors.

    Members of the team see the link of every booking of the team. Those who do not host it may not change it, unless
    they booked it.
    """
    if person is None or booking.team_id is None or is_host(session, booking, person):
        return True
    is_booker = person.email.casefold() == booking.attendees[0].email.casefold()
    return is_booker or _membership(session, booking, person) is None


def require_may_change(session: Session, booking: Booking, person: User | None) -> None:
    """Check that a person who has a booking's link may change it. Raises HostedByOthers."""
    if not may_change(session, booking, person):
        raise HostedByOthers


def _membership(session: Session, booking: Booking, person: User) -> Membership | None:
    query = select(Membership).where(Membership.team_id == booking.team_id, Membership.user_id == person.id)
    return session.scalar(query)


def require_host(session: Session, booking: Booking, person: User) -> None:
    """Check that a person may act as a booking's host.

    Raises HostedByOthers for another member of the team, and NotFound for everyone else, as for a booking that there is
    not.
    """
    if is_host(session, booking, person):
        return
    raise NotFound if _membership(session, booking, person) is None else HostedByOthers


def can_be_reassigned(booking: Booking, now: datetime) -> bool:
    """Tell whether a booking of a team can be given to another host: until it starts."""
    return booking.team_id is not None and booking.status in OPEN_STATUSES and booking.start_time > now


def note(booking: Booking, action: ChangeAction, now: datetime, by_email: str = "", detail: str = "") -> None:
    """Add a change to a booking's history, in the transaction that makes the change.

    `by_email` is who made it, empty for calhooks; `detail` is the reason that was given, or what changed.
    """
    booking.changes.append(BookingChange(at=now, action=action, by_email=by_email, detail=detail))

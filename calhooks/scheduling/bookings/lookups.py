"""Bookings by their uid, by the form that made them, by what they replace, and a host's latest."""

from collections.abc import Sequence

from sqlalchemy import select, text
from sqlalchemy.orm import Session, selectinload

from calhooks.accounts.owners import Owner
from calhooks.scheduling.errors import NotFound
from calhooks.scheduling.models.bookings import Booking, BookingStatus, bookings_of

RECENT_BOOKINGS = 20


def find_booking(session: Session, uid: str) -> Booking:
    """Return a booking for whoever holds its uid. Raises NotFound."""
    query = select(Booking).where(Booking.uid == uid).options(selectinload(Booking.attendees))
    booking = session.scalar(query)
    if booking is None:
        raise NotFound
    return booking


def find_booking_of(session: Session, owner: Owner, uid: str) -> Booking:
    """Return one of a person's or a team's own bookings. Raises NotFound, also for someone else's."""
    query = select(Booking).where(Booking.uid == uid, bookings_of(owner)).options(selectinload(Booking.attendees))
    booking = session.scalar(query)
    if booking is None:
        raise NotFound
    return booking


def recent_bookings(session: Session, owner: Owner) -> Sequence[Booking]:
    """Return the bookings that were made last, the newest first."""
    query = select(Booking).where(bookings_of(owner)).order_by(Booking.id.desc()).limit(RECENT_BOOKINGS)
    return session.scalars(query.options(selectinload(Booking.attendees))).all()


def find_submitted(session: Session, key: str | None) -> Booking | None:
    """Return the open booking that the form with this submission key has made, None if it has made none."""
    if key is None:
        return None
    # Written out, because SQLite uses a partial index only where it can read the condition.
    still_open = text("bookings.status IN ('ACCEPTED', 'PENDING')")
    return session.scalar(select(Booking).where(Booking.submission_key == key, still_open))


def successor(session: Session, replaced: Booking) -> Booking | None:
    """Return the latest booking made in place of one that was moved, None for a booking that was not."""
    if replaced.status != BookingStatus.CANCELLED or replaced.cancelled_by:
        return None
    query = select(Booking).where(Booking.rescheduled_from_id == replaced.id).order_by(Booking.id.desc()).limit(1)
    return session.scalar(query)


def open_request(session: Session, booking: Booking) -> Booking | None:
    """Return the latest request to move a booking that waits for the host, None if there is none."""
    query = select(Booking).where(Booking.rescheduled_from_id == booking.id, Booking.status == BookingStatus.PENDING)
    return session.scalar(query.order_by(Booking.id.desc()).limit(1))

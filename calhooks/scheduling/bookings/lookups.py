"""Bookings by their uid, for the holder of the link or the host, and a host's latest."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from calhooks.accounts.models import User
from calhooks.scheduling.errors import NotFound
from calhooks.scheduling.models.bookings import Booking

LATEST = 20


def find_booking(session: Session, uid: str) -> Booking:
    """Return a booking for whoever holds its uid. Raises NotFound."""
    query = select(Booking).where(Booking.uid == uid).options(selectinload(Booking.attendees))
    booking = session.scalar(query)
    if booking is None:
        raise NotFound
    return booking


def find_hosts_booking(session: Session, host: User, uid: str) -> Booking:
    """Return one of a host's own bookings. Raises NotFound, also for someone else's."""
    booking = find_booking(session, uid)
    if booking.host_id != host.id:
        raise NotFound
    return booking


def recent_bookings(session: Session, host: User) -> Sequence[Booking]:
    """Return the bookings that were made last, the newest first."""
    query = select(Booking).where(Booking.host_id == host.id).order_by(Booking.id.desc()).limit(LATEST)
    return session.scalars(query.options(selectinload(Booking.attendees))).all()


def find_own_booking(session: Session, host: User, uid: str) -> Booking | None:
    """Return one of a host's bookings, None for anybody else's."""
    return session.scalar(select(Booking).where(Booking.uid == uid, Booking.host_id == host.id))

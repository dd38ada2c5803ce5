"""A host's latest bookings, to try things on."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from calhooks.accounts.models import User
from calhooks.scheduling.models.bookings import Booking

LATEST = 20


def recent_bookings(session: Session, host: User) -> Sequence[Booking]:
    """Return the bookings that were made last, the newest first."""
    query = select(Booking).where(Booking.host_id == host.id).order_by(Booking.id.desc()).limit(LATEST)
    return session.scalars(query.options(selectinload(Booking.attendees))).all()


def find_own_booking(session: Session, host: User, uid: str) -> Booking | None:
    """Return one of a host's bookings, None for anybody else's."""
    return session.scalar(select(Booking).where(Booking.uid == uid, Booking.host_id == host.id))

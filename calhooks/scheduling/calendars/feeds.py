"""A host's private calendar address: made, renewed, switched off, and what it shows."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, delete, select
from sqlalchemy.orm import Session, joinedload, selectinload

from calhooks import clock, ids
from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner
from calhooks.encryption.unreadable import unreadable
from calhooks.scheduling.errors import NotFound
from calhooks.scheduling.models.bookings import Booking, BookingHost, BookingStatus, bookings_of
from calhooks.scheduling.models.calendars import CalendarFeed

# However much a host has booked, a feed costs no more than this.
BACK = timedelta(days=30)
AHEAD = timedelta(days=366)
MAX_FEED_BOOKINGS = 1_000
CO_HOSTS = selectinload(Booking.co_hosts).joinedload(BookingHost.host)


def feed_of(session: Session, owner: User) -> CalendarFeed | None:
    """Return a host's feed, if there is one."""
    return session.get(CalendarFeed, owner.id)


def renew_feed(session: Session, owner: User) -> CalendarFeed:
    """Give a host's feed a new token; the address before stops working."""
    token = ids.new_token()
    feed = CalendarFeed(owner_id=owner.id, token=token, token_hash=_hash(token), created_at=clock.now())
    return session.merge(feed)


def renew_lost_feeds(session: Session) -> list[User]:
    """Give the feeds whose token cannot be decrypted a new one, and return their owners."""
    lost = [owner_id for owner_id, _ in unreadable(session, cast(Table, CalendarFeed.__table__).c.token)]
    owners = [session.get_one(User, owner_id) for owner_id in lost]
    for owner in owners:
        # Not changed in place, for which the old token would be read.
        session.execute(delete(CalendarFeed).where(CalendarFeed.owner_id == owner.id))
        renew_feed(session, owner)
    return owners


def remove_feed(session: Session, owner: User) -> None:
    """Switch a host's feed off."""
    if (feed := feed_of(session, owner)) is not None:
        session.delete(feed)


def find_feed(session: Session, token: str) -> CalendarFeed:
    """Return the feed of a token. Raises NotFound."""
    feed = session.scalar(select(CalendarFeed).where(CalendarFeed.token_hash == _hash(token)))
    if feed is None:
        raise NotFound
    return feed


def feed_bookings(session: Session, owner: User, now: datetime) -> Sequence[Booking]:
    """Return what a host has accepted from a month ago until in a year, soonest first."""
    query = select(Booking).where(
        bookings_of(Owner(user_id=owner.id)),
        Booking.status == BookingStatus.ACCEPTED,
        Booking.start_time > now - BACK,
        Booking.start_time < now + AHEAD,
    )
    query = query.options(selectinload(Booking.attendees), joinedload(Booking.host), CO_HOSTS)
    return session.scalars(query.order_by(Booking.start_time).limit(MAX_FEED_BOOKINGS)).all()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

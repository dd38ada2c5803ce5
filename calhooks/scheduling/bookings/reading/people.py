"""The people behind bookings, by the email addresses that changes are noted with."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Membership
from calhooks.scheduling.models.bookings import Booking


def names_by_email(session: Session, bookings: Iterable[Booking]) -> dict[str, str]:
    """Return the names of the hosts of some bookings and of the members of their teams."""
    bookings = list(bookings)
    names = {host.email: host.name for booking in bookings for host in booking.hosts}
    teams = {booking.team_id for booking in bookings if booking.team_id is not None}
    if not teams:
        return names
    query = select(User.email, User.name).join(Membership, Membership.user_id == User.id)
    people = session.execute(query.where(Membership.team_id.in_(teams)))
    return names | {row.email: row.name for row in people}

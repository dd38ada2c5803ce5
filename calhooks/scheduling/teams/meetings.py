"""Future meetings of a team by who hosts them: those of a member, and those whose host has left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from calhooks.accounts.teams.models import Membership
from calhooks.scheduling.event_types.lengths import MAX_LENGTH
from calhooks.scheduling.models.bookings import Booking, BookingHost, BookingStatus

MAX_MEETINGS_LISTED = 100


@dataclass(frozen=True, slots=True)
class FutureMeetings:
    """How many meetings there are, and the first MAX_MEETINGS_LISTED of them, the soonest first."""

    count: int
    listed: Sequence[Booking]


def meetings_of_member(session: Session, member: Membership, now: datetime) -> FutureMeetings:
    """Return the team's meetings and requests to come that a member hosts, alone or with others."""
    hosted = select(BookingHost.booking_id).where(BookingHost.host_id == member.user_id)
    return _found(session, [*_to_come(member.team_id, now), Booking.id.in_(hosted)])


def meetings_left(session: Session, team_id: int, now: datetime) -> FutureMeetings:
    """Return the team's meetings and requests to come with a host who no longer belongs to the team."""
    members = select(Membership.user_id).where(Membership.team_id == team_id)
    by_others = exists().where(BookingHost.booking_id == Booking.id, BookingHost.host_id.not_in(members))
    return _found(session, [*_to_come(team_id, now), by_others])


def count_meetings(session: Session, team_id: int, now: datetime) -> int:
    """Return how many meetings and requests of the team are to come."""
    return session.scalar(select(func.count()).select_from(Booking).where(*_to_come(team_id, now))) or 0


def _to_come(team_id: int, now: datetime) -> list[ColumnElement[bool]]:
    return [
        Booking.team_id == team_id,
        Booking.status.in_((BookingStatus.ACCEPTED, BookingStatus.PENDING)),
        Booking.end_time > now,
        # Says nothing new, but bounds the index.
        Booking.start_time > now - timedelta(minutes=MAX_LENGTH),
    ]


def _found(session: Session, conditions: Sequence[ColumnElement[bool]]) -> FutureMeetings:
    query = select(Booking).where(*conditions).order_by(Booking.start_time, Booking.id).limit(MAX_MEETINGS_LISTED)
    query = query.options(
        selectinload(Booking.attendees),
        joinedload(Booking.host),
        selectinload(Booking.co_hosts).joinedload(BookingHost.host),
    )
    listed = session.scalars(query).all()
    if len(listed) < MAX_MEETINGS_LISTED:
        return FutureMeetings(len(listed), listed)
    return FutureMeetings(session.scalar(select(func.count()).select_from(Booking).where(*conditions)) or 0, listed)

"""Deleting a team. What the database cannot do alone: bookings and their events stay with hosts who are members."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from calhooks.accounts.errors import NotPermitted, TeamRefused
from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner
from calhooks.accounts.teams.memberships import ONLY_OWNERS, acting_member, lock_members
from calhooks.accounts.teams.models import Team
from calhooks.delivery.team_events import keep_events
from calhooks.scheduling.locking import lock_endpoints, lock_hosts
from calhooks.scheduling.models.bookings import Booking, BookingHost
from calhooks.scheduling.teams.meetings import meetings_left

LEFT_OVER = "Some future meetings have a host who has left. Reassign or cancel them first."


def delete_team(session: Session, team_id: int, by: User, now: datetime) -> None:
    """Delete a team with its event types, webhooks and their log.

    Bookings become their organizers' own. Those whose organizer has left, all of them over or cancelled, are deleted:
    nobody could see them. Raises NotThere, NotPermitted for who is not an owner, or TeamRefused.
    """
    members = lock_members(session, team_id)
    if not acting_member(members, by).is_owner:
        raise NotPermitted(ONLY_OWNERS)
    if meetings_left(session, team_id, now).count:
        raise TeamRefused(LEFT_OVER)
    users = {member.user_id for member in members.values()}
    of_team = select(Booking.id).where(Booking.team_id == team_id)
    hosts = set(session.scalars(select(BookingHost.host_id).where(BookingHost.booking_id.in_(of_team)).distinct()))
    lock_hosts(session, users | hosts)
    lock_endpoints(session, [Owner(team_id=team_id)])
    session.execute(
        delete(Booking).where(Booking.team_id == team_id, Booking.host_id.not_in(users)), execution_options=_PLAIN
    )
    left = delete(BookingHost).where(BookingHost.booking_id.in_(of_team), BookingHost.host_id.not_in(users))
    session.execute(left, execution_options=_PLAIN)
    keep_events(session, team_id, users)
    session.execute(delete(Team).where(Team.id == team_id), execution_options=_PLAIN)


_PLAIN = {"synchronize_session": False}

"""Leaving a team, by choice or because somebody is removed: access ends with the transaction.

Meetings stay with their host until they are reassigned or cancelled, see `meetings_left`.
"""

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from calhooks.accounts.errors import NotPermitted, NotThere
from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner
from calhooks.accounts.teams.invitations import withdraw_beyond
from calhooks.accounts.teams.memberships import ONLY_OWNERS, acting_member, lock_members, require_other_owner
from calhooks.accounts.teams.models import Membership
from calhooks.delivery.team_events import forget_events
from calhooks.scheduling.locking import lock_endpoints, lock_hosts
from calhooks.scheduling.models.event_types import EventType
from calhooks.scheduling.models.schedules import Schedule


def leave_team(session: Session, team_id: int, user: User) -> None:
    """End a person's own membership. Raises NotThere, or TeamRefused for the last owner."""
    members = lock_members(session, team_id)
    _end(session, members, acting_member(members, user))


def remove_member(session: Session, team_id: int, member_id: int, by: User) -> Membership:
    """End another member's membership. Raises NotThere, NotPermitted, or TeamRefused for the last owner."""
    members = lock_members(session, team_id)
    acting, member = acting_member(members, by), members.get(member_id)
    if member is None:
        raise NotThere
    if not acting.may_change(member):
        raise NotPermitted(ONLY_OWNERS)
    _end(session, members, member)
    return member


def _end(session: Session, members: dict[int, Membership], member: Membership) -> None:
    """Delete a membership, with its places as host, and all of the team's that the account's own things refer to."""
    require_other_owner(members, member)
    # The triggers on event types move the versions of all hosts.
    lock_hosts(session, [each.user_id for each in members.values()])
    lock_endpoints(session, [Owner(user_id=member.user_id)])
    withdraw_beyond(session, member, leaves=True)
    schedules = select(Schedule.id).where(Schedule.owner_id == member.user_id)
    by_their_hours = update(EventType).where(EventType.team_id == member.team_id, EventType.schedule_id.in_(schedules))
    session.execute(by_their_hours.values(schedule_id=None))
    forget_events(session, member.team_id, member.user_id)
    # The database deletes the places as host.
    session.execute(delete(Membership).where(Membership.id == member.id))

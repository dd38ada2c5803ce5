"""Who belongs to a team, and as what.

Roles are changed under the lock of the team, so that two owners who step down at once do not leave it without one.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, joinedload

from calhooks.accounts.errors import NotPermitted, NotThere, TeamRefused
from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner, lock_owner
from calhooks.accounts.teams.invitations import withdraw_beyond
from calhooks.accounts.teams.models import Membership, Role

ONLY_OWNERS = "Only the team’s owners can do this. Ask one of them."
LAST_OWNER = "You are the only owner. Hand the team over to another member first."


def find_membership(session: Session, team_id: int, user: User) -> Membership | None:
    """Return somebody's membership of a team with the team, None for who does not belong to it."""
    query = select(Membership).where(Membership.team_id == team_id, Membership.user_id == user.id)
    return session.scalar(query.options(joinedload(Membership.team)))


def who_belong(session: Session, team_id: int, user_ids: Collection[int]) -> set[int]:
    """Return which of some accounts belong to a team."""
    query = select(Membership.user_id).where(Membership.team_id == team_id, Membership.user_id.in_(user_ids))
    return set(session.scalars(query))


def list_members(session: Session, team_ids: Collection[int]) -> dict[int, Sequence[Membership]]:
    """Return the members of some teams with their accounts, by the teams' ids: owners, admins, then by name."""
    members: dict[int, list[Membership]] = {team_id: [] for team_id in team_ids}
    rank = case({Role.OWNER: 0, Role.ADMIN: 1}, value=Membership.role, else_=2)
    query = select(Membership).join(Membership.user).where(Membership.team_id.in_(team_ids))
    query = query.options(joinedload(Membership.user)).order_by(rank, func.lower(User.name), Membership.id)
    for membership in session.scalars(query):
        members[membership.team_id].append(membership)
    return dict(members)


def find_member(session: Session, team_id: int, member_id: int) -> Membership:
    """Return a member of a team by the membership's id. Raises NotThere."""
    query = select(Membership).where(Membership.team_id == team_id, Membership.id == member_id)
    found = session.scalar(query.options(joinedload(Membership.user)))
    if found is None:
        raise NotThere
    return found


def change_role(session: Session, team_id: int, member_id: int, role: Role, by: User) -> Membership:
    """Give a member another role. Raises NotThere, NotPermitted, or TeamRefused for the last owner."""
    members = lock_members(session, team_id)
    acting, member = acting_member(members, by), members.get(member_id)
    if member is None:
        raise NotThere
    if not (acting.may_change(member) and acting.may_give(role)):
        raise NotPermitted(ONLY_OWNERS)
    if role != Role.OWNER:
        require_other_owner(members, member)
    member.role = role
    withdraw_beyond(session, member)
    return member


def hand_over(session: Session, team_id: int, member_id: int, by: User) -> Membership:
    """Make another member an owner, and the owner who does it an admin. Raises NotThere or NotPermitted."""
    members = lock_members(session, team_id)
    acting, member = acting_member(members, by), members.get(member_id)
    if member is None or member is acting:
        raise NotThere
    if not acting.is_owner:
        raise NotPermitted(ONLY_OWNERS)
    member.role, acting.role = Role.OWNER, Role.ADMIN
    withdraw_beyond(session, acting)
    return member


def lock_members(session: Session, team_id: int) -> dict[int, Membership]:
    """Wait until no other transaction changes the team, and return its members as they are now, by membership id."""
    lock_owner(session, Owner(team_id=team_id))
    query = select(Membership).where(Membership.team_id == team_id).options(joinedload(Membership.user))
    return {each.id: each for each in session.scalars(query, execution_options={"populate_existing": True})}


def acting_member(members: dict[int, Membership], user: User) -> Membership:
    """Return the membership of the person who acts. Raises NotThere for who has been removed meanwhile."""
    for member in members.values():
        if member.user_id == user.id:
            return member
    raise NotThere


def require_other_owner(members: dict[int, Membership], member: Membership) -> None:
    """Check that the team keeps an owner without this one. Raises TeamRefused."""
    if not any(each.is_owner for each in members.values() if each is not member):
        raise TeamRefused(LAST_OWNER)

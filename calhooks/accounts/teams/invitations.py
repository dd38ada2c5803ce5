"""Invitations: one-time links into a team, for people with an account and for people without one.

An invitation names no one, so it tells nothing about who has an account here.
"""

import hashlib
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session, joinedload

from calhooks import clock, ids
from calhooks.accounts.errors import NotPermitted, NotThere, TeamRefused
from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner, lock_owner
from calhooks.accounts.teams.editing import require_room_for_team
from calhooks.accounts.teams.models import Invitation, Membership, Role

INVITATION_LIFETIME = timedelta(days=7)
MAX_OPEN_INVITATIONS = 50
MAX_MEMBERS = 100
TEAM_FULL = f"A team can have {MAX_MEMBERS} members at most."
ONLY_OWNERS_INVITE_OWNERS = "Only the team’s owners can invite another owner. Ask one of them."


class InvitationUnusable(Exception):
    """The invitation was used or revoked, has expired, or never existed."""


def invite_to_team(session: Session, team_id: int, role: Role, by: User) -> str:
    """Return the token of a new invitation. Only its SHA-256 is kept.

    Raises NotThere, NotPermitted, or TeamRefused if the team is full or has too many open invitations.
    """
    lock_owner(session, Owner(team_id=team_id))
    if not _membership(session, team_id, by).may_give(role):
        raise NotPermitted(ONLY_OWNERS_INVITE_OWNERS)
    now = clock.now()
    session.execute(delete(Invitation).where(Invitation.team_id == team_id, Invitation.expires_at <= now))
    if len(open_invitations(session, team_id)) >= MAX_OPEN_INVITATIONS:
        raise TeamRefused(f"There are {MAX_OPEN_INVITATIONS} open invitations. Revoke one of them first.")
    _require_room_for_member(session, team_id)
    token = ids.new_token()
    session.add(
        Invitation(
            team_id=team_id,
            token_hash=_hash(token),
            role=role,
            invited_by_id=by.id,
            created_at=now,
            expires_at=now + INVITATION_LIFETIME,
        )
    )
    session.flush()
    return token


def open_invitations(session: Session, team_id: int) -> Sequence[Invitation]:
    """Return a team's invitations that can still be used, the newest first."""
    query = select(Invitation).where(Invitation.team_id == team_id, *_open())
    return session.scalars(query.options(joinedload(Invitation.invited_by)).order_by(Invitation.id.desc())).all()


def revoke_invitation(session: Session, team_id: int, invitation_id: int, by: User) -> None:
    """Make an invitation unusable. Raises NotThere, also for one that was used, or NotPermitted."""
    lock_owner(session, Owner(team_id=team_id))
    acting = _membership(session, team_id, by)
    query = select(Invitation).where(Invitation.id == invitation_id, Invitation.team_id == team_id, *_open())
    invitation = session.scalar(query)
    if invitation is None:
        raise NotThere
    if not acting.may_give(invitation.role):
        raise NotPermitted(ONLY_OWNERS_INVITE_OWNERS)
    session.delete(invitation)
    session.flush()


def withdraw_beyond(session: Session, member: Membership, *, leaves: bool = False) -> None:
    """Revoke the invitations that a member has made and could not make now; all of a member who `leaves`.

    Who made an invitation knows its link, and must not come back or let in others by it.
    """
    kept = [] if leaves else [role for role in Role if member.may_give(role)]
    made = (Invitation.team_id == member.team_id, Invitation.invited_by_id == member.user_id)
    session.execute(delete(Invitation).where(*made, Invitation.role.not_in(kept), Invitation.used_at.is_(None)))


def find_invitation(session: Session, token: str) -> Invitation:
    """Return the invitation with this token, with its team. Raises InvitationUnusable."""
    query = select(Invitation).where(Invitation.token_hash == _hash(token), *_open())
    invitation = session.scalar(query.options(joinedload(Invitation.team)))
    if invitation is None:
        raise InvitationUnusable
    return invitation


def accept_invitation(session: Session, token: str, user: User) -> Membership:
    """Let an account join a team; a member keeps the role and the invitation stays open.

    Of two people who use one invitation at once, one joins. Raises InvitationUnusable, or TeamRefused if the team is
    full or the account belongs to too many.
    """
    team_id = find_invitation(session, token).team_id
    lock_owner(session, Owner(team_id=team_id))
    already = select(Membership).where(Membership.team_id == team_id, Membership.user_id == user.id)
    if (member := session.scalar(already)) is not None:
        return member
    lock_owner(session, Owner(user_id=user.id))
    require_room_for_team(session, user.id)
    _require_room_for_member(session, team_id)
    used = update(Invitation).where(Invitation.token_hash == _hash(token), *_open()).values(used_at=clock.now())
    role = session.scalar(used.returning(Invitation.role))
    if role is None:
        raise InvitationUnusable
    member = Membership(team_id=team_id, user_id=user.id, role=role, joined_at=clock.now())
    session.add(member)
    session.flush()
    return member


def invitation_address(base_url: str, token: str) -> str:
    """Return the link to pass on."""
    return f"{base_url}/invitations/{token}"


def _require_room_for_member(session: Session, team_id: int) -> None:
    query = select(func.count()).select_from(Membership).where(Membership.team_id == team_id)
    if (session.scalar(query) or 0) >= MAX_MEMBERS:
        raise TeamRefused(TEAM_FULL)


def _membership(session: Session, team_id: int, user: User) -> Membership:
    query = select(Membership).where(Membership.team_id == team_id, Membership.user_id == user.id)
    found = session.scalar(query, execution_options={"populate_existing": True})
    if found is None:
        raise NotThere
    return found


def _open() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Invitation.used_at.is_(None), Invitation.expires_at > clock.now()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

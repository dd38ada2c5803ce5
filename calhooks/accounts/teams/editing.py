"""Teams: made, changed and listed.

What was typed is checked before the transaction begins; which slugs are taken is decided inside.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from calhooks import clock
from calhooks.accounts import details
from calhooks.accounts.errors import InvalidAccount, TeamRefused
from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner, lock_owner, require_owner
from calhooks.accounts.teams.models import Membership, Role, Team
from calhooks.accounts.teams.slugs import clean_team_slug, suggested_team_slug, team_slug_problem
from calhooks.text import checked, paragraphs

MAX_TEAMS = 50
MAX_TEAM_DESCRIPTION_LENGTH = 2_000
TEAM_SLUG_TAKEN = "Another team has this slug. Choose another one."


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamDraft:
    """The checked details of a team."""

    name: str
    slug: str
    description: str
    time_zone: str


def draft_team(*, name: str, slug: str, description: str, time_zone: str) -> TeamDraft:
    """Check what was typed for a team. An empty slug is made from the name.

    `time_zone` is a canonical name, empty if none was chosen. Raises InvalidAccount with everything that is wrong.
    """
    errors: dict[str, str] = {}
    name = checked(errors, "name", details.clean_name, name) or ""
    description = checked(errors, "description", _clean_description, description) or ""
    slug = clean_team_slug(slug) or suggested_team_slug(name)
    # Without a name there is nothing to make a slug from; one sentence is enough.
    if (slug or name) and (sentence := team_slug_problem(slug)):
        errors["slug"] = sentence
    if not time_zone:
        errors["timeZone"] = "Choose a time zone from the list."
    if errors:
        raise InvalidAccount(errors)
    return TeamDraft(name=name, slug=slug, description=description, time_zone=time_zone)


def create_team(session: Session, draft: TeamDraft, owner: User) -> Team:
    """Make a team that belongs to `owner`. Raises InvalidAccount for `slug`, or TeamRefused at MAX_TEAMS."""
    lock_owner(session, Owner(user_id=owner.id))
    require_room_for_team(session, owner.id)
    now = clock.now()
    team = Team(created_at=now)
    _fill(session, team, draft)
    session.add(Membership(team=team, user_id=owner.id, role=Role.OWNER, joined_at=now))
    session.flush()
    return team


def update_team(session: Session, team_id: int, draft: TeamDraft) -> Team:
    """Change a team's details. Raises InvalidAccount for `slug`, or NotThere."""
    require_owner(session, Owner(team_id=team_id))
    team = session.get_one(Team, team_id)
    _fill(session, team, draft)
    return team


def require_room_for_team(session: Session, user_id: int) -> None:
    """Check that an account may belong to one more team. Raises TeamRefused."""
    count = session.scalar(select(func.count()).select_from(Membership).where(Membership.user_id == user_id)) or 0
    if count >= MAX_TEAMS:
        raise TeamRefused(f"You can belong to {MAX_TEAMS} teams at most. Leave one of them first.")


def list_memberships(session: Session, user: User) -> Sequence[Membership]:
    """Return the memberships of an account with their teams, by the teams' names."""
    query = select(Membership).join(Membership.team).where(Membership.user_id == user.id)
    query = query.options(joinedload(Membership.team)).order_by(func.lower(Team.name), Team.id)
    return session.scalars(query).all()


def list_teams(session: Session) -> Sequence[Team]:
    """Return all teams of the server, by name."""
    return session.scalars(select(Team).order_by(func.lower(Team.name), Team.id)).all()


def _clean_description(text: str) -> str:
    return paragraphs(text, MAX_TEAM_DESCRIPTION_LENGTH)


def _fill(session: Session, team: Team, draft: TeamDraft) -> None:
    with session.no_autoflush:
        same = session.scalar(select(Team.id).where(Team.slug == draft.slug))
    if same is not None and same != team.id:
        raise InvalidAccount({"slug": TEAM_SLUG_TAKEN})
    team.name, team.slug = draft.name, draft.slug
    team.description, team.time_zone = draft.description, draft.time_zone
    session.add(team)
    try:
        session.flush()
    except IntegrityError as error:
        # On PostgreSQL, another transaction may have taken the slug since.
        raise InvalidAccount({"slug": TEAM_SLUG_TAKEN}) from error

"""Event types by number, for their host; by their link, for bookers."""

from collections.abc import Collection, Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner
from calhooks.accounts.teams.models import Membership, Team
from calhooks.scheduling.errors import NotFound
from calhooks.scheduling.models.event_types import EventType, EventTypeHost

WITH_HOSTS = selectinload(EventType.hosts).joinedload(EventTypeHost.membership).joinedload(Membership.user)


def list_event_types(session: Session, owner: Owner) -> Sequence[EventType]:
    """Return a person's or a team's event types in the owner's order, hidden ones too."""
    query = select(EventType).where(owner.of(EventType)).order_by(EventType.position, EventType.id)
    if owner.team_id is not None:
        query = query.options(WITH_HOSTS)
    return session.scalars(query).all()


def list_choosable(session: Session, owner: Owner, chosen: Collection[int] = ()) -> Sequence[EventType]:
    """Return the event types whose bookings an owner's webhook can be told of, the owner's first.

    A person's webhook is also told of the team event types that the person hosts. Of teams that the person still
    belongs to, those `chosen` earlier are returned too. Each has its team.
    """
    own = list_event_types(session, owner)
    if owner.team_id is not None:
        return own
    mine = select(Membership.id).where(Membership.user_id == owner.user_id)
    teams = select(Membership.team_id).where(Membership.user_id == owner.user_id)
    hosted = select(EventTypeHost.event_type_id).where(EventTypeHost.membership_id.in_(mine))
    query = (
        select(EventType)
        .join(EventType.team)
        .where(EventType.team_id.in_(teams), or_(EventType.id.in_(hosted), EventType.id.in_(chosen)))
        .options(contains_eager(EventType.team))
        .order_by(Team.name, Team.id, EventType.position, EventType.id)
    )
    return [*own, *session.scalars(query)]


def list_public_event_types(session: Session, owner: Owner) -> Sequence[EventType]:
    """Return the event types that a person's or a team's page shows, a team's with their hosts."""
    query = select(EventType).where(owner.of(EventType), EventType.hidden.is_(False))
    if owner.team_id is not None:
        query = query.options(WITH_HOSTS)
    return session.scalars(query.order_by(EventType.position, EventType.id)).all()


def list_hosted_event_types(session: Session, user_id: int) -> Sequence[EventType]:
    """Return the event types of teams that a member hosts, by the teams' names."""
    query = select(EventType).join(EventType.team).join(EventType.hosts).join(EventTypeHost.membership)
    query = query.where(Membership.user_id == user_id).options(contains_eager(EventType.team))
    return session.scalars(query.order_by(Team.name, EventType.position, EventType.id)).all()


def find_event_type(session: Session, owner: Owner, event_type_id: int) -> EventType:
    """Return one of a person's or a team's own event types. Raises NotFound, also for someone else's."""
    event_type = session.get(EventType, event_type_id)
    if event_type is None or event_type.belongs_to != owner:
        raise NotFound
    return event_type


def find_bookable(session: Session, username: str, slug: str) -> EventType:
    """Return a person's event type that a public address names; a hidden one can be booked by whoever has its link.

    Raises NotFound.
    """
    query = select(EventType).join(EventType.owner).options(joinedload(EventType.owner))
    event_type = session.scalar(query.where(User.username == username.lower(), EventType.slug == slug.lower()))
    if event_type is None:
        raise NotFound
    return event_type


def find_bookable_of_team(session: Session, team_slug: str, slug: str) -> EventType:
    """Return a team's event type that a public address names, hidden or not, with its hosts. Raises NotFound."""
    query = select(EventType).join(EventType.team).options(joinedload(EventType.team), WITH_HOSTS)
    event_type = session.scalar(query.where(Team.slug == team_slug.lower(), EventType.slug == slug.lower()))
    if event_type is None:
        raise NotFound
    return event_type

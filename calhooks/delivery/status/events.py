"""Which events belong to whom."""

from sqlalchemy import ColumnElement, and_, or_, select

from calhooks.accounts.owners import Owner
from calhooks.delivery.models.deliveries import Event, EventHost


def events_of(owner: Owner) -> ColumnElement[bool]:
    """Return the condition for the events that an owner may be told of.

    An account's are those of its own bookings, and those of its teams' that it was told of; a team's are the team's.
    """
    if owner.team_id is not None:
        return Event.team_id == owner.team_id
    told = select(EventHost.event_id).where(EventHost.user_id == owner.user_id)
    return or_(_own(owner), Event.id.in_(told))


def latest_events_of(owner: Owner, count: int, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition for the latest `count` of these events that meet `conditions`, and perhaps as many more.

    Both parts of an account's are read by their indexes, newest first. To order what `events_of` finds, PostgreSQL
    would look through the events of everyone.
    """
    if owner.team_id is not None:
        return and_(events_of(owner), *conditions)
    newest = select(Event.id).where(*conditions).order_by(Event.id.desc()).limit(count)
    own = newest.where(_own(owner)).subquery()
    told = newest.join(EventHost, EventHost.event_id == Event.id).where(EventHost.user_id == owner.user_id).subquery()
    return Event.id.in_(select(own.c.id).union_all(select(told.c.id)))


def _own(owner: Owner) -> ColumnElement[bool]:
    return and_(Event.owner_id == owner.user_id, Event.team_id.is_(None))

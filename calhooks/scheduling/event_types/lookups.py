"""Event types by number, for their host; by their link, for bookers."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from calhooks.accounts.models import User
from calhooks.scheduling.errors import NotFound
from calhooks.scheduling.models.event_types import EventType


def list_event_types(session: Session, owner: User) -> Sequence[EventType]:
    """Return a host's event types in the host's order, hidden ones too."""
    query = select(EventType).where(EventType.owner_id == owner.id).order_by(EventType.position, EventType.id)
    return session.scalars(query).all()


def list_public_event_types(session: Session, owner: User) -> Sequence[EventType]:
    """Return the event types that a host's page shows."""
    return [event_type for event_type in list_event_types(session, owner) if not event_type.hidden]


def find_event_type(session: Session, owner: User, event_type_id: int) -> EventType:
    """Return one of a host's own event types. Raises NotFound, also for someone else's."""
    event_type = session.get(EventType, event_type_id)
    if event_type is None or event_type.owner_id != owner.id:
        raise NotFound
    return event_type


def find_bookable(session: Session, username: str, slug: str) -> EventType:
    """Return the event type that a public address names; a hidden one can be booked by whoever has its link.

    Raises NotFound.
    """
    query = select(EventType).join(EventType.owner).options(joinedload(EventType.owner))
    event_type = session.scalar(query.where(User.username == username.lower(), EventType.slug == slug.lower()))
    if event_type is None:
        raise NotFound
    return event_type

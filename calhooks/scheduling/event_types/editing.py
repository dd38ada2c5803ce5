"""A host's event types: made, changed, copied, arranged, hidden and deleted.

A form is checked before the transaction begins; what only the database knows (which slugs are taken, which schedules
the host has) is decided inside.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.scheduling.errors import InvalidInput
from calhooks.scheduling.event_types.form import SLUG_IN_USE, CheckedEventType
from calhooks.scheduling.event_types.lookups import find_event_type, list_event_types
from calhooks.scheduling.locking import lock_host
from calhooks.scheduling.models.event_types import MAX_SLUG_LENGTH, MAX_TITLE_LENGTH, EventType
from calhooks.scheduling.models.schedules import Schedule


def create_event_type(session: Session, owner: User, checked: CheckedEventType) -> EventType:
    """Add an event type at the end of the host's list. Raises InvalidInput for `slug` or `schedule`."""
    lock_host(session, owner.id)
    schedule = _schedule(session, owner, checked.schedule_id)
    last = session.scalar(select(func.max(EventType.position)).where(EventType.owner_id == owner.id))
    event_type = EventType(owner_id=owner.id, schedule_id=schedule.id, position=0 if last is None else last + 1)
    return _keep(session, event_type, checked)


def update_event_type(session: Session, owner: User, event_type_id: int, checked: CheckedEventType) -> EventType:
    """Change an event type; its bookings stay as they were. Raises NotFound, or InvalidInput as `create_event_type`."""
    lock_host(session, owner.id)
    event_type = find_event_type(session, owner, event_type_id)
    if checked.schedule_id is not None:
        event_type.schedule_id = _schedule(session, owner, checked.schedule_id).id
    return _keep(session, event_type, checked)


def duplicate_event_type(session: Session, owner: User, event_type_id: int) -> EventType:
    """Add a copy below an event type, at an address of its own and hidden until its host shows it. Raises NotFound."""
    lock_host(session, owner.id)
    original = find_event_type(session, owner, event_type_id)
    every = list_event_types(session, owner)
    columns = [column.key for column in EventType.__mapper__.column_attrs if column.key != "id"]
    copy = EventType(**{name: getattr(original, name) for name in columns})
    copy.title, copy.hidden = f"{original.title} (copy)"[:MAX_TITLE_LENGTH], True
    copy.slug = _free_slug(original.slug, {each.slug for each in every})
    session.add(copy)
    _arrange([each for one in every for each in ((one, copy) if one is original else (one,))])
    session.flush()
    return copy


def move_event_type(session: Session, owner: User, event_type_id: int, places: int) -> EventType:
    """Move an event type `places` down in its host's list, up when negative. Raises NotFound."""
    lock_host(session, owner.id)
    moved = find_event_type(session, owner, event_type_id)
    every = list(list_event_types(session, owner))
    place = every.index(moved)
    every.insert(max(place + places, 0), every.pop(place))
    _arrange(every)
    return moved


def set_hidden(session: Session, owner: User, event_type_id: int, hidden: bool) -> EventType:
    """Take an event type off its host's page, or put it back. Raises NotFound."""
    lock_host(session, owner.id)
    event_type = find_event_type(session, owner, event_type_id)
    event_type.hidden = hidden
    return event_type


def delete_event_type(session: Session, owner: User, event_type_id: int) -> None:
    """Delete an event type and keep its bookings. Raises NotFound."""
    lock_host(session, owner.id)
    session.delete(find_event_type(session, owner, event_type_id))
    session.flush()


def _arrange(event_types: Sequence[EventType]) -> None:
    for position, event_type in enumerate(event_types):
        event_type.position = position


def _free_slug(slug: str, taken: Collection[str]) -> str:
    ends = ("-copy", *(f"-copy-{number}" for number in range(2, len(taken) + 2)))
    slugs = (f"{slug[: MAX_SLUG_LENGTH - len(end)].rstrip('-_')}{end}" for end in ends)
    return next(each for each in slugs if each not in taken)


def _keep(session: Session, event_type: EventType, checked: CheckedEventType) -> EventType:
    same_slug = select(EventType.id).where(
        EventType.owner_id == event_type.owner_id,
        EventType.slug == checked.values["slug"],
        EventType.id != event_type.id,
    )
    if session.scalar(same_slug) is not None:
        raise InvalidInput({"slug": SLUG_IN_USE})
    for name, value in checked.values.items():
        setattr(event_type, name, value)
    session.add(event_type)
    session.flush()
    return event_type


def _schedule(session: Session, owner: User, schedule_id: int | None) -> Schedule:
    """Return the chosen schedule, by default the host's first. Raises InvalidInput."""
    query = select(Schedule).where(Schedule.owner_id == owner.id).order_by(Schedule.id)
    schedules = session.scalars(query).all()
    for schedule in schedules:
        if schedule_id is None or schedule.id == schedule_id:
            return schedule
    raise InvalidInput({"schedule": "Choose one of your schedules."})

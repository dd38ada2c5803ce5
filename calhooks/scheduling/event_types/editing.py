"""A host's or a team's event types: made, changed, copied, arranged, hidden and deleted.

A form is checked before the transaction begins; what only the database knows (which slugs are taken, which schedules
the host has, who belongs to the team) is decided inside.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner, require_owner
from calhooks.accounts.teams.models import Membership
from calhooks.scheduling.errors import InvalidInput
from calhooks.scheduling.event_types.form import CheckedEventType
from calhooks.scheduling.event_types.host_form import CheckedTeamPart, copied_hosts, keep_hosts
from calhooks.scheduling.event_types.lookups import find_event_type, list_event_types
from calhooks.scheduling.locking import lock_hosts
from calhooks.scheduling.models.bookings import Booking, BookingHost
from calhooks.scheduling.models.event_types import MAX_SLUG_LENGTH, MAX_TITLE_LENGTH, EventType, SchedulingType
from calhooks.scheduling.models.schedules import Schedule

_BOOKED_WITH = (
    select(BookingHost.host_id)
    .join(Booking, Booking.id == BookingHost.booking_id)
    .where(Booking.event_type_id == bindparam("event_type"))
    .distinct()
)
_MOVED = update(User).where(User.id.in_(_BOOKED_WITH)).values(calendar_version=User.calendar_version + 1)


def create_event_type(session: Session, owner: Owner, checked: CheckedEventType) -> EventType:
    """Add an event type at the end of its owner's list. Raises InvalidInput for `slug`, `schedule` or `hosts`."""
    _lock(session, owner)
    last = session.scalar(select(func.max(EventType.position)).where(owner.of(EventType)))
    event_type = EventType(**owner.columns, position=0 if last is None else last + 1)
    if checked.team is None:
        event_type.schedule_id = _schedule(session, owner.user_id, checked.schedule_id).id
    else:
        event_type.scheduling_type, event_type.keeps_host = SchedulingType.ROUND_ROBIN, True
    return _keep(session, event_type, checked)


def update_event_type(session: Session, owner: Owner, event_type_id: int, checked: CheckedEventType) -> EventType:
    """Change an event type; its bookings stay as they were, with their hosts.

    Raises NotFound, or InvalidInput as `create_event_type`.
    """
    _lock(session, owner, event_type_id)
    event_type = find_event_type(session, owner, event_type_id)
    if checked.team is None and checked.schedule_id is not None:
        event_type.schedule_id = _schedule(session, owner.user_id, checked.schedule_id).id
    return _keep(session, event_type, checked)


def duplicate_event_type(session: Session, owner: Owner, event_type_id: int) -> EventType:
    """Add a copy below an event type, at an address of its own and hidden until its host shows it. Raises NotFound."""
    _lock(session, owner)
    original = find_event_type(session, owner, event_type_id)
    every = list_event_types(session, owner)
    columns = [column.key for column in EventType.__mapper__.column_attrs if column.key != "id"]
    copy = EventType(**{name: getattr(original, name) for name in columns})
    copy.title, copy.hidden = f"{original.title} (copy)"[:MAX_TITLE_LENGTH], True
    copy.slug = _free_slug(original.slug, {each.slug for each in every})
    copy.hosts = copied_hosts(original)
    session.add(copy)
    _arrange([each for one in every for each in ((one, copy) if one is original else (one,))])
    session.flush()
    return copy


def move_event_type(session: Session, owner: Owner, event_type_id: int, places: int) -> EventType:
    """Move an event type `places` down in its owner's list, up when negative. Raises NotFound."""
    _lock(session, owner)
    moved = find_event_type(session, owner, event_type_id)
    every = list(list_event_types(session, owner))
    place = every.index(moved)
    every.insert(max(place + places, 0), every.pop(place))
    _arrange(every)
    return moved


def set_hidden(session: Session, owner: Owner, event_type_id: int, hidden: bool) -> EventType:
    """Take an event type off its owner's page, or put it back. Raises NotFound."""
    _lock(session, owner)
    event_type = find_event_type(session, owner, event_type_id)
    event_type.hidden = hidden
    return event_type


def delete_event_type(session: Session, owner: Owner, event_type_id: int) -> None:
    """Delete an event type and keep its bookings. Raises NotFound."""
    _lock(session, owner, event_type_id)
    session.delete(find_event_type(session, owner, event_type_id))
    session.flush()


def _lock(session: Session, owner: Owner, event_type_id: int | None = None) -> None:
    """Lock a person, or a team and then those whose versions move with a change of its event types.

    These are its members, and who has left the event type but not its bookings: these keep its buffers. Raises NotThere
    for a team that has been deleted.
    """
    require_owner(session, owner)
    if owner.team_id is not None:
        members = session.scalars(select(Membership.user_id).where(Membership.team_id == owner.team_id)).all()
        booked = [] if event_type_id is None else session.scalars(_BOOKED_WITH, {"event_type": event_type_id}).all()
        lock_hosts(session, {*members, *booked})


def _arrange(event_types: Sequence[EventType]) -> None:
    for position, event_type in enumerate(event_types):
        event_type.position = position


def _free_slug(slug: str, taken: Collection[str]) -> str:
    ends = ("-copy", *(f"-copy-{number}" for number in range(2, len(taken) + 2)))
    slugs = (f"{slug[: MAX_SLUG_LENGTH - len(end)].rstrip('-_')}{end}" for end in ends)
    return next(each for each in slugs if each not in taken)


def _keep(session: Session, event_type: EventType, checked: CheckedEventType) -> EventType:
    same_slug = select(EventType.id).where(
        event_type.belongs_to.of(EventType),
        EventType.slug == checked.values["slug"],
        EventType.id != event_type.id,
    )
    if session.scalar(same_slug) is not None:
        whose = "You already have" if checked.team is None else "The team already has"
        raise InvalidInput({"slug": f"{whose} an event type with this address."})
    for name, value in checked.values.items():
        setattr(event_type, name, value)
    if checked.team is not None:
        _keep_team_part(session, event_type, checked.team, checked.schedule_id)
    session.add(event_type)
    session.flush()
    return event_type


def _keep_team_part(session: Session, event_type: EventType, part: CheckedTeamPart, schedule_id: int | None) -> None:
    if part.scheduling_type is not None:
        event_type.scheduling_type = part.scheduling_type
    if part.keeps_host is not None:
        event_type.keeps_host = part.keeps_host
    if part.own_hours:
        event_type.schedule_id = None
    elif schedule_id is not None and schedule_id != event_type.schedule_id:
        event_type.schedule_id = _schedule(session, part.schedules_of, schedule_id).id
    keep_hosts(session, event_type, part.hosts)
    if event_type.id is not None:
        # The database moves the versions of those who are hosts now.
        session.execute(_MOVED, {"event_type": event_type.id}, execution_options={"synchronize_session": False})


def _schedule(session: Session, user_id: int | None, schedule_id: int | None) -> Schedule:
    """Return the chosen schedule of an account, by default the first. Raises InvalidInput."""
    query = select(Schedule).where(Schedule.owner_id == user_id).order_by(Schedule.id)
    schedules = session.scalars(query).all()
    for schedule in schedules:
        if schedule_id is None or schedule.id == schedule_id:
            return schedule
    raise InvalidInput({"schedule": "Choose one of your schedules."})

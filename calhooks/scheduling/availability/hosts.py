"""With whom an event type is booked: its owner, or the hosts of a team, each with the hours that hold for them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session, contains_eager

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Membership
from calhooks.db import read_rows
from calhooks.scheduling.models.event_types import EventType, EventTypeHost, SchedulingType
from calhooks.scheduling.models.schedules import Schedule


@dataclass(frozen=True, slots=True)
class Host:
    """Who is to be met, and by which hours: None where the person has deleted all schedules, for no hours at all.

    `place` is this host's place among those of a team's event type. One who `attends_always` is at every meeting.
    """

    user: User
    schedule: Schedule | None
    place: EventTypeHost | None = None
    attends_always: bool = True


def hosts_of(session: Session, event_type: EventType) -> list[Host]:
    """Return with whom an event type is booked, in the order in which they are listed."""
    if event_type.owner is not None:
        return [Host(event_type.owner, event_type.schedule)]
    places = session.scalars(
        _PLACES, {"event_type": event_type.id}, execution_options={"populate_existing": True}
    ).all()
    users = [place.membership.user for place in places]
    schedules = {} if event_type.schedule else first_schedules(session, [user.id for user in users])
    return [
        Host(
            place.membership.user,
            event_type.schedule or schedules.get(place.membership.user_id),
            place,
            place.is_fixed or event_type.scheduling_type == SchedulingType.COLLECTIVE,
        )
        for place in places
    ]


def host_ids_of(session: Session, event_type: EventType) -> list[int]:
    """Return the accounts with whom an event type can be booked."""
    if event_type.owner_id is not None:
        return [event_type.owner_id]
    return [number for (number,) in read_rows(session, _HOST_IDS, {"event_type": event_type.id})]


def first_schedules(session: Session, user_ids: Sequence[int]) -> dict[int, Schedule]:
    """Return the schedules that hold for accounts where nothing else is said, by the accounts' ids."""
    return {schedule.owner_id: schedule for schedule in session.scalars(_FIRST, {"users": user_ids})}


_PLACES = (
    select(EventTypeHost)
    .join(EventTypeHost.membership)
    .join(Membership.user)
    .where(EventTypeHost.event_type_id == bindparam("event_type"))
    .options(contains_eager(EventTypeHost.membership).contains_eager(Membership.user))
    .order_by(EventTypeHost.position, EventTypeHost.membership_id)
    .execution_options(populate_existing=True)
)
_HOST_IDS = (
    select(Membership.user_id)
    .join(EventTypeHost, EventTypeHost.membership_id == Membership.id)
    .where(EventTypeHost.event_type_id == bindparam("event_type"))
)
_FIRST = select(Schedule).where(
    Schedule.id.in_(
        select(func.min(Schedule.id))
        .where(Schedule.owner_id.in_(bindparam("users", expanding=True)))
        .group_by(Schedule.owner_id)
    )
)

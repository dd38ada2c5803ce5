"""What a new account can be booked with from its first minute."""

from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.scheduling.models import EventType, Schedule, ScheduleRange

MONDAY_TO_FRIDAY = range(5)
NINE, SEVENTEEN = 9 * 60, 17 * 60
LENGTHS = (15, 30)


def give_defaults(session: Session, user: User) -> None:
    """Give a new account its working hours, in its own time zone, and the event types `15min` and `30min`."""
    hours = Schedule(owner_id=user.id, name="Working hours", time_zone=user.time_zone)
    hours.ranges = [ScheduleRange(weekday=day, start_minute=NINE, end_minute=SEVENTEEN) for day in MONDAY_TO_FRIDAY]
    session.add(hours)
    for position, length in enumerate(LENGTHS):
        session.add(
            EventType(
                owner_id=user.id,
                schedule=hours,
                slug=f"{length}min",
                title=f"{length} min meeting",
                length=length,
                position=position,
            )
        )

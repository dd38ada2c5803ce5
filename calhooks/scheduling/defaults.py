"""What a new account begins with."""

from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.scheduling.availability.schedules import create_default_schedule
from calhooks.scheduling.models.event_types import EventType

DEFAULT_LENGTHS = (15, 30)


def give_defaults(session: Session, owner: User) -> None:
    """Give a new account its working hours and the event types `15min` and `30min`."""
    schedule = create_default_schedule(session, owner)
    for position, length in enumerate(DEFAULT_LENGTHS):
        session.add(
            EventType(
                owner_id=owner.id,
                schedule=schedule,
                slug=f"{length}min",
                title=f"{length} min meeting",
                length=length,
                position=position,
            )
        )
    session.flush()

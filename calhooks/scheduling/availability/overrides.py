"""Date overrides: other hours on one day of a schedule, or none."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.scheduling.availability.absences import today_in
from calhooks.scheduling.availability.schedules import TypedTimes, check_ranges, find_schedule
from calhooks.scheduling.errors import InvalidInput, NotFound
from calhooks.scheduling.fields import day as typed_day
from calhooks.scheduling.locking import lock_host
from calhooks.scheduling.models.schedules import DateOverride
from calhooks.text import checked

MAX_OVERRIDES = 500


def set_override(
    session: Session, owner: User, schedule_id: int, *, day: str, hours: Sequence[TypedTimes]
) -> DateOverride:
    """Give one day other hours than its weekday's; without any the day is off. What the day had before is replaced.

    Raises NotFound, or InvalidInput for `day` and `hours`.
    """
    lock_host(session, owner.id)
    schedule = find_schedule(session, owner, schedule_id)
    errors: dict[str, str] = {}
    chosen = checked(errors, "day", typed_day, day)
    ranges = checked(errors, "hours", check_ranges, hours)
    known = {override.day: override for override in schedule.overrides}
    today = today_in(schedule.time_zone, clock.now())
    if chosen and chosen < today:
        errors["day"] = "This day has passed."
    elif chosen and chosen not in known and sum(each >= today for each in known) >= MAX_OVERRIDES:
        errors["day"] = f"At most {MAX_OVERRIDES} days to come can have hours of their own. Remove some first."
    if errors or chosen is None or ranges is None:
        raise InvalidInput(errors)
    override = known.get(chosen) or DateOverride(day=chosen)
    override.ranges = [list(each) for each in ranges]
    if chosen not in known:
        schedule.overrides.append(override)
    session.flush()
    return override


def remove_override(session: Session, owner: User, schedule_id: int, override_id: int) -> DateOverride:
    """Give a day its weekday's hours back; return what it had instead. Raises NotFound."""
    lock_host(session, owner.id)
    schedule = find_schedule(session, owner, schedule_id)
    for override in schedule.overrides:
        if override.id == override_id:
            schedule.overrides.remove(override)
            return override
    raise NotFound

"""Who hosts a round robin's meeting after it is moved, in words."""

from datetime import datetime

from sqlalchemy.orm import Session

from calhooks.scheduling.availability.hindrances import Wanted
from calhooks.scheduling.availability.hosts import hosts_of
from calhooks.scheduling.availability.openings import free_hosts
from calhooks.scheduling.bookings.reschedule import meeting_to_replace
from calhooks.scheduling.models.event_types import SchedulingType
from calhooks.web.public.visit import Visit


def host_sentence(session: Session, visit: Visit, start: datetime | None, now: datetime) -> str:
    """Return who hosts the meeting that a visit moves to `start`, in UTC, or to a time that is not chosen yet.

    Empty where the hosts stay the same in any case.
    """
    event_type = visit.bookable
    if visit.replaced is None or event_type.scheduling_type != SchedulingType.ROUND_ROBIN:
        return ""
    replaced = meeting_to_replace(visit.replaced)
    if not event_type.keeps_host:
        return "A host is chosen again for the new time."
    if start is None:
        return f"{replaced.host.name} stays the host at times when they are free."
    hosts = [host for host in hosts_of(session, event_type) if host.user.id == replaced.host_id]
    wanted = Wanted(now=now, length=visit.length, replaced=replaced)
    if free_hosts(session, event_type, hosts, start, wanted):
        return f"{replaced.host.name} stays the host."
    return f"{replaced.host.name} is not free then. Another host of {event_type.holder.name} takes over."

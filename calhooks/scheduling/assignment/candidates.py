"""Who could take over a team's booking, and what is in the way of each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, contains_eager

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Membership
from calhooks.scheduling.availability.hindrances import (
    Hindrance,
    OutsideHours,
    Taken,
    TimeOff,
    Wanted,
    hindrances,
    meeting_at,
    taken,
)
from calhooks.scheduling.availability.hosts import Host, first_schedules, hosts_of
from calhooks.scheduling.models.bookings import Booking


class HostObstacle(IntEnum):
    """What is in the way of a member, the greatest last: only another meeting keeps them from attending."""

    NEAR = 1
    OUTSIDE_HOURS = 2
    TIME_OFF = 3
    BOOKED = 4


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member who does not attend a booking. `host.place` is None for one who is not a host of its event type."""

    membership: Membership
    host: Host
    obstacle: HostObstacle | None

    @property
    def user(self) -> User:
        """Return the member's account."""
        return self.host.user

    @property
    def can_attend(self) -> bool:
        """Tell whether a person may choose this member."""
        return self.obstacle is not HostObstacle.BOOKED

    @property
    def in_turn(self) -> bool:
        """Tell whether this member may be chosen by turns: a free host who does not attend every meeting."""
        return self.obstacle is None and self.host.place is not None and not self.host.place.is_fixed


def find_candidates(session: Session, booking: Booking, now: datetime) -> list[Candidate]:
    """Return the members of a booking's team who do not attend it: the hosts of its event type, then others by name."""
    event_type, attending = booking.event_type, {host.id for host in booking.hosts}
    members = {
        member.user_id: member
        for member in session.scalars(_MEMBERS, {"team": booking.team_id})
        if member.user_id not in attending
    }
    places = [host for host in hosts_of(session, event_type) if host.user.id in members] if event_type else []
    listed = {host.user.id for host in places}
    others = [member.user for number, member in members.items() if number not in listed]
    schedules = first_schedules(session, [user.id for user in others])
    shared = event_type.schedule if event_type else None
    hosts = [*places, *(Host(user, shared or schedules.get(user.id)) for user in others)]
    obstacles = _obstacles(session, booking, hosts, now)
    return [Candidate(members[host.user.id], host, obstacles.get(host.user.id)) for host in hosts]


def _obstacles(session: Session, booking: Booking, hosts: Sequence[Host], now: datetime) -> dict[int, HostObstacle]:
    """Return the greatest obstacle of each host who has one, by their accounts' ids."""
    event_type, found = booking.event_type, dict[int, HostObstacle]()
    hindering: Iterable[Hindrance]
    if event_type is None:
        meeting = meeting_at(booking.start_time, booking.length, None)
        hindering = taken(session, [host.user for host in hosts], meeting, booking)
    else:
        wanted = Wanted(now=now, length=booking.length, replaced=booking)
        hindering = hindrances(session, event_type, hosts, booking.start_time, wanted)
    for each in hindering:
        match each:
            case Taken(only_near=True) | TimeOff(only_near=True):
                obstacle = HostObstacle.NEAR
            case Taken():
                obstacle = HostObstacle.BOOKED
            case TimeOff():
                obstacle = HostObstacle.TIME_OFF
            case OutsideHours():
                obstacle = HostObstacle.OUTSIDE_HOURS
            case _:
                # The meeting has its time already, whatever can be booked anew.
                continue
        found[each.host.id] = max(obstacle, found.get(each.host.id, obstacle))
    return found


_MEMBERS = (
    select(Membership)
    .join(Membership.user)
    .where(Membership.team_id == bindparam("team"))
    .options(contains_eager(Membership.user))
    .order_by(User.name, User.id)
)

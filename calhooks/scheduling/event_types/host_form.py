"""The hosts of a team's event type as they were typed, checked, and kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.accounts.teams.models import Membership
from calhooks.scheduling.errors import InvalidInput
from calhooks.scheduling.models.event_types import EventType, EventTypeHost, Priority, SchedulingType

MAX_HOSTS = 50
MIN_WEIGHT, MAX_WEIGHT = 1, 1_000
DEFAULT_WEIGHT = 100
NO_HOSTS = "Choose at least one host."
NOT_A_MEMBER = "Choose members of this team only."
# No row's id is longer.
_MAX_ID_DIGITS = 18


@dataclass(frozen=True, slots=True)
class TypedHost:
    """A host as typed: the id of a membership, None for a priority or a weight that was not sent."""

    membership: str
    is_fixed: bool = False
    priority: str | None = None
    weight: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedTeamPart:
    """The part of a form that only a team's event type has. None is for what was not sent.

    `schedules_of` is the account whose schedules may be chosen. With `own_hours`, each host is met by hours of their
    own. `hosts` are in the order in which the team lists them.
    """

    schedules_of: int
    scheduling_type: str | None = None
    hosts: tuple[TypedHost, ...] | None = None
    keeps_host: bool | None = None
    own_hours: bool = False


@dataclass(frozen=True, slots=True)
class CheckedHost:
    """A host whose fields can be kept; None leaves what is stored. Only the database knows who is a member."""

    membership_id: int
    is_fixed: bool
    priority: Priority | None
    weight: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedTeamPart:
    """A team's part whose fields can be kept; None leaves what is stored."""

    schedules_of: int
    scheduling_type: SchedulingType | None
    hosts: tuple[CheckedHost, ...] | None
    keeps_host: bool | None
    own_hours: bool


def check_team_part(errors: dict[str, str], typed: TypedTeamPart) -> CheckedTeamPart:
    """Return a team's part; its errors go to `errors`, keyed like `hosts` and `hostWeight-7`."""
    kind = typed.scheduling_type
    if kind is not None and kind not in list(SchedulingType):
        errors["schedulingType"] = "Choose Round robin or Collective."
        kind = None
    return CheckedTeamPart(
        schedules_of=typed.schedules_of,
        scheduling_type=None if kind is None else SchedulingType(kind),
        hosts=None if typed.hosts is None else _check_hosts(errors, typed.hosts),
        keeps_host=typed.keeps_host,
        own_hours=typed.own_hours,
    )


def keep_hosts(session: Session, event_type: EventType, hosts: Sequence[CheckedHost] | None) -> None:
    """Give a team's event type its hosts, None leaves them. The caller holds the team's lock.

    A host who stays keeps what their turns have come to; a new one starts level. Raises InvalidInput for `hosts`.
    """
    if hosts is None:
        if not event_type.hosts:
            raise InvalidInput({"hosts": NO_HOSTS})
        return
    members = set(session.scalars(select(Membership.id).where(Membership.team_id == event_type.team_id)))
    if any(host.membership_id not in members for host in hosts):
        raise InvalidInput({"hosts": NOT_A_MEMBER})
    stored = {place.membership_id: place for place in event_type.hosts}
    event_type.hosts = [
        _keep_host(stored.get(host.membership_id) or EventTypeHost(membership_id=host.membership_id), host, position)
        for position, host in enumerate(hosts)
    ]


def copied_hosts(event_type: EventType) -> list[EventTypeHost]:
    """Return the hosts of an event type for a copy of it, in which nobody has been booked yet."""
    names = ("membership_id", "position", "is_fixed", "priority", "weight")
    return [EventTypeHost(**{name: getattr(place, name) for name in names}) for place in event_type.hosts]


def _keep_host(place: EventTypeHost, host: CheckedHost, position: int) -> EventTypeHost:
    place.position, place.is_fixed = position, host.is_fixed
    if host.priority is not None:
        place.priority = host.priority
    if host.weight is not None:
        place.weight = host.weight
    return place


def _check_hosts(errors: dict[str, str], typed: Sequence[TypedHost]) -> tuple[CheckedHost, ...]:
    if not typed:
        errors["hosts"] = NO_HOSTS
    elif len(typed) > MAX_HOSTS:
        errors["hosts"] = f"Choose at most {MAX_HOSTS} hosts."
    elif not all(_is_id(host.membership) for host in typed):
        errors["hosts"] = NOT_A_MEMBER
    else:
        # The first place of a host who was sent twice.
        hosts = {int(host.membership): host for host in reversed(typed)}
        order = dict.fromkeys(int(host.membership) for host in typed)
        return tuple(_check_host(errors, number, hosts[number]) for number in order)
    return ()


def _check_host(errors: dict[str, str], number: int, typed: TypedHost) -> CheckedHost:
    priority = weight = None
    if typed.priority is not None:
        priority = next((each for each in Priority if each.name == typed.priority.upper()), None)
        if priority is None:
            errors[f"hostPriority-{number}"] = "Choose a priority."
    if typed.weight is not None:
        text = typed.weight.strip().removesuffix("%").rstrip()
        weight = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_WEIGHT)) else 0
        if not MIN_WEIGHT <= weight <= MAX_WEIGHT:
            errors[f"hostWeight-{number}"] = f"Enter a percentage from {MIN_WEIGHT} to {MAX_WEIGHT:,}."
    return CheckedHost(number, typed.is_fixed, priority, weight)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _MAX_ID_DIGITS

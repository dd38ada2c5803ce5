"""One change to a host's bookings at a time, and what the database refuses.

Everybody takes locks in one order, so that nobody waits in a circle: a team, accounts by their ids, endpoints by
theirs.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from sqlalchemy import bindparam, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner, lock_owner
from calhooks.accounts.teams.models import Membership
from calhooks.db import read_rows
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.scheduling.errors import NotFound, SlotTaken
from calhooks.scheduling.models.bookings import Booking, BookingHost
from calhooks.scheduling.models.event_types import EventType, EventTypeHost

# The name of the exclusion constraint on PostgreSQL, and what the trigger says on SQLite.
OVERLAP_CONSTRAINT = "booking_hosts_overlap"
_VERSION = select(User.calendar_version).where(User.id == bindparam("host"))
# Not the lock that would also hold up rows which merely refer to the host.
_HOST = _VERSION.with_for_update(key_share=True)
_HOSTS = (
    select(User.id)
    .where(User.id.in_(bindparam("hosts", expanding=True)))
    .order_by(User.id)
    .with_for_update(key_share=True)
)
_HOST_OF = (
    select(User.id)
    .join(EventType, EventType.owner_id == User.id)
    .where(EventType.id == bindparam("event_type"))
    .with_for_update(key_share=True, of=User)
)
_TEAM_OF = select(EventType.team_id).where(EventType.id == bindparam("event_type"))
_HOSTS_OF = (
    select(Membership.user_id)
    .join(EventTypeHost, EventTypeHost.membership_id == Membership.id)
    .where(EventTypeHost.event_type_id == bindparam("event_type"))
)
_MEMBER = select(Membership.user_id).where(
    Membership.id == bindparam("member"), Membership.team_id == bindparam("team")
)
# A request to move a meeting can have other hosts than the meeting, and one of the two ends the other.
_HOSTS_OF_CHAIN = (
    select(BookingHost.host_id)
    .join(Booking, Booking.id == BookingHost.booking_id)
    .where(Booking.root_uid == bindparam("root_uid"))
)


def lock_host(session: Session, host_id: int) -> int | None:
    """Wait until no other transaction changes what this host can be booked for, and return its `calendar_version`.

    A service that changes a host's bookings, event types, schedules, time off or webhooks calls it first, because the
    database's triggers lock the host too: in this order no two services wait for each other. On SQLite there is one
    writer at a time anyway.
    """
    return read_rows(session, _HOST, {"host": host_id}).scalar()


def calendar_version(session: Session, host_id: int) -> int | None:
    """Return a host's `calendar_version` as it is now, without waiting for anyone who changes it."""
    return read_rows(session, _VERSION, {"host": host_id}).scalar()


def lock_hosts(session: Session, host_ids: Collection[int]) -> None:
    """Lock several hosts as `lock_host` locks one, in the order of their ids."""
    session.execute(_HOSTS, {"hosts": list(host_ids)}).all()


def lock_hosts_of(session: Session, event_type_id: int) -> None:
    """Lock all with whom an event type can be booked, before them its team if it has one."""
    if session.scalar(_HOST_OF, {"event_type": event_type_id}) is not None:
        return
    team_id = session.scalar(_TEAM_OF, {"event_type": event_type_id})
    if team_id is not None:
        lock_owner(session, Owner(team_id=team_id))
        lock_hosts(session, session.scalars(_HOSTS_OF, {"event_type": event_type_id}).all())


def lock_endpoints(session: Session, owners: Collection[Owner]) -> None:
    """Take the locks of all endpoints of some owners, in the order in which pumps take them.

    For changes that tell several things: otherwise each takes the locks it needs, and a pump could wait for the second
    while it holds the first.
    """
    accounts = [owner.user_id for owner in owners if owner.user_id is not None]
    teams = [owner.team_id for owner in owners if owner.team_id is not None]
    query = select(Endpoint.id).where(
        or_(Endpoint.owner_id.in_(accounts), Endpoint.team_id.in_(teams)), Endpoint.deleted_at.is_(None)
    )
    session.execute(query.order_by(Endpoint.id).with_for_update(key_share=True)).all()


def locked_booking(session: Session, uid: str, *, member_id: int | None = None) -> Booking:
    """Return a booking as it is now, with all hosts locked whom a change of it can touch. Raises NotFound.

    These are its own, those of the meeting that it asks to move and of requests to move it, and who could take it over;
    `member_id` names another member of its team who could.
    """
    found = session.execute(
        select(
            Booking.root_uid, Booking.host_id, Booking.team_id, Booking.scheduling_type, Booking.event_type_id
        ).where(Booking.uid == uid)
    ).one_or_none()
    if found is None:
        raise NotFound
    if found.scheduling_type is None:
        lock_host(session, found.host_id)
    else:
        # While the team is locked, none of its bookings gets another host; when it is deleted, none does either.
        lock_owner(session, Owner(team_id=found.team_id or 0))
        hosts = set(session.scalars(_HOSTS_OF_CHAIN, {"root_uid": found.root_uid}))
        hosts |= set(session.scalars(_HOSTS_OF, {"event_type": found.event_type_id or 0}))
        hosts |= set(session.scalars(_MEMBER, {"member": member_id or 0, "team": found.team_id}))
        lock_hosts(session, hosts)
    query = select(Booking).where(Booking.uid == uid).execution_options(populate_existing=True)
    booking = session.scalar(query)
    if booking is None:
        raise NotFound
    return booking


@contextmanager
def refusing(refusal: SlotTaken) -> Iterator[None]:
    """Raise `refusal` when the database finds, in a statement run inside, two accepted bookings that overlap."""
    try:
        yield
    except IntegrityError as error:
        if OVERLAP_CONSTRAINT in str(error.orig):
            raise refusal from error
        raise

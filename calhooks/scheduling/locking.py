"""One change to a host's bookings at a time, and what the database refuses."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.db import read_rows
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.scheduling.errors import NotFound, SlotTaken
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventType

# The name of the exclusion constraint on PostgreSQL, and what the trigger says on SQLite.
OVERLAP_CONSTRAINT = "bookings_overlap"
_VERSION = select(User.calendar_version).where(User.id == bindparam("host"))
# Not the lock that would also hold up rows which merely refer to the host.
_HOST = _VERSION.with_for_update(key_share=True)
_HOST_OF = (
    select(User.id)
    .join(EventType, EventType.owner_id == User.id)
    .where(EventType.id == bindparam("event_type"))
    .with_for_update(key_share=True, of=User)
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


def lock_host_of(session: Session, event_type_id: int) -> None:
    """Do the same for the host of an event type, if there is one."""
    session.execute(_HOST_OF, {"event_type": event_type_id})


def lock_endpoints(session: Session, host_id: int) -> None:
    """Take the locks of all of a host's endpoints, in the order in which pumps take them.

    For changes that tell several things: otherwise each takes the locks it needs, and a pump could wait for the second
    while it holds the first.
    """
    query = select(Endpoint.id).where(Endpoint.owner_id == host_id, Endpoint.deleted_at.is_(None)).order_by(Endpoint.id)
    session.execute(query.with_for_update(key_share=True))


def locked_booking(session: Session, uid: str, host: User | None = None) -> Booking:
    """Return a booking as it is now, with its host locked. Raises NotFound, also when it is not `host`'s."""
    host_id = session.scalar(select(Booking.host_id).where(Booking.uid == uid))
    if host_id is None or (host is not None and host.id != host_id):
        raise NotFound
    lock_host(session, host_id)
    query = select(Booking).where(Booking.uid == uid).execution_options(populate_existing=True)
    booking = session.scalar(query)
    if booking is None:
        raise NotFound
    return booking


def flush_or_refuse(session: Session, refusal: SlotTaken) -> None:
    """Write what has changed. Raises `refusal` when the database finds two accepted bookings that overlap."""
    with refusing(refusal):
        session.flush()


@contextmanager
def refusing(refusal: SlotTaken) -> Iterator[None]:
    """Raise `refusal` when the database finds, in a statement run inside, two accepted bookings that overlap."""
    try:
        yield
    except IntegrityError as error:
        if OVERLAP_CONSTRAINT in str(error.orig):
            raise refusal from error
        raise

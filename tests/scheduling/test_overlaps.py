"""What the database itself refuses, whatever a service overlooks."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Executable, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Team
from calhooks.db import writing
from calhooks.scheduling.assignment.attendance import add_co_hosts
from calhooks.scheduling.models.bookings import Booking, BookingHost, BookingStatus
from calhooks.scheduling.models.event_types import SchedulingType
from tests import factories
from tests.scheduling.helpers import at


def span(start: datetime, minutes: int) -> dict[str, datetime]:
    return {"start_time": start, "end_time": start + timedelta(minutes=minutes)}


def test_of_many_random_bookings_those_are_kept_that_overlap_none(session: Session) -> None:
    event_type = factories.create_event_type(factories.create_user())
    chance = random.Random(3)
    kept: list[tuple[datetime, datetime]] = []
    for _ in range(120):
        times = span(at(0) + timedelta(minutes=chance.randrange(1_440)), chance.choice([5, 30, 90]))
        start, end = times.values()
        free = all(end <= other_start or other_end <= start for other_start, other_end in kept)
        try:
            factories.create_booking(event_type, **times)
        except IntegrityError:
            assert not free
        else:
            assert free
            kept.append((start, end))
    assert len(kept) > 10


def test_moving_or_accepting_a_row_is_refused_where_it_overlaps(session: Session) -> None:
    event_type = factories.create_event_type(factories.create_user())
    factories.create_booking(event_type, at(9))
    later = factories.create_booking(event_type, at(10))
    request = factories.create_booking(event_type, at(9, 15), status=BookingStatus.PENDING)
    for number, change in (
        (later.id, span(at(9, 29), 30)),
        (later.id, span(at(8), 120)),
        (later.id, span(at(9, 10), 5)),
        (request.id, {"status": BookingStatus.ACCEPTED}),
    ):
        with pytest.raises(IntegrityError, match="booking_hosts_overlap"), writing() as inner:
            inner.execute(update(Booking).where(Booking.id == number).values(change))
    with writing() as inner:
        inner.execute(update(Booking).where(Booking.id == later.id).values(span(at(9, 30), 60)))
    session.expire_all()
    assert session.scalars(select(Booking.start_time).order_by(Booking.start_time)).all() == [
        at(9),
        at(9, 15),
        at(9, 30),
    ]


@dataclass
class Meetings:
    """Bookings of Sales: Alice meets with Bob at 9; at 10 Carol, at 11 Bob; Alice and Bob are asked to meet at 10."""

    together: Booking
    carols: Booking
    bobs: Booking
    request: Booking


@pytest.fixture
def meetings(session: Session, team: Team, alice: User, bob: User, carol: User) -> Meetings:
    event_type = factories.create_team_event_type(team, [alice, bob, carol], SchedulingType.COLLECTIVE)
    together = factories.create_booking(event_type, at(9), host_id=alice.id)
    carols = factories.create_booking(event_type, at(10), host_id=carol.id)
    bobs = factories.create_booking(event_type, at(11), host_id=bob.id)
    request = factories.create_booking(event_type, at(10), host_id=alice.id, status=BookingStatus.PENDING)
    with writing() as inner:
        add_co_hosts(inner, together, [bob])
        add_co_hosts(inner, request, [bob])
    return Meetings(together, carols, bobs, request)


def of(booking: Booking, **values: object) -> Executable:
    return update(Booking).where(Booking.id == booking.id).values(**values)


def refused(statement: Executable) -> bool:
    """Tell whether the database finds an overlap."""
    try:
        with writing() as inner:
            inner.execute(statement)
    except IntegrityError as error:
        return "booking_hosts_overlap" in str(error.orig)
    return False


def test_a_host_is_kept_from_overlaps_beside_another_as_well(meetings: Meetings, bob: User, carol: User) -> None:
    together, bobs, request = meetings.together, meetings.bobs, meetings.request
    # As organizer, as the one who is moved or becomes the host, and when a request is accepted.
    assert refused(of(meetings.carols, host_id=bob.id, **span(at(9, 15), 30)))
    assert refused(of(meetings.bobs, **span(at(9, 29), 30)))
    assert refused(of(together, **span(at(11), 30)))
    assert refused(of(together, host_id=carol.id, **span(at(10), 30)))
    assert refused(of(request, status=BookingStatus.ACCEPTED, **span(at(11, 10), 30)))
    accepted = {"status": BookingStatus.ACCEPTED, **span(at(9), 30)}
    row = {"booking_id": meetings.carols.id, "host_id": bob.id, "position": 1}
    assert refused(insert(BookingHost).values(row | accepted))
    theirs = update(BookingHost).where(BookingHost.booking_id == request.id, BookingHost.host_id == bob.id)
    assert refused(theirs.values(**accepted))
    hers = update(BookingHost).where(BookingHost.booking_id == meetings.carols.id)
    assert refused(hers.values(host_id=bob.id, **span(bobs.start_time, 5)))


def test_what_overlaps_nothing_is_not_refused(session: Session, meetings: Meetings, bob: User, carol: User) -> None:
    # Bob is busy at the old time and Carol at the new one, but neither as the booking is afterwards.
    assert not refused(of(meetings.carols, host_id=bob.id, **span(at(9, 30), 30)))
    assert not refused(of(meetings.bobs, host_id=carol.id, **span(at(9), 30)))
    assert not refused(of(meetings.request, status=BookingStatus.ACCEPTED))
    assert not refused(of(meetings.together, status=BookingStatus.CANCELLED))
    assert not refused(of(meetings.carols, **span(at(9), 30)))
    session.expire_all()
    for booking in (meetings.together, meetings.carols, meetings.bobs, meetings.request):
        rows = session.scalars(select(BookingHost).filter_by(booking_id=booking.id).order_by(BookingHost.position))
        assert [(row.host_id, row.status, row.start_time, row.end_time) for row in rows] == [
            (host.id, booking.status, booking.start_time, booking.end_time) for host in booking.hosts
        ]

"""What the database itself refuses, whatever a service overlooks."""

import random
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from calhooks.db import writing
from calhooks.scheduling.models.bookings import Booking, BookingStatus
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
        with pytest.raises(IntegrityError, match="bookings_overlap"), writing() as inner:
            inner.execute(update(Booking).where(Booking.id == number).values(change))
    with writing() as inner:
        inner.execute(update(Booking).where(Booking.id == later.id).values(span(at(9, 30), 60)))
    session.expire_all()
    assert session.scalars(select(Booking.start_time).order_by(Booking.start_time)).all() == [
        at(9),
        at(9, 15),
        at(9, 30),
    ]

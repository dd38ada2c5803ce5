"""Who is next for a team's event type, and what each host has been booked for."""

from datetime import UTC, datetime, timedelta

import pytest

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Team
from calhooks.db import db, writing
from calhooks.scheduling.assignment.standing import line_at, order_of_turns, standings
from calhooks.scheduling.assignment.turns import Reason
from calhooks.scheduling.availability.hindrances import Wanted
from calhooks.scheduling.models.bookings import BookingStatus
from calhooks.scheduling.models.event_types import EventType, Priority, SchedulingType
from tests import factories
from tests.scheduling.helpers import NOW, at, book_at, move

pytestmark = pytest.mark.usefixtures("session", "watch")


@pytest.fixture
def event_type(team: Team, alice: User, bob: User, carol: User) -> EventType:
    """A round robin of three."""
    return factories.create_team_event_type(team, [alice, bob, carol])


def change(event_type: EventType, number: int, **values: object) -> None:
    """Set something of a host."""
    with writing():
        for name, value in values.items():
            setattr(event_type.hosts[number], name, value)


def order(event_type: EventType, now: datetime = NOW) -> list[tuple[str, Reason]]:
    hosts = [each.host for each in standings(db.session(), event_type, now)]
    return [(each.host.user.username, each.choice.reason) for each in order_of_turns(event_type, hosts, now)]


def test_the_order_is_the_one_in_which_bookings_are_given_to_hosts(event_type: EventType) -> None:
    foretold = [name for name, _ in order(event_type)]
    assert foretold == ["alice", "bob", "carol"]
    for hour, name in zip((10, 11, 12), foretold, strict=True):
        assert order(event_type)[0][0] == name
        assert book_at(event_type, at(hour)).host.username == name


def test_priority_comes_first_then_the_share_then_who_waits_longest(event_type: EventType) -> None:
    change(event_type, 2, priority=Priority.HIGH)
    change(event_type, 0, last_booked_at=NOW)
    assert order(event_type) == [
        ("carol", Reason.PRIORITY),
        ("bob", Reason.LEAST_RECENTLY),
        ("alice", Reason.ONLY_ONE),
    ]
    change(event_type, 0, credit=0.5, credit_month="2026-03")
    assert order(event_type)[1] == ("alice", Reason.WEIGHT)


def test_in_another_month_all_start_level(event_type: EventType) -> None:
    change(event_type, 1, credit=0.5, credit_month="2026-03")
    assert order(event_type)[0] == ("bob", Reason.WEIGHT)
    assert order(event_type, NOW + timedelta(days=31))[0] == ("alice", Reason.LEAST_RECENTLY)


def test_each_host_has_a_share_among_those_of_the_same_priority(event_type: EventType) -> None:
    change(event_type, 0, weight=300)
    change(event_type, 2, priority=Priority.LOW)
    assert [each.share for each in standings(db.session(), event_type, NOW)] == [0.75, 0.25, 1.0]


def test_a_fixed_host_takes_no_turns(team: Team, alice: User, bob: User) -> None:
    event_type = factories.create_team_event_type(team, [alice, bob], fixed=[alice])
    book_at(event_type, at(10))
    one, other = standings(db.session(), event_type, NOW)
    assert (one.share, one.credit, one.booked) == (None, None, 1)
    assert (other.share, other.credit, other.booked) == (1.0, 0.0, 1)
    assert order(event_type) == [("bob", Reason.ONLY_ONE)]


def test_in_a_collective_nobody_takes_turns(team: Team, alice: User, bob: User) -> None:
    event_type = factories.create_team_event_type(team, [alice, bob], SchedulingType.COLLECTIVE)
    assert order(event_type) == []
    assert [each.share for each in standings(db.session(), event_type, NOW)] == [None, None]


def test_bookings_made_this_month_count_once_and_not_where_they_were_cancelled(
    event_type: EventType, alice: User, bob: User
) -> None:
    for hour, values in (
        (9, {"created_at": datetime(2026, 2, 28, 23, 59, tzinfo=UTC)}),
        (10, {"created_at": datetime(2026, 3, 1, 0, 1, tzinfo=UTC)}),
        (11, {"status": BookingStatus.CANCELLED}),
        (12, {"status": BookingStatus.PENDING}),
    ):
        booking = factories.create_booking(event_type, at(hour), host_id=bob.id, **values)
    booking = book_at(event_type, at(15))
    move(booking, at(16), by=alice)
    assert [each.booked for each in standings(db.session(), event_type, NOW)] == [1, 2, 0]


def test_at_a_time_only_those_who_are_free_are_in_line(event_type: EventType, alice: User) -> None:
    factories.create_booking(event_type, at(10), host_id=alice.id)
    line = line_at(db.session(), event_type, at(10), Wanted(now=NOW))
    assert [each.host.user.username for each in line.turns] == ["bob", "carol"]
    assert [host.user.username for host in line.missing] == ["alice"]
    assert line.can_be_held
    assert not line_at(db.session(), event_type, at(20), Wanted(now=NOW)).can_be_held


def test_a_fixed_host_who_is_not_free_keeps_all_from_meeting(team: Team, alice: User, bob: User) -> None:
    event_type = factories.create_team_event_type(team, [alice, bob], fixed=[alice])
    factories.create_booking(event_type, at(10), host_id=alice.id)
    line = line_at(db.session(), event_type, at(10), Wanted(now=NOW))
    assert (line.can_be_held, [each.host.user.username for each in line.turns]) == (False, ["bob"])

"""Turns that bookings took, and what becomes of them when the bookings change: each counts once."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Membership, Team
from calhooks.db import db, writing
from calhooks.scheduling.bookings.book import book
from calhooks.scheduling.bookings.cancel import cancel
from calhooks.scheduling.bookings.confirm import confirm, reject
from calhooks.scheduling.bookings.reassign import Reassignment, reassign
from calhooks.scheduling.bookings.reschedule import reschedule
from calhooks.scheduling.bookings.rules import OPEN_STATUSES
from calhooks.scheduling.errors import NotAllowed, SlotTaken
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType, EventTypeHost, SchedulingType
from tests import factories
from tests.scheduling.conftest import Watch
from tests.scheduling.helpers import at, book_at, move, submission

pytestmark = pytest.mark.usefixtures("session", "watch")


def credits(event_type: EventType) -> dict[str, float]:
    places = db.session.scalars(select(EventTypeHost).filter_by(event_type_id=event_type.id)).all()
    return {place.membership.user.username: round(place.credit, 6) for place in places}


def accept(booking: Booking, by: User) -> None:
    with writing() as session:
        confirm(session, booking.uid, by)


def call_off(booking: Booking) -> None:
    with writing() as session:
        cancel(session, booking.uid, reason="", by=None)


def test_a_booking_that_is_cancelled_with_a_request_to_move_it_gives_its_turn_back_once(
    team: Team, alice: User, bob: User
) -> None:
    event_type = factories.create_team_event_type(team, [alice, bob], requires_confirmation=True)
    booking = book_at(event_type, at(9))
    accept(booking, alice)
    assert move(booking, at(10)).host == booking.host
    call_off(booking)
    assert credits(event_type) == {"alice": 0, "bob": 0}


def test_a_request_that_took_the_place_of_another_gives_their_turn_back_once(
    team: Team, alice: User, bob: User
) -> None:
    event_type = factories.create_team_event_type(team, [alice, bob], requires_confirmation=True)
    request = move(book_at(event_type, at(9)), at(10))
    with writing() as session:
        reject(session, request.uid, alice, reason="")
    assert credits(event_type) == {"alice": 0, "bob": 0}


def test_a_request_that_took_the_place_of_another_with_another_host_counts_for_that_host_alone(
    team: Team, alice: User, bob: User
) -> None:
    event_type = factories.create_team_event_type(team, [alice, bob], requires_confirmation=True, keeps_host=False)
    request = book_at(event_type, at(9))
    moved = move(request, at(10))
    accept(moved, alice)
    found = credits(event_type)
    assert (found["alice"], found["bob"]) == ((0.5, -0.5) if moved.host == bob else (-0.5, 0.5))
    again = move(move(book_at(event_type, at(14)), at(15)), at(16))
    with writing() as session:
        reject(session, again.uid, alice, reason="")
    assert credits(event_type) == found


def test_a_meeting_whose_host_attends_all_meetings_by_now_takes_one_turn(
    team: Team, alice: User, bob: User, carol: User
) -> None:
    event_type = factories.create_team_event_type(team, [alice, bob, carol])
    booking = book_at(event_type, at(9))
    assert booking.host == alice
    with writing():
        event_type.hosts[0].is_fixed = True
    moved = move(booking, at(10))
    assert (moved.host, moved.co_hosts[0].host) == (bob, alice)
    # Alice has her turn back; of the new one, half was Bob's and half Carol's.
    found = credits(event_type)
    assert found["carol"] - found["bob"] == pytest.approx(1)
    call_off(moved)
    assert credits(event_type) == pytest.approx({"alice": 0, "bob": 0, "carol": 0}, abs=1e-5)


def test_a_meeting_that_all_hosts_attend_by_now_gives_its_turn_back(team: Team, alice: User, bob: User) -> None:
    event_type = factories.create_team_event_type(team, [alice, bob])
    booking = book_at(event_type, at(9))
    with writing():
        event_type.scheduling_type = SchedulingType.COLLECTIVE
    moved = move(booking, at(10))
    assert (moved.assignment, credits(event_type)) == (None, {"alice": 0, "bob": 0})


def test_a_request_whose_host_is_busy_by_now_can_go_to_another(
    session: Session, team: Team, alice: User, bob: User
) -> None:
    event_type = factories.create_team_event_type(team, [alice, bob], requires_confirmation=True)
    request = book_at(event_type, at(9))
    factories.create_booking(factories.create_event_type(alice), at(9))
    with pytest.raises(SlotTaken, match=r"Alice has another booking at this time\. Reassign"):
        accept(request, alice)


def test_whatever_happens_to_bookings_each_has_one_turn(session: Session, watch: Watch, team: Team) -> None:
    """What hosts are behind by is what the open bookings say, after each of some hundred changes by chance."""
    chance, members = Random(2), db.session.scalars(select(Membership).filter_by(team_id=team.id)).all()
    hosts = [member.user for member in members]
    event_type = factories.create_team_event_type(team, hosts, requires_confirmation=True, minimum_notice=0)
    with writing():
        for place, weight in zip(event_type.hosts, (100, 200, 50), strict=True):
            place.weight = weight
    done = Counter[str]()
    for number in range(100):
        watch.now += timedelta(seconds=1)
        start = at(9 + chance.randrange(8), 30 * chance.randrange(2), day=chance.choice([3, 4, 5, 6, 9, 10]))
        booking = chance.choice([None, *open_bookings()])
        what = chance.choice(
            ["book"] if booking is None else ["cancel", "move", "move", "reassign", "answer", "answer"]
        )
        with suppress(NotAllowed), writing() as inner:
            event_type.keeps_host = chance.random() < 0.5
            form = submission(start, email=f"{number}@example.com")
            if booking is None:
                book(inner, event_type.id, form, metadata={}, visitor="")
            elif what == "cancel":
                cancel(inner, booking.uid, reason="", by=None)
            elif what == "move":
                by = chance.choice([None, hosts[0]])
                reschedule(inner, booking.uid, form, metadata={}, visitor="", by=by)
            elif what == "reassign":
                reassign(inner, booking.uid, Reassignment(), hosts[0])
            elif chance.random() < 0.7:
                confirm(inner, booking.uid, hosts[0])
            else:
                reject(inner, booking.uid, hosts[0], reason="")
            done[what] += 1
        assert credits(event_type) == pytest.approx(owed(hosts), abs=1e-5), (number, what)
        session.rollback()
    assert min(done.values()) > 1, done


def open_bookings() -> Sequence[Booking]:
    return db.session.scalars(select(Booking).where(Booking.status.in_(OPEN_STATUSES)).order_by(Booking.id)).all()


def owed(hosts: Sequence[User]) -> dict[str, float]:
    """What hosts are behind by, as the open bookings say; a request to move a meeting with its host shares its turn."""
    found = dict.fromkeys((host.id for host in hosts), 0.0)
    for booking in open_bookings():
        moved = booking.rescheduled_from
        assert booking.assignment
        if moved and moved.status == BookingStatus.ACCEPTED and moved.assignment == booking.assignment:
            continue
        for key, share in booking.assignment["shares"].items():
            found[int(key)] += share - (int(key) == booking.assignment["host"])
    return {host.username: found[host.id] for host in hosts}

"""People who press at the same instant where several hosts could meet them."""

from collections import Counter
from collections.abc import Sequence
from itertools import cycle, islice

import pytest
from flask import Flask
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner, lock_owner
from calhooks.accounts.teams.models import Membership, Role, Team
from calhooks.db import writing
from calhooks.events import TRIGGERS
from calhooks.scheduling.availability import absences
from calhooks.scheduling.availability.holds import SlotHold, hold
from calhooks.scheduling.bookings.book import book
from calhooks.scheduling.bookings.cancel import cancel
from calhooks.scheduling.bookings.confirm import confirm, reject
from calhooks.scheduling.bookings.prepared import book_prepared, prepare_booking
from calhooks.scheduling.bookings.reschedule import reschedule
from calhooks.scheduling.models.bookings import Booking, BookingHost, BookingStatus
from calhooks.scheduling.models.event_types import EventType, EventTypeHost, SchedulingType
from tests import factories
from tests.scheduling.at_once import UseCase, at_once, host_of, look_again
from tests.scheduling.helpers import at, book_at, submission, told

pytestmark = pytest.mark.usefixtures("watch")

COLLECTIVE = SchedulingType.COLLECTIVE


@pytest.fixture
def hosts(team: Team, alice: User, bob: User, carol: User) -> list[User]:
    """The people of Sales, each of them and the team with a webhook for everything."""
    for owner in (team, alice, bob, carol):
        factories.create_webhook(owner, triggers=[str(trigger) for trigger in TRIGGERS])
    return [alice, bob, carol]


def booker(event_type: int, index: int, hour: int = 9) -> UseCase:
    """Book as somebody who sees the time on the page."""
    form = submission(at(hour), email=f"person{index}@example.com")
    return lambda session: book(session, event_type, form, metadata={}, visitor=f"browser {index}")


def personal(hosts: Sequence[User], **values: object) -> list[int]:
    return [factories.create_event_type(host, **values).id for host in hosts]


def busy(session: Session, hour: int = 9) -> Counter[str]:
    """How many meetings each host has at an hour."""
    look_again(session)
    query = select(User.username).join(BookingHost, BookingHost.host_id == User.id)
    return Counter(session.scalars(query.filter_by(status=BookingStatus.ACCEPTED, start_time=at(hour))))


def owed(session: Session, event_type: int) -> list[float]:
    look_again(session)
    return list(session.scalars(select(EventTypeHost.credit).filter_by(event_type_id=event_type)))


def test_as_many_are_served_as_hosts_are_free(app: Flask, session: Session, team: Team, hosts: list[User]) -> None:
    number = factories.create_team_event_type(team, hosts).id
    for hour in (9, 10):
        outcomes = Counter(at_once(app, [booker(number, index, hour) for index in range(20)]))
        assert outcomes == {"done": 3, "SlotTaken": 17}
        assert busy(session, hour) == {"alice": 1, "bob": 1, "carol": 1}
    assert sum(owed(session, number)) == pytest.approx(0)
    assert [trigger for trigger, _ in told(session)] == ["BOOKING_CREATED"] * 6


def test_a_fixed_host_is_at_one_meeting_at_a_time(app: Flask, session: Session, team: Team, hosts: list[User]) -> None:
    number = factories.create_team_event_type(team, hosts, fixed=hosts[:1]).id
    assert Counter(at_once(app, [booker(number, index) for index in range(12)])) == {"done": 1, "SlotTaken": 11}
    assert busy(session)["alice"] == 1
    assert busy(session).total() == 2


def test_who_finds_one_host_taken_by_a_meeting_of_their_own_gets_another(
    app: Flask, session: Session, team: Team, hosts: list[User]
) -> None:
    number = factories.create_team_event_type(team, hosts).id
    own = personal(hosts)
    for hour in (9, 10, 11, 12):
        people = [booker(each, index, hour) for index, each in enumerate(islice(cycle([number, number, *own]), 15))]
        assert Counter(at_once(app, people)) == {"done": 3, "SlotTaken": 12}
        assert busy(session, hour) == {"alice": 1, "bob": 1, "carol": 1}


def test_a_time_that_was_judged_free_is_booked_with_whoever_is_free_by_then(
    session: Session, team: Team, hosts: list[User]
) -> None:
    number = factories.create_team_event_type(team, hosts).id
    form = submission(at(9), email="first@example.com")
    prepared = prepare_booking(session, number, form, metadata={}, visitor="")
    for own in personal(hosts[:2]):
        book_at(session.get_one(EventType, own), at(9))
    with writing() as inner:
        book_prepared(inner, prepared)
    assert busy(session) == {"alice": 1, "bob": 1, "carol": 1}


def test_of_meetings_that_share_a_host_one_takes_place(app: Flask, session: Session, hosts: list[User]) -> None:
    """In two teams, whose lists of hosts begin at different ends."""
    alice, bob, carol = hosts
    numbers = []
    for slug, listed in (("left", [alice, bob]), ("right", [carol, bob]), ("wide", [bob, carol, alice])):
        other = factories.create_team(listed[0], members=listed[1:], slug=slug)
        numbers.append(factories.create_team_event_type(other, listed, COLLECTIVE).id)
    for hour in range(9, 17):
        outcomes = at_once(app, [booker(number, 3 * turn + number, hour) for turn in range(4) for number in numbers])
        assert Counter(outcomes) == {"done": 1, "SlotTaken": 11}
        assert set(busy(session, hour).values()) == {1}


def test_a_host_has_a_meeting_of_their_own_or_the_teams(
    app: Flask, session: Session, team: Team, hosts: list[User]
) -> None:
    together = factories.create_team_event_type(team, hosts, COLLECTIVE).id
    (own,) = personal(hosts[1:2])
    for hour in range(9, 17):
        outcomes = at_once(app, [booker(number, index, hour) for index in range(4) for number in (together, own)])
        assert Counter(outcomes) == {"done": 1, "SlotTaken": 7}
        assert busy(session, hour)["bob"] == 1


def test_the_first_answer_to_a_request_of_a_team_decides(
    app: Flask, session: Session, team: Team, hosts: list[User]
) -> None:
    event_type = factories.create_team_event_type(team, hosts, COLLECTIVE, requires_confirmation=True)
    alice, bob = hosts[0].id, hosts[1].id
    for hour in range(9, 13):
        uid = book_at(event_type, at(hour)).uid
        answers: list[UseCase] = [
            lambda inner, uid=uid: confirm(inner, uid, host_of(inner, alice)),
            lambda inner, uid=uid: confirm(inner, uid, host_of(inner, bob)),
            lambda inner, uid=uid: reject(inner, uid, host_of(inner, bob), reason=""),
        ]
        assert Counter(at_once(app, answers)) == {"done": 1, "NotAllowed": 2}
    look_again(session)
    triggers = Counter(trigger for trigger, _ in told(session))
    assert triggers["BOOKING_CREATED"] + triggers["BOOKING_REJECTED"] == 4


def test_of_requests_that_share_a_host_one_is_confirmed(
    app: Flask, session: Session, team: Team, hosts: list[User]
) -> None:
    alice, bob, carol = hosts
    left = factories.create_team_event_type(team, [alice, bob], COLLECTIVE, requires_confirmation=True)
    right = factories.create_team_event_type(team, [carol, bob], COLLECTIVE, slug="right", requires_confirmation=True)
    (own,) = personal([bob], requires_confirmation=True)
    for hour in range(9, 13):
        uids = [book_at(each, at(hour)).uid for each in (left, right, session.get_one(EventType, own))]

        def accept(uid: str, by: int) -> UseCase:
            return lambda inner: confirm(inner, uid, host_of(inner, by))

        outcomes = at_once(app, [accept(uid, by) for uid, by in zip(uids, (alice.id, carol.id, bob.id), strict=True)])
        assert Counter(outcomes) == {"done": 1, "SlotTaken": 2}
        assert busy(session, hour)["bob"] == 1


def test_two_meetings_that_move_to_each_others_time_wait_for_nobody_in_a_circle(
    app: Flask, session: Session, team: Team, hosts: list[User]
) -> None:
    """Each of two hosts is taken at the other time by a meeting of their own, so the meetings would swap hosts."""
    alice, bob, carol = hosts
    pair = factories.create_team_event_type(team, [alice, bob])
    first, second = book_at(pair, at(9)), book_at(pair, at(10))
    for booking, hour in ((first, 10), (second, 9)):
        own = factories.create_event_type(booking.host)
        book_at(own, at(hour))

    def moves(uid: str, hour: int) -> UseCase:
        form = submission(at(hour))
        return lambda inner: reschedule(inner, uid, form, metadata={}, visitor="", by=None)

    swap = [moves(first.uid, 10), moves(second.uid, 9)]
    assert at_once(app, swap) == ["SlotTaken", "SlotTaken"]
    with writing() as inner:
        membership = inner.scalars(select(Membership.id).filter_by(user_id=carol.id)).one()
        inner.add(EventTypeHost(event_type_id=pair.id, membership_id=membership, position=2))
    factories.create_schedule(carol)
    # Carol takes the first that comes, and so makes room for the other.
    assert at_once(app, swap) == ["done", "done"]
    assert [set(busy(session, hour).values()) for hour in (9, 10)] == [{1}, {1}]
    assert sum(owed(session, pair.id)) == pytest.approx(0)


def test_visitors_hold_a_host_each_until_none_is_left(
    app: Flask, session: Session, team: Team, hosts: list[User]
) -> None:
    number = factories.create_team_event_type(team, hosts).id

    def visitor(index: int) -> UseCase:
        return lambda inner: hold(inner, inner.get_one(EventType, number), f"visitor {index}", at(9), 30, clock.now())

    assert at_once(app, [visitor(index) for index in range(3)]) == ["done"] * 3
    look_again(session)
    assert set(session.scalars(select(SlotHold.host_id))) == {host.id for host in hosts}
    # A courtesy: who comes besides is served.
    assert at_once(app, [visitor(9), booker(number, 1), booker(number, 2), booker(number, 3)]).count("done") >= 3
    assert busy(session).total() == 3


def test_hosts_who_go_while_people_book_leave_the_others_to_be_booked(
    app: Flask, session: Session, team: Team, hosts: list[User], dave: User
) -> None:
    """Time off, and who leaves the team, at the same instant as bookings and cancellations."""
    alice, bob, carol = hosts
    factories.create_membership(team, dave, Role.MEMBER)
    event_type = factories.create_team_event_type(team, [alice, bob, carol, dave])
    number, team_id, absent, gone = event_type.id, team.id, bob.id, carol.id
    old = [book_at(event_type, at(hour, day=4)).uid for hour in (9, 10, 11, 12)]

    def leave(inner: Session) -> None:
        lock_owner(inner, Owner(team_id=team_id))
        inner.execute(delete(Membership).where(Membership.user_id == gone))

    everybody: list[UseCase] = [
        lambda inner: absences.add_absence(inner, host_of(inner, absent), first="2026-03-03", last="", note=""),
        leave,
        *(lambda inner, uid=uid: cancel(inner, uid, reason="", by=None) for uid in old),
        *(booker(number, index) for index in range(12)),
    ]
    outcomes = at_once(app, everybody)
    assert outcomes[:6] == ["done"] * 6
    assert 2 <= outcomes[6:].count("done") <= 4
    assert set(busy(session).values()) == {1}
    assert {"alice", "dave"} <= set(busy(session))
    # Whoever comes now meets nobody who is away.
    with writing() as inner:
        inner.execute(delete(Booking).where(Booking.start_time == at(9)))
    assert Counter(at_once(app, [booker(number, 20 + index) for index in range(6)])) == {"done": 2, "SlotTaken": 4}
    assert busy(session) == {"alice": 1, "dave": 1}

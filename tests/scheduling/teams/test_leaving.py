"""Tests of leaving a team: access ends at once, and no future meeting is left silently."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from calhooks.accounts.errors import NotPermitted, NotThere, TeamRefused
from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner
from calhooks.accounts.teams.invitations import invite_to_team, open_invitations
from calhooks.accounts.teams.memberships import find_membership
from calhooks.accounts.teams.models import Membership, Role, Team
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Delivery, DeliveryState, EventHost
from calhooks.delivery.models.endpoints import Endpoint, Notice
from calhooks.delivery.upkeep.given_up import tell_given_up
from calhooks.events import Trigger
from calhooks.scheduling.assignment.attendance import add_co_hosts
from calhooks.scheduling.availability.hosts import host_ids_of
from calhooks.scheduling.bookings.events import announce_booking
from calhooks.scheduling.bookings.lookups import find_booking_of
from calhooks.scheduling.bookings.rules import is_host
from calhooks.scheduling.calendars.feeds import feed_bookings
from calhooks.scheduling.errors import NotFound
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType, SchedulingType
from calhooks.scheduling.models.schedules import Schedule
from calhooks.scheduling.teams.leaving import leave_team, remove_member
from calhooks.scheduling.teams.meetings import FutureMeetings, count_meetings, meetings_left, meetings_of_member
from tests import factories
from tests.scheduling.helpers import NOW, at, book_at

pytestmark = pytest.mark.usefixtures("watch")


@pytest.fixture
def event_type(session: Session, team: Team, alice: User, bob: User, carol: User) -> EventType:
    """A round robin of all three."""
    return factories.create_team_event_type(team, [alice, bob, carol])


def member(session: Session, team: Team, user: User) -> Membership:
    found = find_membership(session, team.id, user)
    assert found is not None
    return found


def remove(session: Session, team: Team, user: User, by: User) -> None:
    number = member(session, team, user).id
    with writing() as database:
        remove_member(database, team.id, number, by)


def leave(team: Team, user: User) -> None:
    with writing() as database:
        leave_team(database, team.id, user)


def announce(booking: Booking, trigger: Trigger = Trigger.BOOKING_CREATED) -> None:
    with writing() as database:
        announce_booking(database, database.get_one(Booking, booking.id), trigger, NOW)


def starts(found: FutureMeetings) -> list[object]:
    return [booking.start_time for booking in found.listed]


def deliveries_to(session: Session, user: User) -> int:
    query = select(func.count()).select_from(Delivery).join(Delivery.endpoint).where(Endpoint.owner_id == user.id)
    return session.scalar(query) or 0


@pytest.mark.parametrize("removed", [True, False])
def test_all_that_a_leaver_saw_is_gone_at_once(
    session: Session, team: Team, event_type: EventType, alice: User, bob: User, removed: bool
) -> None:
    booking = factories.create_booking(event_type, at(10), host_id=bob.id)
    owner = Owner(user_id=bob.id)
    assert find_booking_of(session, owner, booking.uid)
    assert len(feed_bookings(session, bob, NOW)) == 1
    assert is_host(session, booking, bob)
    if removed:
        remove(session, team, bob, alice)
    else:
        leave(team, bob)
    assert find_membership(session, team.id, bob) is None
    with pytest.raises(NotFound):
        find_booking_of(session, owner, booking.uid)
    assert feed_bookings(session, bob, NOW) == []
    assert not is_host(session, booking, bob)
    assert bob.id not in host_ids_of(session, event_type)


def test_a_leavers_webhooks_hear_no_more_and_their_log_forgets_the_team(
    session: Session, team: Team, event_type: EventType, alice: User, bob: User
) -> None:
    factories.create_webhook(bob)
    factories.create_webhook(team)
    own = factories.create_booking(factories.create_event_type(bob), at(9), host_id=bob.id)
    booking = factories.create_booking(event_type, at(10), host_id=bob.id)
    announce(own)
    announce(booking)
    announce(booking, Trigger.BOOKING_RESCHEDULED)
    assert deliveries_to(session, bob) == 3
    remove(session, team, bob, alice)
    announce(booking, Trigger.BOOKING_CANCELLED)
    kept = session.scalars(select(Delivery).join(Delivery.endpoint).where(Endpoint.owner_id == bob.id)).all()
    assert [each.event.subject for each in kept] == [own.uid]
    assert session.scalars(select(EventHost.user_id).where(EventHost.user_id == bob.id)).all() == []
    # The team's webhook has heard of all three, in order.
    query = select(Delivery.state).join(Delivery.endpoint).where(Endpoint.team_id == team.id).order_by(Delivery.id)
    assert session.scalars(query).all() == [DeliveryState.DUE, DeliveryState.BLOCKED, DeliveryState.BLOCKED]


def test_a_notice_of_deliveries_that_are_gone_goes_with_them(
    session: Session, team: Team, event_type: EventType, alice: User, bob: User
) -> None:
    webhooks = [factories.create_webhook(holder) for holder in (bob, bob, team)]
    announce(factories.create_booking(event_type, at(10), host_id=bob.id))
    for webhook in webhooks:
        mine = factories.create_event(bob) if webhook is webhooks[1] else None
        given_up = {"state": DeliveryState.FAILED, "due_at": None, "finished_at": NOW}
        if mine:
            factories.create_delivery(webhook.endpoint, mine, **given_up)
        with writing() as database:
            database.execute(update(Delivery).where(Delivery.endpoint_id == webhook.endpoint_id).values(given_up))
            database.get_one(Endpoint, webhook.endpoint_id).given_up_at = NOW - timedelta(minutes=1)
    with writing() as database:
        assert tell_given_up(database, NOW) == len(webhooks)
    remove(session, team, bob, alice)
    shown = session.scalars(select(Notice.endpoint_id).where(Notice.seen_at.is_(None)).order_by(Notice.id)).all()
    # Something of Bob's own is left to be sent again.
    assert shown == [webhooks[1].endpoint_id, webhooks[2].endpoint_id]


def test_an_event_type_by_the_hours_of_a_leaver_goes_by_its_hosts_own(
    session: Session, team: Team, event_type: EventType, alice: User, bob: User
) -> None:
    hours = session.scalars(select(Schedule.id).where(Schedule.owner_id == bob.id)).one()
    with writing() as database:
        database.get_one(EventType, event_type.id).schedule_id = hours
    own = factories.create_event_type(bob)
    remove(session, team, bob, alice)
    session.expire_all()
    assert event_type.schedule_id is None
    assert session.get_one(EventType, own.id).schedule_id is not None


def test_future_meetings_of_a_member_are_listed_before_and_after(
    session: Session, team: Team, event_type: EventType, alice: User, bob: User, carol: User
) -> None:
    together = factories.create_team_event_type(
        team, [alice, bob], SchedulingType.COLLECTIVE, slug="together", title="Together"
    )
    accepted = factories.create_booking(event_type, at(10), host_id=bob.id)
    pending = factories.create_booking(event_type, at(9), host_id=bob.id, status=BookingStatus.PENDING)
    running = factories.create_booking(event_type, NOW - timedelta(minutes=10), host_id=bob.id)
    factories.create_booking(event_type, NOW - timedelta(hours=1), host_id=bob.id)
    factories.create_booking(event_type, at(11), host_id=bob.id, status=BookingStatus.CANCELLED)
    factories.create_booking(event_type, at(10), host_id=carol.id)
    factories.create_booking(together, at(15), host_id=bob.id)
    factories.create_booking(factories.create_event_type(bob), at(13), host_id=bob.id)
    expected = [running.start_time, pending.start_time, accepted.start_time, at(15)]
    assert starts(meetings_of_member(session, member(session, team, bob), NOW)) == expected
    assert meetings_left(session, team.id, NOW).count == 0
    assert count_meetings(session, team.id, NOW) == 5
    remove(session, team, bob, alice)
    assert starts(meetings_left(session, team.id, NOW)) == expected


def test_a_meeting_that_a_co_host_has_left_is_listed_too(
    session: Session, team: Team, event_type: EventType, alice: User, bob: User
) -> None:
    booking = factories.create_booking(event_type, at(10), host_id=alice.id, scheduling_type=SchedulingType.COLLECTIVE)
    with writing() as database:
        add_co_hosts(database, database.get_one(Booking, booking.id), [bob])
    leave(team, bob)
    assert starts(meetings_left(session, team.id, NOW)) == [at(10)]


def test_meetings_are_no_longer_listed_once_they_have_a_host_or_are_over(
    session: Session, team: Team, event_type: EventType, alice: User, bob: User, carol: User
) -> None:
    first, second, third = (factories.create_booking(event_type, at(hour), host_id=bob.id) for hour in (9, 10, 11))
    remove(session, team, bob, alice)
    with writing() as database:
        database.get_one(Booking, first.id).host_id = carol.id
        database.get_one(Booking, second.id).status = BookingStatus.CANCELLED
    assert starts(meetings_left(session, team.id, NOW)) == [third.start_time]
    assert meetings_left(session, team.id, third.end_time).count == 0
    factories.create_membership(team, bob)
    assert meetings_left(session, team.id, NOW).count == 0


def test_many_meetings_are_counted_and_the_first_listed(
    session: Session, team: Team, event_type: EventType, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calhooks.scheduling.teams.meetings.MAX_MEETINGS_LISTED", 2)
    for hour in (9, 10, 11):
        factories.create_booking(event_type, at(hour), host_id=bob.id)
    found = meetings_of_member(session, member(session, team, bob), NOW)
    assert (found.count, starts(found)) == (3, [at(9), at(10)])


def test_a_leavers_time_is_taken_until_the_meeting_is_another_hosts(
    session: Session, team: Team, event_type: EventType, alice: User, bob: User
) -> None:
    factories.create_booking(event_type, at(10), host_id=bob.id)
    leave(team, bob)
    with pytest.raises(Exception, match="booking_hosts_overlap"):
        factories.create_booking(factories.create_event_type(bob), at(10), host_id=bob.id)


def test_a_leavers_open_invitations_are_revoked(session: Session, team: Team, alice: User, dave: User) -> None:
    factories.create_membership(team, dave, Role.ADMIN)
    with writing() as database:
        invite_to_team(database, team.id, Role.MEMBER, dave)
        invite_to_team(database, team.id, Role.MEMBER, alice)
    remove(session, team, dave, alice)
    assert [each.invited_by_id for each in open_invitations(session, team.id)] == [alice.id]


@pytest.mark.parametrize(
    ("by", "whom", "permitted"),
    [
        *((Role.OWNER, whom, True) for whom in Role),
        (Role.ADMIN, Role.MEMBER, True),
        (Role.ADMIN, Role.ADMIN, True),
        (Role.ADMIN, Role.OWNER, False),
        *((Role.MEMBER, whom, False) for whom in Role),
    ],
)
def test_who_may_remove_whom(session: Session, team: Team, dave: User, by: Role, whom: Role, permitted: bool) -> None:
    factories.create_membership(team, dave, by)
    eve = factories.create_user("eve")
    factories.create_membership(team, eve, whom)
    if permitted:
        remove(session, team, eve, dave)
    else:
        with pytest.raises(NotPermitted):
            remove(session, team, eve, dave)
    assert (find_membership(session, team.id, eve) is None) is permitted


def test_the_last_owner_cannot_go(session: Session, team: Team, alice: User, bob: User) -> None:
    for go in (lambda: leave(team, alice), lambda: remove(session, team, alice, alice)):
        with pytest.raises(TeamRefused, match="Hand the team over"):
            go()
    with writing() as database:
        database.get_one(Membership, member(session, team, bob).id).role = Role.OWNER
    leave(team, alice)
    with pytest.raises(TeamRefused):
        leave(team, bob)


def test_strangers_and_members_of_other_teams_cannot_be_removed(
    session: Session, team: Team, alice: User, dave: User
) -> None:
    other = factories.create_team(dave, slug="other")
    with pytest.raises(NotThere), writing() as database:
        remove_member(database, team.id, member(session, other, dave).id, alice)
    with pytest.raises(NotThere):
        leave(team, dave)


def test_what_is_booked_while_somebody_leaves_is_theirs_and_listed_or_another_hosts(
    app: Flask, session: Session, team: Team, event_type: EventType, alice: User, bob: User
) -> None:
    numbers, hours = (event_type.id, team.id, bob.id), range(9, 15)
    barrier, failed = threading.Barrier(len(hours) + 1), list[Exception]()

    def book(hour: int) -> None:
        book_at(db.session.get_one(EventType, numbers[0]), at(hour), visitor=str(hour), email=f"ann{hour}@example.com")

    def go(_: int) -> None:
        with writing() as database:
            leave_team(database, numbers[1], database.get_one(User, numbers[2]))

    def at_once(act: Callable[[int], object], hour: int) -> None:
        with app.app_context():
            barrier.wait()
            try:
                act(hour)
            except Exception as error:
                failed.append(error)

    threads = [threading.Thread(target=at_once, args=[book, hour]) for hour in hours]
    threads.append(threading.Thread(target=at_once, args=[go, 0]))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    session.expire_all()
    hosts = session.scalars(select(Booking.host_id)).all()
    assert len(hosts) == len(hours)
    assert meetings_left(session, numbers[1], NOW).count == hosts.count(numbers[2])

"""Tests of deleting a team: what goes, and what stays with whom."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from calhooks.accounts.errors import NotPermitted, TeamRefused
from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner
from calhooks.accounts.teams.invitations import invite_to_team
from calhooks.accounts.teams.memberships import find_membership
from calhooks.accounts.teams.models import Invitation, Membership, Role, Team
from calhooks.db import Base, writing
from calhooks.delivery.models.deliveries import Delivery, DeliveryState, Event
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.status.events import events_of
from calhooks.events import Trigger
from calhooks.scheduling.bookings.events import announce_booking, booking_event
from calhooks.scheduling.bookings.reading.history import story
from calhooks.scheduling.bookings.reading.lists import BookingList, list_bookings
from calhooks.scheduling.bookings.reassign import Reassignment, reassign
from calhooks.scheduling.bookings.rules import is_host
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType, EventTypeHost, SchedulingType
from calhooks.scheduling.teams.deletion import delete_team
from calhooks.scheduling.teams.leaving import leave_team
from calhooks.webhooks.models import Webhook
from tests import factories
from tests.scheduling.helpers import NOW, at, book_at

pytestmark = pytest.mark.usefixtures("watch")


@pytest.fixture
def event_type(session: Session, team: Team, alice: User, bob: User, carol: User) -> EventType:
    """A round robin of all three."""
    return factories.create_team_event_type(team, [alice, bob, carol])


def delete(team: Team, by: User) -> None:
    with writing() as database:
        delete_team(database, team.id, by, NOW)


def announce(booking: Booking) -> None:
    with writing() as database:
        announce_booking(database, database.get_one(Booking, booking.id), Trigger.BOOKING_CREATED, NOW)


def count(session: Session, model: type[Base]) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def seen_by(session: Session, user: User) -> set[str]:
    owner = Owner(user_id=user.id)
    return {booking.uid for view in BookingList for booking in list_bookings(session, owner, view, NOW).bookings}


def test_all_that_is_the_teams_goes(session: Session, team: Team, event_type: EventType, alice: User) -> None:
    factories.create_webhook(team)
    with writing() as database:
        invite_to_team(database, team.id, Role.MEMBER, alice)
    announce(factories.create_booking(event_type, at(10), host_id=alice.id))
    delete(team, alice)
    for model in (Team, Membership, Invitation, EventType, EventTypeHost, Webhook, Endpoint, Delivery):
        assert count(session, model) == 0, model


def test_meetings_and_their_deliveries_stay_with_hosts_who_are_members(
    session: Session, team: Team, event_type: EventType, alice: User, bob: User
) -> None:
    factories.create_webhook(bob)
    factories.create_webhook(team)
    booking = factories.create_booking(event_type, at(10), host_id=bob.id)
    announce(booking)
    delete(team, alice)
    session.expire_all()
    assert seen_by(session, bob) == {booking.uid}
    assert is_host(session, session.get_one(Booking, booking.id), bob)
    delivery = session.scalars(select(Delivery)).one()
    assert (delivery.state, delivery.event.owner_id, delivery.event.team_id) == (DeliveryState.DUE, bob.id, None)
    announce(booking)
    assert [each.state for each in session.scalars(select(Delivery).order_by(Delivery.id))] == [
        *(DeliveryState.DUE, DeliveryState.BLOCKED)
    ]


def test_what_a_co_host_is_owed_stays_in_order_though_the_organizer_of_then_has_left(
    session: Session, team: Team, alice: User, bob: User, carol: User
) -> None:
    factories.create_webhook(carol)
    event_type = factories.create_team_event_type(team, [bob, carol], SchedulingType.COLLECTIVE)
    booking = book_at(event_type, at(10))
    with writing() as database:
        leave_team(database, team.id, bob)
    with writing() as database:
        # Bob, who has left, is the one who is replaced.
        member_id = database.scalars(select(Membership.id).filter_by(team_id=team.id, user_id=alice.id)).one()
        reassign(database, booking.uid, Reassignment(member_id=member_id), alice)
    delete(team, alice)
    kept = session.scalars(select(Delivery).order_by(Delivery.id)).all()
    told = [(each.event.trigger, each.state) for each in kept]
    assert told == [("BOOKING_CREATED", DeliveryState.DUE), ("BOOKING_RESCHEDULED", DeliveryState.BLOCKED)]
    events = session.scalars(select(Event).order_by(Event.id)).all()
    assert [(event.owner_id, event.team_id) for event in events] == [(carol.id, None), (alice.id, None)]
    assert session.scalars(select(Event).where(events_of(Owner(user_id=bob.id)))).all() == []


def test_who_has_left_sees_nothing_of_it_after_the_team_is_gone(
    session: Session, team: Team, event_type: EventType, alice: User, bob: User
) -> None:
    past = factories.create_booking(event_type, NOW - timedelta(days=7), host_id=bob.id)
    announce(past)
    with writing() as database:
        leave_team(database, team.id, bob)
    delete(team, alice)
    assert seen_by(session, bob) == set()
    assert count(session, Event) == 0


def test_a_meeting_whose_host_has_left_keeps_the_team(
    session: Session, team: Team, event_type: EventType, alice: User, bob: User
) -> None:
    factories.create_booking(event_type, at(10), host_id=bob.id)
    with writing() as database:
        leave_team(database, team.id, bob)
    with pytest.raises(TeamRefused, match="Reassign or cancel"):
        delete(team, alice)
    assert count(session, Team) == 1


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MEMBER])
def test_only_owners_delete_a_team(session: Session, team: Team, dave: User, role: Role) -> None:
    factories.create_membership(team, dave, role)
    with pytest.raises(NotPermitted):
        delete(team, dave)
    assert find_membership(session, team.id, dave) is not None


def test_other_teams_and_a_persons_own_things_stay(
    session: Session, team: Team, event_type: EventType, alice: User, bob: User
) -> None:
    other = factories.create_team(alice, slug="other")
    elsewhere = factories.create_team_event_type(other, [alice])
    own = factories.create_booking(factories.create_event_type(bob), at(9), host_id=bob.id)
    theirs = factories.create_booking(elsewhere, at(9), host_id=alice.id)
    delete(team, alice)
    assert count(session, Team) == 1
    assert seen_by(session, bob) == {own.uid}
    assert seen_by(session, alice) == {theirs.uid}
    assert session.get_one(Booking, theirs.id).team_id == other.id


def test_a_host_of_a_former_team_reads_of_their_own_part_alone(
    session: Session, team: Team, event_type: EventType, alice: User, bob: User, carol: User
) -> None:
    bobs = factories.create_booking(event_type, at(10), host_id=bob.id, status=BookingStatus.CANCELLED)
    carols = factories.create_booking(event_type, at(11), host_id=carol.id, root_uid=bobs.root_uid)
    delete(team, alice)
    for host, own in ((bob, bobs), (carol, carols)):
        session.expire_all()
        assert [each.uid for each in story(session, Owner(user_id=host.id), own.uid).chain] == [own.uid]


def test_a_booking_that_was_reassigned_keeps_its_number_in_calendars(
    session: Session, team: Team, event_type: EventType, alice: User, bob: User
) -> None:
    booking = book_at(event_type, at(10))
    replaced = booking.host
    other = bob if replaced.id == alice.id else alice
    with writing() as database:
        number = database.scalars(select(Membership.id).filter_by(team_id=team.id, user_id=other.id)).one()
        reassign(database, booking.uid, Reassignment(member_id=number), replaced)
    told = booking_event(session.get_one(Booking, booking.id), Trigger.BOOKING_RESCHEDULED, NOW)
    assert (told.ical_sequence, told.scheduling_type) == (2, "ROUND_ROBIN")
    delete(team, alice)
    session.expire_all()
    told = booking_event(session.get_one(Booking, booking.id), Trigger.MEETING_STARTED, NOW)
    assert (told.ical_sequence, told.team, told.scheduling_type) == (2, None, "")

"""A team's event types: who hosts them, under which rules, and who may be chosen."""

from typing import Any

import pytest

from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.accounts.teams.memberships import find_membership
from calhooks.accounts.teams.models import Team
from calhooks.db import db, writing
from calhooks.scheduling.availability.schedules import delete_schedule
from calhooks.scheduling.errors import InvalidInput, NotFound
from calhooks.scheduling.event_types import editing
from calhooks.scheduling.event_types.form import TypedEventType, check_event_type
from calhooks.scheduling.event_types.host_form import MAX_HOSTS, TypedHost, TypedTeamPart
from calhooks.scheduling.event_types.lookups import list_event_types
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventType, Priority, SchedulingType
from tests import factories
from tests.scheduling.helpers import at

pytestmark = pytest.mark.usefixtures("session")


def member(team: Team, user: User) -> str:
    """Return the id by which forms name a member."""
    found = find_membership(db.session(), team.id, user)
    assert found
    return str(found.id)


def checked(editor: User, hosts: list[TypedHost] | None, schedule_id: int | None = None, **part: Any) -> Any:
    team = TypedTeamPart(schedules_of=editor.id, hosts=None if hosts is None else tuple(hosts), **part)
    return check_event_type(TypedEventType(title="Talk", length=30, schedule_id=schedule_id, team=team))


def create(team: Team, editor: User, hosts: list[TypedHost] | None, **values: Any) -> EventType:
    with writing() as session:
        return editing.create_event_type(session, owner_of(team), checked(editor, hosts, **values))


def update(event_type: EventType, editor: User, hosts: list[TypedHost] | None, **values: Any) -> EventType:
    form = checked(editor, hosts, **values)
    with writing() as session:
        return editing.update_event_type(session, event_type.belongs_to, event_type.id, form)


def names(event_type: EventType) -> list[str]:
    return [place.membership.user.username for place in event_type.hosts]


def test_hosts_are_kept_in_the_order_in_which_they_were_sent(team: Team, alice: User, bob: User, carol: User) -> None:
    hosts = [TypedHost(member(team, user)) for user in (carol, alice, carol, bob)]
    event_type = create(team, alice, hosts)
    assert names(event_type) == ["carol", "alice", "bob"]
    assert (event_type.scheduling_type, event_type.keeps_host) == (SchedulingType.ROUND_ROBIN, True)
    assert event_type.schedule is None
    assert [(each.priority, each.weight, each.is_fixed) for each in event_type.hosts] == [
        (Priority.MEDIUM, 100, False)
    ] * 3


def test_a_host_has_a_priority_and_a_weight(team: Team, alice: User, bob: User) -> None:
    hosts = [TypedHost(member(team, alice), is_fixed=True), TypedHost(member(team, bob), False, "highest", " 250 % ")]
    event_type = create(team, alice, hosts, scheduling_type="COLLECTIVE", keeps_host=False)
    assert (event_type.scheduling_type, event_type.keeps_host) == (SchedulingType.COLLECTIVE, False)
    places = event_type.hosts
    assert [(each.is_fixed, each.priority, each.weight) for each in places] == [
        (True, Priority.MEDIUM, 100),
        (False, Priority.HIGHEST, 250),
    ]


def test_a_change_keeps_what_it_does_not_name_and_what_turns_have_come_to(
    team: Team, alice: User, bob: User, carol: User
) -> None:
    ids = [member(team, user) for user in (alice, bob, carol)]
    event_type = create(team, alice, [TypedHost(number, False, "high", "50") for number in ids], keeps_host=False)
    with writing():
        event_type.hosts[1].credit, event_type.hosts[1].credit_month = 0.5, "2026-03"
    update(event_type, alice, None)
    assert names(event_type) == ["alice", "bob", "carol"]
    update(event_type, alice, [TypedHost(ids[1]), TypedHost(ids[0])])
    assert names(event_type) == ["bob", "alice"]
    assert [(each.priority, each.weight, each.credit) for each in event_type.hosts] == [
        (Priority.HIGH, 50, 0.5),
        (Priority.HIGH, 50, 0.0),
    ]
    assert (event_type.scheduling_type, event_type.keeps_host) == (SchedulingType.ROUND_ROBIN, False)
    update(event_type, alice, [TypedHost(ids[2])])
    assert [(each.priority, each.weight, each.credit) for each in event_type.hosts] == [(Priority.MEDIUM, 100, 0.0)]


@pytest.mark.parametrize("number", ["0", "999999", "9" * 30, "-1", "x", "", "²", "1.0"])
def test_only_members_can_be_hosts(team: Team, alice: User, number: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        create(team, alice, [TypedHost(member(team, alice)), TypedHost(number)])
    assert refused.value.errors == {"hosts": "Choose members of this team only."}


def test_a_member_of_another_team_is_no_member(team: Team, alice: User, dave: User) -> None:
    other = factories.create_team(dave, slug="other")
    stranger = [TypedHost(member(other, dave))]
    with pytest.raises(InvalidInput) as refused:
        create(team, alice, stranger)
    assert list(refused.value.errors) == ["hosts"]
    event_type = create(team, alice, [TypedHost(member(team, alice))])
    with pytest.raises(InvalidInput) as refused:
        update(event_type, alice, stranger)
    assert list(refused.value.errors) == ["hosts"]
    db.session.expire_all()
    assert names(event_type) == ["alice"]


@pytest.mark.parametrize(
    ("hosts", "sentence"),
    [
        (None, "Choose at least one host."),
        ([], "Choose at least one host."),
        ([TypedHost("1")] * (MAX_HOSTS + 1), "Choose at most 50 hosts."),
    ],
)
def test_there_are_hosts_and_not_too_many(
    team: Team, alice: User, hosts: list[TypedHost] | None, sentence: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        create(team, alice, hosts)
    assert refused.value.errors == {"hosts": sentence}


@pytest.mark.parametrize("weight", ["0", "1001", "", "-5", "1.5", "1e2", "٣", "9" * 5000, "many"])
def test_a_weight_is_a_percentage(team: Team, alice: User, weight: str) -> None:
    number = member(team, alice)
    with pytest.raises(InvalidInput) as refused:
        create(team, alice, [TypedHost(number, False, "urgent", weight)], scheduling_type="MANAGED")
    assert refused.value.errors == {
        "schedulingType": "Choose Round robin or Collective.",
        f"hostPriority-{number}": "Choose a priority.",
        f"hostWeight-{number}": "Enter a percentage from 1 to 1,000.",
    }


def test_the_address_is_the_teams_once(team: Team, alice: User, bob: User) -> None:
    factories.create_event_type(alice, slug="talk")
    hosts = [TypedHost(member(team, bob))]
    create(team, alice, hosts)
    with pytest.raises(InvalidInput) as refused:
        create(team, alice, hosts)
    assert refused.value.errors == {"slug": "The team already has an event type with this address."}


def test_a_schedule_for_all_is_the_editors_own(team: Team, alice: User, bob: User) -> None:
    mine, theirs = factories.create_schedule(alice), factories.create_schedule(bob)
    hosts = [TypedHost(member(team, bob))]
    with pytest.raises(InvalidInput) as refused:
        create(team, alice, hosts, schedule_id=theirs.id)
    assert refused.value.errors == {"schedule": "Choose one of your schedules."}
    event_type = create(team, alice, hosts, schedule_id=mine.id)
    # Another admin leaves it as it is, or sets their own.
    for typed, kept in ((None, mine.id), (mine.id, mine.id), (theirs.id, theirs.id)):
        update(event_type, bob, None, schedule_id=typed)
        assert event_type.schedule_id == kept
    update(event_type, bob, None, own_hours=True)
    assert event_type.schedule_id is None


def test_a_deleted_schedule_is_replaced_by_its_owners_other_one(team: Team, alice: User, bob: User) -> None:
    first, second = factories.create_schedule(alice), factories.create_schedule(alice)
    event_type = create(team, alice, [TypedHost(member(team, bob))], schedule_id=second.id)
    with writing() as session:
        delete_schedule(session, alice, second.id)
    db.session.expire_all()
    assert event_type.schedule_id == first.id


def test_a_copy_has_the_hosts_without_their_turns(team: Team, alice: User, bob: User) -> None:
    hosts = [TypedHost(member(team, alice), True), TypedHost(member(team, bob), False, "low", "30")]
    event_type = create(team, alice, hosts, scheduling_type="ROUND_ROBIN", keeps_host=False)
    with writing():
        event_type.hosts[1].credit, event_type.hosts[1].last_booked_at = 0.5, at(9)
    with writing() as session:
        copy = editing.duplicate_event_type(session, owner_of(team), event_type.id)
    assert (copy.slug, copy.hidden, copy.keeps_host) == ("talk-copy", True, False)
    assert names(copy) == names(event_type) == ["alice", "bob"]
    assert [(each.is_fixed, each.priority, each.weight, each.credit, each.last_booked_at) for each in copy.hosts] == [
        (True, Priority.MEDIUM, 100, 0.0, None),
        (False, Priority.LOW, 30, 0.0, None),
    ]
    assert [each.slug for each in list_event_types(db.session(), owner_of(team))] == ["talk", "talk-copy"]
    assert list_event_types(db.session(), owner_of(alice)) == []


def test_a_persons_and_another_teams_event_types_do_not_exist(team: Team, alice: User) -> None:
    other = factories.create_team(alice, slug="other")
    event_type = create(team, alice, [TypedHost(member(team, alice))])
    for owner in (owner_of(alice), owner_of(other)):
        with pytest.raises(NotFound), writing() as session:
            editing.delete_event_type(session, owner, event_type.id)


def test_a_host_who_is_dropped_keeps_their_bookings_and_their_calendar_notices(
    team: Team, alice: User, bob: User
) -> None:
    event_type = create(team, alice, [TypedHost(member(team, user)) for user in (alice, bob)])
    booking = factories.create_booking(event_type, at(10), host_id=bob.id)
    update(event_type, alice, [TypedHost(member(team, alice))])
    kept = db.session.get_one(Booking, booking.id)
    assert (kept.host_id, kept.status) == (bob.id, "ACCEPTED")
    version = db.session.get_one(User, bob.id).calendar_version
    update(event_type, alice, None)
    db.session.expire_all()
    assert db.session.get_one(User, bob.id).calendar_version > version


def test_deleting_keeps_the_bookings(team: Team, alice: User, bob: User) -> None:
    event_type = create(team, alice, [TypedHost(member(team, bob))])
    booking = factories.create_booking(event_type, at(10), host_id=bob.id)
    with writing() as session:
        editing.delete_event_type(session, owner_of(team), event_type.id)
    db.session.expire_all()
    kept = db.session.get_one(Booking, booking.id)
    assert (kept.event_type_id, kept.team_id, kept.status) == (None, team.id, "ACCEPTED")

"""Giving a team's booking to another host: who may, who can take over, and what follows."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Membership, Team
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Delivery, Event
from calhooks.events import TRIGGERS
from calhooks.scheduling.assignment.attendance import choices_of
from calhooks.scheduling.assignment.candidates import HostObstacle, find_candidates
from calhooks.scheduling.bookings.cancel import cancel
from calhooks.scheduling.bookings.confirm import confirm
from calhooks.scheduling.bookings.lookups import find_booking
from calhooks.scheduling.bookings.reassign import Reassignment, next_candidate, offered, reassign
from calhooks.scheduling.calendars.ics import Method, sequence_number
from calhooks.scheduling.errors import HostedByOthers, InvalidInput, NotAllowed, NotFound, SlotTaken
from calhooks.scheduling.models.bookings import Booking, BookingHost, BookingStatus, ChangeAction
from calhooks.scheduling.models.event_types import EventType, EventTypeHost, SchedulingType
from calhooks.scheduling.models.schedules import Absence
from tests import factories
from tests.scheduling.conftest import Watch
from tests.scheduling.helpers import NOW, at, book_at, last_payload, move, told

pytestmark = pytest.mark.usefixtures("session", "watch")


def member_id(team: Team, user: User) -> int:
    return db.session.scalars(select(Membership.id).filter_by(team_id=team.id, user_id=user.id)).one()


def leave(team: Team, user: User) -> None:
    with writing() as session:
        session.delete(session.get_one(Membership, member_id(team, user)))


def give(booking: Booking, by: User, to: User | None = None, *, reason: str = "", replaced: str = "") -> Booking:
    """Reassign as a view does."""
    team = booking.team
    assert team
    wanted = Reassignment(member_id=member_id(team, to) if to else None, replaced=replaced, reason=reason)
    with writing() as session:
        reassign(session, booking.uid, wanted, by)
    return find_booking(db.session(), booking.uid)


def in_turns(team: Team, hosts: list[User], **values: Any) -> EventType:
    return factories.create_team_event_type(team, hosts, **values)


def together(team: Team, hosts: list[User], **values: Any) -> EventType:
    return factories.create_team_event_type(team, hosts, SchedulingType.COLLECTIVE, **values)


def rows(booking: Booking) -> list[tuple[int, int]]:
    """Who is busy with a booking, by the database's own word."""
    query = select(BookingHost.position, BookingHost.host_id).filter_by(booking_id=booking.id)
    return [(position, host) for position, host in db.session.execute(query.order_by(BookingHost.position))]


def credits(event_type: EventType) -> dict[str, float]:
    places = db.session.scalars(select(EventTypeHost).filter_by(event_type_id=event_type.id)).all()
    return {place.membership.user.username: round(place.credit, 6) for place in places}


def test_a_booking_goes_to_a_named_host_with_its_uid(team: Team, alice: User, bob: User, carol: User) -> None:
    event_type = in_turns(team, [bob, carol], booking_name="{Organiser} and {Scheduler}")
    booking = book_at(event_type, at(9))
    assert (booking.host, booking.title) == (bob, "Bob and Ann Lee")
    given = give(booking, alice, carol, reason="Bob is ill")
    assert (given.uid, given.host, given.title) == (booking.uid, carol, "Carol and Ann Lee")
    assert rows(given) == [(0, carol.id)]
    change = given.changes[-1]
    assert (change.action, change.by_email) == (ChangeAction.REASSIGNED, alice.email)
    assert change.detail == "Carol replaces Bob. Bob is ill"
    # Bob can be booked at this time again, Carol cannot.
    assert book_at(event_type, at(9), email="eve@example.com").host == bob
    with pytest.raises(SlotTaken):
        book_at(event_type, at(9), email="fay@example.com")


def test_webhooks_hear_of_a_reschedule_by_itself(team: Team, alice: User, bob: User, carol: User) -> None:
    everything = [str(trigger) for trigger in TRIGGERS]
    told_of = {who: factories.create_webhook(who, triggers=everything).endpoint_id for who in (team, bob, carol)}
    stranger = factories.create_webhook(alice, triggers=everything)
    booking = book_at(in_turns(team, [bob, carol]), at(9), metadata={"user_id": "123"})
    give(booking, alice, carol, reason="Ill")
    session = db.session()
    assert told(session) == [("BOOKING_CREATED", booking.uid), ("BOOKING_RESCHEDULED", booking.uid)]
    payload = last_payload(session)
    assert payload["uid"] == payload["rescheduleUid"] == booking.uid
    assert payload["rescheduleId"] == payload["bookingId"] == booking.id
    assert payload["rescheduleStartTime"] == payload["startTime"] == "2026-03-03T09:00:00Z"
    assert payload["rescheduleEndTime"] == payload["endTime"] == "2026-03-03T09:30:00Z"
    assert payload["rescheduleReason"] == payload["reassignReason"] == "Ill"
    assert payload["rescheduledBy"] == payload["reassignedBy"] == alice.email
    assert payload["reassignedFrom"]["email"] == bob.email
    assert (payload["organizer"]["email"], payload["team"]["members"]) == (carol.email, ["Carol"])
    assert payload["metadata"] == {"user_id": "123"}
    # Whoever hosted it hears of this one event, and of nothing that follows.
    latest = session.scalars(select(Event.id).order_by(Event.id.desc())).first()
    told_last = session.scalars(select(Delivery.endpoint_id).filter_by(event_id=latest)).all()
    assert sorted(told_last) == sorted(told_of.values())
    assert stranger.endpoint_id not in told_last
    with writing() as inner:
        cancel(inner, booking.uid, reason="", by=None)
    latest = session.scalars(select(Event.id).order_by(Event.id.desc())).first()
    told_last = session.scalars(select(Delivery.endpoint_id).filter_by(event_id=latest)).all()
    assert sorted(told_last) == sorted([told_of[team], told_of[carol]])
    assert "reassignedFrom" not in last_payload(session)


def test_a_turn_is_given_back_and_counted_for_who_takes_over(team: Team, alice: User, bob: User, carol: User) -> None:
    event_type = in_turns(team, [alice, bob, carol])
    third = 1 / 3
    booking = book_at(event_type, at(9))
    assert booking.host == alice
    assert credits(event_type) == pytest.approx({"alice": third - 1, "bob": third, "carol": third}, abs=1e-5)
    given = give(booking, alice)
    # Alice, who is not free for it any more, neither owes it nor is owed a part of it.
    assert given.host == bob
    assert credits(event_type) == pytest.approx({"alice": 0, "bob": -0.5, "carol": 0.5}, abs=1e-5)
    assert given.assignment
    assert (given.assignment["host"], given.assignment["reason"]) == (bob.id, "least_recently")
    given = give(given, bob, carol)
    assert given.assignment
    assert (given.assignment["host"], given.assignment["reason"]) == (carol.id, "by_hand")
    assert credits(event_type) == pytest.approx({"alice": 0.5, "bob": 0, "carol": -0.5}, abs=1e-5)
    with writing() as session:
        cancel(session, booking.uid, reason="", by=None)
    assert credits(event_type) == pytest.approx({"alice": 0, "bob": 0, "carol": 0}, abs=1e-5)


def test_the_next_that_the_page_names_is_the_one_who_takes_over(
    team: Team, alice: User, bob: User, carol: User, session: Session
) -> None:
    event_type = in_turns(team, [alice, bob, carol])
    for number in range(12):
        booking = book_at(event_type, at(9 + number % 6, day=3 + number // 6), email=f"p{number}@example.com")
        found = offered(session, booking, alice, NOW)
        following = next_candidate(booking, booking.host, found, NOW)
        assert following
        assert give(booking, alice).host == following.user


def test_whoever_is_busy_is_never_booked_over(
    team: Team, alice: User, bob: User, carol: User, session: Session
) -> None:
    event_type = in_turns(team, [bob, carol])
    booking = book_at(event_type, at(9))
    own = factories.create_event_type(carol)
    factories.create_booking(own, at(9, 15))
    with pytest.raises(SlotTaken) as refused:
        give(booking, alice, carol)
    assert refused.value.sentence == "Carol has another meeting at this time. Choose someone else."
    with pytest.raises(NotAllowed, match="No other host of this event type is free"):
        give(booking, alice)
    assert find_booking(session, booking.uid).host == bob


def test_the_database_has_the_last_word(
    team: Team, alice: User, bob: User, carol: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for event_type in (in_turns(team, [bob, carol]), together(team, [alice, bob], slug="all")):
        booking = book_at(event_type, at(9 if event_type.slug == "talk" else 12))
        factories.create_booking(factories.create_event_type(carol, slug=event_type.slug), booking.start_time)
        before = rows(booking)
        with monkeypatch.context() as later:
            # As if the other meeting had come after everything was looked at.
            later.setattr("calhooks.scheduling.assignment.candidates.hindrances", lambda *_: iter(()))
            with pytest.raises(SlotTaken, match="Carol has another meeting"):
                give(booking, alice, carol, replaced=booking.hosts[-1].username)
        session.rollback()
        assert rows(booking) == before


def test_a_named_host_may_be_outside_their_hours_or_away(team: Team, alice: User, bob: User, carol: User) -> None:
    factories.create_schedule(carol, hours=(13, 17))
    event_type = in_turns(team, [bob, carol])
    booking = book_at(event_type, at(9))
    found = find_candidates(db.session(), booking, NOW)
    assert [(each.user, each.obstacle) for each in found] == [
        (carol, HostObstacle.OUTSIDE_HOURS),
        (alice, HostObstacle.OUTSIDE_HOURS),
    ]
    with pytest.raises(NotAllowed, match="No other host"):
        give(booking, alice)
    with writing() as session:
        session.add(Absence(owner_id=carol.id, first_day=at(9).date(), last_day=at(9).date()))
    found = find_candidates(db.session(), booking, NOW)
    assert found[0].obstacle is HostObstacle.TIME_OFF
    assert give(booking, alice, carol).host == carol


def test_a_changed_grid_is_in_nobody_s_way(team: Team, alice: User, bob: User, carol: User) -> None:
    event_type = in_turns(team, [bob, carol])
    booking = book_at(event_type, at(9, 30))
    with writing():
        event_type.slot_interval, event_type.minimum_notice, event_type.limit_day = 60, 10_000, 1
    assert give(booking, alice).host == carol


def test_members_who_are_no_hosts_are_for_owners_and_admins_to_choose(
    team: Team, alice: User, bob: User, carol: User
) -> None:
    booking = book_at(in_turns(team, [bob]), at(9))
    with pytest.raises(InvalidInput) as refused:
        give(booking, bob, carol)
    assert refused.value.errors == {"host": "Choose someone from the list."}
    given = give(booking, alice, carol)
    assert given.host == carol
    assert given.assignment
    # No turn of hers is counted: she has none.
    assert (given.assignment["reason"], given.assignment["shares"]) == ("by_hand", {})


@pytest.mark.parametrize("which", ["host", "stranger", "another team's", "left"])
def test_only_members_take_over(which: str, team: Team, alice: User, bob: User, dave: User) -> None:
    booking = book_at(in_turns(team, [bob]), at(9))
    other = factories.create_team(dave, slug="other")
    numbers = {"host": member_id(team, bob), "stranger": 0, "another team's": member_id(other, dave), "left": 10**6}
    with writing() as session, pytest.raises(InvalidInput):
        reassign(session, booking.uid, Reassignment(member_id=numbers[which]), alice)


def test_only_hosts_and_admins_may(team: Team, alice: User, bob: User, carol: User, dave: User) -> None:
    booking = book_at(in_turns(team, [bob, carol]), at(9))
    # Members see it and are told who may; to strangers it does not exist.
    for person, refusal in ((carol, HostedByOthers), (dave, NotFound)):
        with pytest.raises(refusal):
            give(booking, person, carol)
    given = give(booking, bob, carol)
    # It is no longer Bob's to give.
    with pytest.raises(HostedByOthers):
        give(given, bob, bob)
    leave(team, carol)
    with pytest.raises(NotFound):
        give(given, carol, bob)


def test_the_history_still_says_why_former_hosts_were_chosen(team: Team, alice: User, bob: User, carol: User) -> None:
    booking = book_at(in_turns(team, [bob, carol]), at(9))
    first = booking.host_id
    for person in (alice, bob if first == carol.id else carol):
        booking = give(booking, alice, person)
    assert booking.assignment
    chosen = [record["host"] for record in choices_of(booking.assignment)]
    assert chosen == [first, alice.id, booking.host_id]


def test_a_personal_booking_stays(rick: User) -> None:
    booking = book_at(factories.create_event_type(rick), at(9))
    with writing() as session, pytest.raises(NotFound):
        reassign(session, booking.uid, Reassignment(), rick)


def test_who_has_left_is_replaced_first(team: Team, alice: User, bob: User, carol: User) -> None:
    dan = factories.create_user("dan")
    factories.create_membership(team, dan)
    event_type = together(team, [alice, bob, carol])
    booking = book_at(event_type, at(9))
    leave(team, carol)
    given = give(booking, alice, dan)
    assert [host.username for host in given.hosts] == ["alice", "bob", "dan"]
    assert rows(given) == [(0, alice.id), (1, bob.id), (2, dan.id)]
    assert last_payload(db.session())["team"]["members"] == ["Alice", "Bob", "Dan"]
    # Carol's time is her own again.
    assert book_at(factories.create_event_type(carol), at(9))


def test_any_host_can_be_the_one_who_is_replaced(team: Team, alice: User, bob: User, carol: User) -> None:
    booking = book_at(together(team, [alice, bob]), at(9))
    given = give(booking, alice, carol, replaced="bob")
    assert [host.username for host in given.hosts] == ["alice", "carol"]
    given = give(given, alice, bob, replaced="alice")
    assert [host.username for host in given.hosts] == ["bob", "carol"]
    with pytest.raises(NotAllowed, match="hosts have changed"):
        give(given, bob, alice, replaced="alice")


def test_a_fixed_host_is_replaced_without_a_turn(team: Team, alice: User, bob: User, carol: User) -> None:
    dan = factories.create_user("dan")
    factories.create_membership(team, dan)
    event_type = in_turns(team, [alice, bob, carol, dan], fixed=[alice])
    booking = book_at(event_type, at(9))
    before, record = credits(event_type), booking.assignment
    given = give(booking, alice, replaced="alice")
    assert given.hosts[0] == booking.host
    assert alice not in given.hosts
    assert (credits(event_type), given.assignment) == (before, record)


def test_a_request_goes_to_another_host_and_is_still_one(team: Team, alice: User, bob: User, carol: User) -> None:
    booking = book_at(in_turns(team, [bob, carol], requires_confirmation=True), at(9))
    given = give(booking, bob, carol, reason="Ill")
    assert given.status == BookingStatus.PENDING
    session = db.session()
    assert told(session)[-1] == ("BOOKING_REQUESTED", booking.uid)
    payload = last_payload(session)
    assert (payload["reassignedFrom"]["username"], payload["organizer"]["username"]) == ("bob", "carol")
    assert "rescheduleUid" not in payload
    with writing() as inner:
        confirm(inner, booking.uid, carol)
    assert rows(given) == [(0, carol.id)]


def test_a_request_to_move_is_answered_first(team: Team, alice: User, bob: User, carol: User) -> None:
    event_type = in_turns(team, [bob, carol], requires_confirmation=True)
    booking = book_at(event_type, at(9))
    with writing() as inner:
        confirm(inner, booking.uid, alice)
    asked = move(booking, at(11))
    with pytest.raises(NotAllowed, match="Confirm or reject that request first"):
        give(booking, alice, carol)
    # The request itself can go to somebody else, who has the meeting when it is confirmed.
    given = give(asked, alice, carol)
    with writing() as inner:
        confirm(inner, asked.uid, carol)
    assert rows(given) == [(0, carol.id)]
    assert credits(event_type) == pytest.approx({"bob": 0.0, "carol": 0.0}, abs=1e-5)


@pytest.mark.parametrize("state", ["cancelled", "moved", "begun", "rejected"])
def test_only_what_is_to_come_and_open_is_reassigned(
    state: str, team: Team, alice: User, bob: User, carol: User, watch: Watch
) -> None:
    booking = book_at(in_turns(team, [bob, carol]), at(9))
    if state == "cancelled":
        with writing() as session:
            cancel(session, booking.uid, reason="", by=None)
    elif state == "moved":
        move(booking, at(10))
    elif state == "begun":
        watch.set(at(9) + timedelta(minutes=1))
    else:
        with writing():
            booking.status = BookingStatus.REJECTED
    with pytest.raises(NotAllowed):
        give(booking, alice, carol)


def test_every_change_of_hosts_raises_the_sequence(team: Team, alice: User, bob: User, carol: User) -> None:
    booking = book_at(in_turns(team, [bob, carol]), at(9))
    session = db.session()
    numbers = [sequence_number(session, booking)]
    for host in (carol, bob, carol):
        give(booking, alice, host)
        numbers += [sequence_number(session, booking), sequence_number(session, booking, Method.CANCEL)]
    numbers.append(sequence_number(session, move(booking, at(10))))
    assert numbers == sorted(set(numbers))


def test_without_its_event_type_a_person_chooses(team: Team, alice: User, bob: User, carol: User) -> None:
    event_type = in_turns(team, [bob, carol])
    booking = book_at(event_type, at(9))
    with writing() as session:
        session.delete(session.get_one(EventType, event_type.id))
    with pytest.raises(NotAllowed, match="No other host"):
        give(booking, alice)
    assert give(booking, bob, carol).host == carol


def test_a_reason_is_no_longer_than_others(team: Team, alice: User, bob: User, carol: User) -> None:
    booking = book_at(in_turns(team, [bob, carol]), at(9))
    with pytest.raises(InvalidInput) as refused:
        give(booking, alice, carol, reason="x" * 2001)
    assert list(refused.value.errors) == ["reassignReason"]

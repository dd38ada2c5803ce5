"""Which webhooks a team's booking tells, seen by real receivers: the team's and those of the hosts who attend."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner, owner_of
from calhooks.accounts.teams.models import Membership, Team
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Delivery, Event, EventHost
from calhooks.delivery.status.events import events_of
from calhooks.events import TRIGGERS
from calhooks.scheduling.bookings.cancel import cancel
from calhooks.scheduling.bookings.confirm import confirm, reject
from calhooks.scheduling.bookings.events import told_owners
from calhooks.scheduling.bookings.reassign import Reassignment, reassign
from calhooks.scheduling.event_types.editing import delete_event_type
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventType, SchedulingType
from calhooks.scheduling.teams.leaving import leave_team
from calhooks.webhooks import runs
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.runs import CannotRun
from tests import factories
from tests.delivery.helpers import deliver
from tests.delivery.receivers import Receiver, receiving
from tests.scheduling.conftest import Watch
from tests.scheduling.helpers import at, book_at, move

CREATED, MOVED, CANCELLED = "BOOKING_CREATED", "BOOKING_RESCHEDULED", "BOOKING_CANCELLED"
REQUESTED, REJECTED = "BOOKING_REQUESTED", "BOOKING_REJECTED"
Listen = Callable[..., Receiver]

pytestmark = pytest.mark.usefixtures("watch")


@pytest.fixture
def listen(session: Session) -> Iterator[Listen]:
    """Give an account or a team a webhook for everything, and return its receiver."""
    with ExitStack() as stack:

        def make(holder: User | Team, **values: Any) -> Receiver:
            receiver = stack.enter_context(receiving())
            factories.create_webhook(holder, receiver.url, triggers=[str(each) for each in TRIGGERS], **values)
            return receiver

        yield make


def collective(team: Team, *hosts: User, **values: Any) -> EventType:
    return factories.create_team_event_type(team, hosts, SchedulingType.COLLECTIVE, **values)


def heard(receiver: Receiver) -> list[str]:
    """Send all that is due, and return the triggers that a receiver has got."""
    deliver()
    return [request.json["triggerEvent"] for request in receiver.received]


def other_of(booking: Booking, first: User, second: User) -> tuple[User, User]:
    """Return who of two hosts has a booking, and who has not."""
    return (first, second) if booking.host_id == first.id else (second, first)


def busy(host: User, hour: int) -> None:
    """Take an hour of a host's Tuesday with a meeting of another kind."""
    own = factories.create_event_type(host, slug=f"own-{hour}")
    factories.create_booking(own, at(hour))


def test_the_team_and_the_hosts_who_attend_are_told_once_with_one_webhook_id(
    team: Team, alice: User, bob: User, carol: User, listen: Listen, session: Session
) -> None:
    receivers = [listen(holder) for holder in (team, bob, alice)]
    not_there = listen(carol)
    book_at(collective(team, bob, alice), at(10))
    assert [heard(receiver) for receiver in receivers] == [[CREATED]] * 3
    assert heard(not_there) == []
    requests = [receiver.received[0] for receiver in receivers]
    assert len({request.headers["webhook-id"] for request in requests}) == 1
    assert len({request.body for request in requests}) == 1
    payload = requests[0].json["payload"]
    assert payload["schedulingType"] == "COLLECTIVE"
    assert payload["organizer"] == payload["team"]["hosts"][0]
    assert payload["team"] == {
        "id": team.id,
        "name": "Sales",
        "slug": "sales",
        "members": ["Bob", "Alice"],
        "hosts": [
            {
                "id": host.id,
                "name": host.name,
                "email": f"{host.name.lower()}@example.com",
                "username": host.name.lower(),
                "timeZone": "Europe/London",
                "utcOffset": 0,
                "language": {"locale": "en"},
            }
            for host in (bob, alice)
        ],
    }
    assert len(session.scalars(select(Event)).all()) == 1


def test_a_server_that_is_a_host_s_and_the_team_s_gets_one_delivery_for_each_webhook(
    team: Team, bob: User, session: Session
) -> None:
    with receiving() as receiver:
        for holder in (team, bob):
            factories.create_webhook(holder, receiver.url)
        book_at(collective(team, bob), at(10))
        assert heard(receiver) == [CREATED, CREATED]
        assert len({request.headers["webhook-id"] for request in receiver.received}) == 1


def test_a_personal_booking_has_no_team_and_tells_none(team: Team, bob: User, listen: Listen) -> None:
    of_team, own = listen(team), listen(bob)
    book_at(factories.create_event_type(bob), at(10))
    assert (heard(of_team), heard(own)) == ([], [CREATED])
    assert not {"team", "schedulingType"} & own.received[0].json["payload"].keys()


def test_a_scope_says_which_bookings_a_host_s_webhook_hears(team: Team, bob: User, listen: Listen) -> None:
    of_team, own = collective(team, bob), factories.create_event_type(bob)
    everything, mine = listen(bob), listen(bob, scope="own")
    chosen = listen(bob, scope="chosen", event_type_ids=[of_team.id])
    book_at(of_team, at(10))
    book_at(own, at(11))
    told = [
        {request.json["payload"]["eventTypeId"] for request in receiver.received}
        for receiver in (everything, mine, chosen)
        if heard(receiver)
    ]
    assert told == [{of_team.id, own.id}, {own.id}, {of_team.id}]


@pytest.mark.parametrize("of_team", [True, False])
def test_who_selected_an_event_type_hears_of_its_bookings_after_it_is_deleted(
    team: Team, alice: User, bob: User, listen: Listen, session: Session, of_team: bool
) -> None:
    event_type = collective(team, bob) if of_team else factories.create_event_type(bob)
    booking = book_at(event_type, at(10))
    holder = team if of_team else bob
    selected = listen(holder, scope="chosen", event_type_ids=[event_type.id])
    others = listen(holder, scope="chosen", event_type_ids=[event_type.id + 1])
    with writing() as writer:
        delete_event_type(writer, owner_of(holder), event_type.id)
    with writing() as writer:
        cancel(writer, booking.uid, reason="", by=bob)
    assert (heard(selected), heard(others)) == ([CANCELLED], [])
    assert "eventTypeId" not in selected.received[0].json["payload"]
    later = listen(holder, scope="chosen", event_type_ids=[event_type.id])
    newest = session.scalars(select(Webhook).order_by(Webhook.id.desc()).limit(1)).one()
    assert [event.trigger for event in runs.untold_events(session, newest, 10)] == [CANCELLED, CREATED]
    assert heard(later) == []


def test_a_template_of_the_team_s_names_its_hosts(team: Team, alice: User, bob: User, listen: Listen) -> None:
    template = '{"team": "{{team.name}}", "who": {{team.members}}, "first": "{{team.members.[0]}}"}'
    receiver = listen(team, payload_format="custom", payload_template=template)
    book_at(collective(team, bob, alice), at(10))
    deliver()
    assert receiver.received[0].json == {"team": "Sales", "who": ["Bob", "Alice"], "first": "Bob"}


def test_a_host_whom_a_new_time_drops_is_told_of_that_and_of_nothing_after_it(
    team: Team, bob: User, carol: User, listen: Listen
) -> None:
    event_type = factories.create_team_event_type(team, [bob, carol])
    booking = book_at(event_type, at(10))
    first, second = other_of(booking, bob, carol)
    receivers = [listen(holder) for holder in (first, second, team)]
    busy(first, 14)
    moved = move(booking, at(14))
    assert moved.host_id == second.id
    with writing() as session:
        cancel(session, moved.uid, reason="", by=None)
    assert [heard(receiver) for receiver in receivers] == [[MOVED], [MOVED, CANCELLED], [MOVED, CANCELLED]]
    told = receivers[0].received[0].json["payload"]
    assert (told["rescheduleUid"], told["organizer"]["username"]) == (booking.uid, second.username)


def test_a_host_whom_a_reassignment_replaces_is_told_of_that_one_event(
    team: Team, alice: User, bob: User, carol: User, listen: Listen
) -> None:
    booking = book_at(factories.create_team_event_type(team, [bob, carol]), at(10))
    first, second = other_of(booking, bob, carol)
    receivers = [listen(holder) for holder in (first, second, team)]
    with writing() as session:
        reassign(session, booking.uid, Reassignment(member_id=_membership(team, second).id, reason="Ill"), alice)
    with writing() as session:
        cancel(session, booking.uid, reason="", by=None)
    assert [heard(receiver) for receiver in receivers] == [[MOVED], [MOVED, CANCELLED], [MOVED, CANCELLED]]
    told = receivers[0].received[0].json["payload"]
    assert (told["uid"], told["rescheduleUid"]) == (booking.uid, booking.uid)
    assert told["reassignedFrom"]["username"] == first.username
    assert (told["reassignReason"], told["reassignedBy"]) == ("Ill", alice.email)
    assert told["team"]["members"] == [second.name]


def test_who_leaves_has_no_delivery_of_the_team_left_to_see_or_to_be_sent(
    team: Team, bob: User, alice: User, listen: Listen, session: Session
) -> None:
    left, of_team = listen(bob), listen(team)
    book_at(collective(team, alice, bob), at(10))
    book_at(factories.create_event_type(bob), at(12))
    with writing() as writer:
        leave_team(writer, team.id, bob)
    assert (heard(left), heard(of_team)) == ([CREATED], [CREATED])
    assert "team" not in left.received[0].json["payload"]
    assert session.scalars(select(Event).where(events_of(owner_of(bob)), Event.team_id.is_not(None))).all() == []


def test_a_request_drops_nobody_until_it_is_confirmed(team: Team, bob: User, carol: User, listen: Listen) -> None:
    event_type = factories.create_team_event_type(team, [bob, carol], requires_confirmation=True)
    request = book_at(event_type, at(10))
    first, second = other_of(request, bob, carol)
    with writing() as session:
        booking = confirm(session, request.uid, first)
    receivers = [listen(holder) for holder in (first, second)]
    busy(first, 14)
    asked = move(booking, at(14))
    assert asked.host_id == second.id
    assert [heard(receiver) for receiver in receivers] == [[], [REQUESTED]]
    with writing() as session:
        confirm(session, asked.uid, second)
    assert [heard(receiver) for receiver in receivers] == [[MOVED], [REQUESTED, MOVED]]


def test_a_request_in_place_of_a_request_drops_its_host_at_once(
    team: Team, bob: User, carol: User, listen: Listen
) -> None:
    event_type = factories.create_team_event_type(team, [bob, carol], requires_confirmation=True)
    request = book_at(event_type, at(10))
    first, second = other_of(request, bob, carol)
    receivers = [listen(holder) for holder in (first, second)]
    busy(first, 14)
    asked = move(request, at(14))
    with writing() as session:
        reject(session, asked.uid, second, reason="")
    assert [heard(receiver) for receiver in receivers] == [[REQUESTED], [REQUESTED, REJECTED]]


def test_a_host_who_has_left_is_told_nothing_though_their_time_stays_taken(
    team: Team, alice: User, bob: User, listen: Listen, session: Session
) -> None:
    booking = book_at(collective(team, alice, bob), at(10))
    left, of_team = listen(bob), listen(team)
    with writing() as writer:
        writer.delete(writer.merge(_membership(team, bob)))
    with writing() as writer:
        cancel(writer, booking.uid, reason="", by=None)
    assert (heard(left), heard(of_team)) == ([], [CANCELLED])
    assert told_owners(session, session.get_one(Booking, booking.id)) == [Owner(team_id=team.id), owner_of(alice)]


def test_events_of_one_booking_reach_the_team_in_their_order(
    team: Team, bob: User, listen: Listen, watch: Watch
) -> None:
    receiver = listen(team)
    booking = book_at(collective(team, bob), at(10))
    moved = move(booking, at(11))
    with writing() as session:
        cancel(session, moved.uid, reason="", by=None)
    assert heard(receiver) == [CREATED, MOVED, CANCELLED]


def test_a_replay_sends_what_a_host_was_told_and_no_other_of_the_team(
    team: Team, bob: User, carol: User, listen: Listen, session: Session
) -> None:
    for hour, host in ((10, bob), (11, carol)):
        book_at(collective(team, host, slug=f"talk-{hour}"), at(hour))
    of_bob, of_team = listen(bob), listen(team)
    for webhook in session.scalars(select(Webhook)).all():
        with writing() as writer:
            runs.start_replay(writer, writer.merge(webhook), at(0, day=1))
    for run_id in runs.running(session):
        with writing() as writer:
            runs.advance(writer, run_id)
    assert heard(of_bob) == [CREATED]
    assert heard(of_team) == [CREATED, CREATED]
    hosts = [request.json["payload"]["organizer"]["name"] for request in (*of_bob.received, *of_team.received)]
    assert sorted(hosts) == ["Bob", "Bob", "Carol"]


def test_no_event_of_another_host_can_be_replayed_by_its_number(
    team: Team, bob: User, carol: User, listen: Listen, session: Session
) -> None:
    book_at(collective(team, carol), at(10))
    listen(bob)
    event, webhook = session.scalars(select(Event)).one(), session.scalars(select(Webhook)).one()
    with pytest.raises(CannotRun), writing() as writer:
        runs.start_replay_of(writer, writer.merge(webhook), event.id)


def test_a_booking_with_fifty_webhooks_of_the_team_leaves_each_its_body(
    team: Team, alice: User, bob: User, session: Session
) -> None:
    template = '{"who": "{{join team.members ", "}}", "when": "{{date startTime format="full"}}"}'
    for holder in [team] * 50 + [bob] * 50:
        factories.create_webhook(holder, payload_format="custom", payload_template=template)
    book_at(collective(team, bob, alice), at(10))
    owed = session.scalars(select(Delivery)).all()
    assert len(owed) == 100
    assert {delivery.error for delivery in owed} == {None}
    assert len(session.scalars(select(EventHost)).all()) == 2


def _membership(team: Team, user: User) -> Membership:
    return db.session.scalars(select(Membership).filter_by(team_id=team.id, user_id=user.id)).one()

"""A booking that is given to another host while something else happens to it, or to that host: one of the two wins."""

from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Membership, Team
from calhooks.scheduling.bookings.book import book
from calhooks.scheduling.bookings.cancel import cancel
from calhooks.scheduling.bookings.reassign import Reassignment, reassign
from calhooks.scheduling.models.bookings import Booking, BookingHost, BookingStatus
from tests import factories
from tests.scheduling.helpers import at, book_at, submission, told
from tests.scheduling.test_concurrency import UseCase, at_once, look_again

pytestmark = pytest.mark.usefixtures("session", "watch")
ROUNDS = 5


def giving(session: Session, team: Team, booking: Booking, to: User, by: User) -> UseCase:
    """Return the use case of a form that the booking's page, as it is now, sends."""
    number = session.scalars(select(Membership.id).filter_by(team_id=team.id, user_id=to.id)).one()
    wanted = Reassignment(member_id=number, replaced=booking.host.username)
    uid, person = booking.uid, by.id
    return lambda inner: reassign(inner, uid, wanted, inner.get_one(User, person))


def hosts_busy(session: Session) -> Counter[int]:
    """Return in how many accepted bookings each host is."""
    look_again(session)
    return Counter(session.scalars(select(BookingHost.host_id).filter_by(status=BookingStatus.ACCEPTED)))


def test_reassigned_and_cancelled_at_once_is_cancelled_with_one_host(
    app: Flask, session: Session, team: Team, alice: User, bob: User, carol: User
) -> None:
    event_type = factories.create_team_event_type(team, [bob, carol])
    for number in range(ROUNDS):
        booking = book_at(event_type, at(9 + number), email=f"p{number}@example.com")
        uid, other = booking.uid, carol if booking.host_id == bob.id else bob
        give = giving(session, team, booking, other, alice)
        outcomes = at_once(app, [give, lambda inner, uid=uid: cancel(inner, uid, reason="", by=None)])
        # What came second met what the first had made of it: a cancelled booking stays where it was.
        assert outcomes[1] == "done"
        look_again(session)
        assert booking.status == BookingStatus.CANCELLED
        assert booking.host_id == (
            other.id if outcomes[0] == "done" else {bob.id, carol.id}.difference({other.id}).pop()
        )
        triggers = [trigger for trigger, subject in told(session) if subject == uid]
        assert triggers[-1] == "BOOKING_CANCELLED"
        assert len(triggers) == 2 + (outcomes[0] == "done")


def test_of_two_who_give_it_away_one_does(
    app: Flask, session: Session, team: Team, alice: User, bob: User, carol: User
) -> None:
    event_type = factories.create_team_event_type(team, [bob])
    for number in range(ROUNDS):
        booking = book_at(event_type, at(9 + number), email=f"p{number}@example.com")
        outcomes = at_once(app, [giving(session, team, booking, host, alice) for host in (carol, alice)])
        assert Counter(outcomes) == {"done": 1, "NotAllowed": 1}
        look_again(session)
        assert booking.host_id == (carol.id if outcomes[0] == "done" else alice.id)


def test_of_two_bookings_that_are_given_to_one_host_at_one_time_one_is(
    app: Flask, session: Session, team: Team, alice: User, bob: User, carol: User
) -> None:
    support = factories.create_team(carol, slug="support", members=[alice, bob])
    first = factories.create_team_event_type(team, [alice])
    second = factories.create_team_event_type(support, [bob])
    for number in range(ROUNDS):
        booked = book_at(first, at(9 + number)), book_at(second, at(9 + number))
        outcomes = at_once(
            app,
            [giving(session, team, booked[0], carol, alice), giving(session, support, booked[1], carol, carol)],
        )
        assert Counter(outcomes) == {"done": 1, "SlotTaken": 1}
        assert hosts_busy(session)[carol.id] == number + 1


def test_whoever_is_booked_at_the_same_moment_has_one_meeting(
    app: Flask, session: Session, team: Team, alice: User, bob: User, carol: User
) -> None:
    event_type = factories.create_team_event_type(team, [bob])
    own = factories.create_event_type(carol).id
    for number in range(ROUNDS):
        booking = book_at(event_type, at(9 + number), email=f"p{number}@example.com")
        form = submission(at(9 + number), email=f"q{number}@example.com")
        uses = [
            giving(session, team, booking, carol, alice),
            lambda inner, form=form: book(inner, own, form, metadata={}, visitor=form.email),
        ]
        assert Counter(at_once(app, uses)) == {"done": 1, "SlotTaken": 1}
        assert hosts_busy(session)[carol.id] == number + 1

"""What a turn that is undone costs."""

import pytest
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Team
from calhooks.scheduling.assignment.attendance import give_back
from calhooks.scheduling.bookings.lookups import find_booking
from tests import factories
from tests.scheduling.helpers import NOW, at, book_at, statements


@pytest.mark.usefixtures("watch")
def test_a_turn_is_given_back_without_asking_for_each_host(
    session: Session, team: Team, alice: User, bob: User, carol: User
) -> None:
    uid = book_at(factories.create_team_event_type(team, [alice, bob, carol]), at(9)).uid
    session.expunge_all()
    booking = find_booking(session, uid)
    assert booking.event_type
    assert booking.event_type.team
    with statements() as asked:
        give_back(session, booking, NOW)
    assert len(asked) == 1

"""Whom a change of a booking locks, where a meeting and a request to move it have different hosts."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Membership, Team
from calhooks.db import db, writing
from calhooks.scheduling.bookings.cancel import cancel
from calhooks.scheduling.bookings.confirm import confirm, reject
from calhooks.scheduling.bookings.reschedule import reschedule
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventTypeHost, SchedulingType
from tests import factories
from tests.scheduling.helpers import at, book_at, move, submission
from tests.scheduling.lock_order import watching_locks

pytestmark = pytest.mark.usefixtures("session", "watch")
Change = Callable[[Session, str, User], object]

OF_A_REQUEST: dict[str, Change] = {
    "confirm": confirm,
    "reject": lambda session, uid, host: reject(session, uid, host, reason=""),
}
OF_BOTH: dict[str, Change] = {
    "cancel": lambda session, uid, host: cancel(session, uid, reason="", by=host),
    "move by the host": lambda session, uid, host: reschedule_to(session, uid, by=host),
    "move by the booker": lambda session, uid, host: reschedule_to(session, uid, by=None),
}


def reschedule_to(session: Session, uid: str, *, by: User | None) -> Booking:
    return reschedule(session, uid, submission(at(15)), metadata={}, visitor="", by=by)


@pytest.mark.only_on("postgresql", "SQLite locks no single rows")
@pytest.mark.parametrize(
    ("change", "of_request"),
    [
        *(pytest.param(change, True, id=f"{name}, the request") for name, change in (OF_A_REQUEST | OF_BOTH).items()),
        *(pytest.param(change, False, id=f"{name}, the meeting") for name, change in OF_BOTH.items()),
    ],
)
@pytest.mark.parametrize("scheduling_type", SchedulingType)
def test_hosts_of_the_meeting_and_of_requests_to_move_it_are_locked_before_either_changes(
    team: Team,
    alice: User,
    bob: User,
    carol: User,
    scheduling_type: SchedulingType,
    change: Change,
    of_request: bool,
) -> None:
    hosts = [alice, bob, carol]
    event_type = factories.create_team_event_type(
        team, hosts, scheduling_type, fixed=[alice, bob], requires_confirmation=True
    )
    meeting = book_at(event_type, at(9))
    with writing() as inner:
        confirm(inner, meeting.uid, alice)
    first = move(meeting, at(11))
    with writing() as inner:
        # Bob attends the meeting and the first request, not the second.
        his = select(Membership.id).filter_by(team_id=team.id, user_id=bob.id)
        inner.execute(delete(EventTypeHost).where(EventTypeHost.membership_id.in_(his)))
    second = move(meeting, at(13))
    assert bob in meeting.hosts
    assert bob not in second.hosts
    assert first.status == "REJECTED"
    with watching_locks(db.engine) as faults, writing() as inner:
        change(inner, (second if of_request else meeting).uid, alice)
    assert faults == []

"""Admins who change a team's event types while people book them: everybody gets through, nobody waits in a circle."""

from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.accounts.teams.memberships import list_members
from calhooks.accounts.teams.models import Team
from calhooks.scheduling.availability import schedules
from calhooks.scheduling.bookings.book import book
from calhooks.scheduling.event_types import editing
from calhooks.scheduling.event_types.form import TypedEventType, check_event_type
from calhooks.scheduling.event_types.host_form import TypedHost, TypedTeamPart
from calhooks.scheduling.models.bookings import Booking
from tests import factories
from tests.scheduling.helpers import at, submission
from tests.scheduling.test_concurrency import UseCase, at_once, host_of, look_again

pytestmark = pytest.mark.usefixtures("watch")


def test_nobody_waits_in_a_circle(
    app: Flask, session: Session, team: Team, alice: User, bob: User, carol: User
) -> None:
    everyone = [alice, bob, carol]
    one, other = (factories.create_team_event_type(team, everyone, slug=slug).id for slug in ("one", "other"))
    spare = factories.create_schedule(alice).id
    by_hours = factories.create_team_event_type(team, [carol, bob], slug="hours", schedule_id=spare).id
    owner = owner_of(team)
    ids = [str(each.id) for each in list_members(session, [team.id])[team.id]]
    look_again(session)

    def person(index: int, number: int) -> UseCase:
        form = submission(at(9 + index), email=f"person{index}@example.com")
        return lambda inner: book(inner, number, form, metadata={}, visitor="")

    def change(number: int, order: list[str]) -> UseCase:
        part = TypedTeamPart(schedules_of=alice.id, hosts=tuple(TypedHost(each) for each in order))
        form = check_event_type(TypedEventType(title=f"Changed {number}", length=30, team=part))
        return lambda inner: editing.update_event_type(inner, owner, number, form)

    everybody = [
        *(person(index, one) for index in range(4)),
        *(person(index, other) for index in range(4)),
        person(5, by_hours),
        change(one, ids[:2]),
        change(other, ids[::-1]),
        lambda inner: editing.move_event_type(inner, owner, one, 1),
        lambda inner: editing.set_hidden(inner, owner, other, True),
        lambda inner: editing.duplicate_event_type(inner, owner, one),
        lambda inner: schedules.delete_schedule(inner, host_of(inner, alice.id), spare),
    ]
    assert Counter(at_once(app, everybody)) == {"done": len(everybody)}
    look_again(session)
    # At most two meetings at one time were asked for, and at least two hosts are left.
    assert len(session.scalars(select(Booking)).all()) == 9

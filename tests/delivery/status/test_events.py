"""Whose events are whose, and the latest of them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.accounts.teams.models import Team
from calhooks.db import writing
from calhooks.delivery.models.deliveries import Event, EventHost
from calhooks.delivery.status.events import events_of, latest_events_of
from tests import factories
from tests.delivery.helpers import by_plan, query_plans


def team_event(team: Team, organizer: User, *told: User) -> Event:
    event = factories.create_event(organizer, team_id=team.id)
    with writing() as session:
        session.add_all(EventHost(user_id=user.id, event_id=event.id) for user in told)
    return event


def test_the_latest_are_those_of_an_owner_and_in_order(session: Session, alice: User, bob: User, team: Team) -> None:
    made = [
        factories.create_event(alice),
        team_event(team, alice, alice, bob),
        factories.create_event(bob),
        team_event(team, bob, bob),
        factories.create_event(alice, trigger="BOOKING_CANCELLED"),
        team_event(team, bob, bob, alice),
        factories.create_event(alice),
    ]
    for owner, theirs in (
        (owner_of(alice), [6, 5, 4, 1, 0]),
        (owner_of(bob), [5, 3, 2, 1]),
        (owner_of(team), [5, 3, 1]),
    ):
        every = session.scalars(select(Event.id).where(events_of(owner)).order_by(Event.id.desc())).all()
        assert every == [made[place].id for place in theirs]
        for count in (1, 2, 3, 9):
            query = select(Event.id).where(latest_events_of(owner, count))
            assert session.scalars(query.order_by(Event.id.desc()).limit(count)).all() == every[:count]
    created = latest_events_of(owner_of(alice), 2, Event.trigger == "BOOKING_CREATED")
    query = select(Event.id).where(created).order_by(Event.id.desc()).limit(2)
    assert session.scalars(query).all() == [made[6].id, made[5].id]


@by_plan
def test_the_latest_are_found_without_looking_through_the_events_of_everyone(
    session: Session, alice: User, bob: User
) -> None:
    for _ in range(30):
        factories.create_event(bob)
    query = select(Event.payload).where(latest_events_of(owner_of(alice), 5)).order_by(Event.id.desc()).limit(5)
    steps = query_plans(session, lambda: session.scalars(query).all())
    assert any("ix_events_owner_id_id" in step for step in steps), steps
    assert not any("MULTI-INDEX OR" in step for step in steps), steps

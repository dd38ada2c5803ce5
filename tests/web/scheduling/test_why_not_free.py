"""The page that says why a time is not free."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Membership, Team
from calhooks.db import writing
from calhooks.scheduling.availability.absences import add_absence
from calhooks.scheduling.models.event_types import EventType, SchedulingType
from calhooks.scheduling.models.schedules import Schedule, ScheduleRange
from tests import factories
from tests.web.markup import elements

pytestmark = pytest.mark.usefixtures("watch", "event_type")

PAGE = "/availability/why"


def test_it_says_what_stands_in_the_way(owner: FlaskClient, event_type: EventType) -> None:
    page = owner.get(f"{PAGE}?eventType={event_type.id}&at=2026-03-03T20:00")
    assert "It does not fit into your hours of Tuesdays" in page.text
    assert "It is free" in owner.get(f"{PAGE}?eventType={event_type.id}&at=2026-03-03T10:00").text


def test_a_longer_meeting_has_reasons_of_its_own(owner: FlaskClient, app: Flask, rick: User) -> None:
    with app.app_context():
        number = factories.create_event_type(rick, slug="deep", other_lengths=[60], slot_interval=30).id
    asked = f"{PAGE}?eventType={number}&at=2026-03-03T16:30"
    page = owner.get(asked)
    assert "It is free" in page.text
    link = next(each["href"] for each in elements(page) if "length=60" in (each.get("href") or ""))
    assert "It does not fit into your hours of Tuesdays" in owner.get(link).text
    assert "It is free" in owner.get(f"{asked}&length=61").text


@pytest.mark.parametrize(
    "query", ["at=", "at=soon&eventType=1", "at=2026-03-03T10:00&eventType=x", "at=9999-12-31T23:59&eventType=1"]
)
def test_what_is_no_time_is_asked_for_again(owner: FlaskClient, query: str) -> None:
    assert "Choose an event type, a day and a time." in owner.get(f"{PAGE}?{query}").text


def test_it_tells_nothing_of_other_accounts(other: FlaskClient, event_type: EventType) -> None:
    page = other.get(f"{PAGE}?eventType={event_type.id}&at=2026-03-03T20:00")
    assert "Quick chat" not in page.text
    assert "hours of" not in page.text


# Of a team


@pytest.fixture
def ask(app: Flask, team: Team, browser_of: Callable[[User], FlaskClient]) -> Callable[[User, int, str], TestResponse]:
    """Ask as a member why a time of the team's event type is not free."""

    def get(reader: User, event_type_id: int, at: str) -> TestResponse:
        return browser_of(reader).get(f"/teams/{team.id}{PAGE}?eventType={event_type_id}&at={at}")

    return get


Ask = Callable[[User, int, str], TestResponse]
TEN = "2026-03-03T10:00"


@pytest.mark.parametrize(
    ("scheduling_type", "fixed", "rule"),
    [
        (SchedulingType.COLLECTIVE, False, "All hosts must be free."),
        (SchedulingType.ROUND_ROBIN, False, "It is free"),
        (SchedulingType.ROUND_ROBIN, True, "Bob must be free, and one of the others."),
    ],
)
def test_a_team_is_told_which_host_and_by_what_rule(
    app: Flask, ask: Ask, team: Team, bob: User, carol: User, scheduling_type: SchedulingType, fixed: bool, rule: str
) -> None:
    with app.app_context():
        hosts = [bob, carol]
        asked = factories.create_team_event_type(team, hosts, scheduling_type, fixed=[bob] if fixed else []).id
        factories.create_booking(
            factories.create_event_type(bob, slug="private"), datetime(2026, 3, 3, 10, tzinfo=UTC), title="Doctor"
        )
    page = ask(carol, asked, TEN)
    assert rule in page.text
    rows = [each.text for each in elements(page) if each.tag == "li" and "list-row" in (each.get("class") or "")]
    assert rows == ["B Bob Busy. Always attends Not free" if fixed else "B Bob Busy. Not free", "C You Free"]
    assert "Doctor" not in page.text


def test_a_host_sees_what_is_in_the_own_way_and_others_only_that_it_is_busy(
    app: Flask, ask: Ask, team: Team, alice: User, bob: User, carol: User
) -> None:
    with app.app_context():
        asked = factories.create_team_event_type(team, [bob, carol]).id
        private = factories.create_event_type(bob, slug="private")
        factories.create_booking(private, datetime(2026, 3, 3, 10, tzinfo=UTC), title="Doctor")
        other_team = factories.create_team(carol, slug="board", name="Board")
        board = factories.create_team_event_type(other_team, [carol], slug="board")
        factories.create_booking(board, datetime(2026, 3, 3, 10, tzinfo=UTC), title="Secret plan", host_id=carol.id)
    shown = {who.username: ask(who, asked, TEN).text for who in (alice, bob, carol)}
    assert [name for name, text in shown.items() if "Doctor" in text] == ["bob"]
    assert [name for name, text in shown.items() if "Secret plan" in text] == ["carol"]
    assert [name for name, text in shown.items() if "Ann Lee" in text] == ["bob", "carol"]
    assert all("One of the hosts must be free." in text for text in shown.values())


def test_a_booking_of_the_team_is_named_to_all_members(
    app: Flask, ask: Ask, team: Team, alice: User, bob: User
) -> None:
    with app.app_context():
        talk = factories.create_team_event_type(team, [bob])
        factories.create_booking(talk, datetime(2026, 3, 3, 10, tzinfo=UTC), host_id=bob.id)
        asked = talk.id
    assert "“Talk to sales” with Ann Lee (10:00 – 10:30) is at that time." in ask(alice, asked, TEN).text


@pytest.mark.parametrize(
    ("at", "sentence"),
    [
        ("2026-03-01T10:00", "It has passed."),
        ("2026-03-02T09:00", "It is too soon"),
        ("2026-03-03T20:00", "Tuesday 20:00 is outside their hours (Europe/London)."),
        ("2026-03-03T10:10", "This one is in between."),
        ("2026-03-04T10:00", "Time off."),
    ],
)
def test_every_hindrance_of_another_host_has_its_words(
    app: Flask, ask: Ask, team: Team, alice: User, bob: User, at: str, sentence: str
) -> None:
    with app.app_context():
        asked = factories.create_team_event_type(team, [bob]).id
        with writing() as session:
            add_absence(session, bob, first="2026-03-04", last="", note="Hospital")
    page = ask(alice, asked, at)
    assert sentence in page.text
    assert "Hospital" not in page.text
    assert "Working hours" not in page.text


def test_a_host_without_hours_and_an_event_type_without_hosts(
    app: Flask, ask: Ask, team: Team, alice: User, bob: User
) -> None:
    with app.app_context():
        nobody = factories.create_team_event_type(team, [], slug="nobody").id
        asked = factories.create_team_event_type(team, [bob]).id
        with writing() as session:
            session.query(ScheduleRange).delete()
            session.query(Schedule).filter_by(owner_id=bob.id).delete()
    assert "No working hours." in ask(alice, asked, TEN).text
    assert "This event type has no hosts." in ask(alice, nobody, TEN).text


def test_what_a_host_does_for_a_team_they_have_left_is_not_told(
    app: Flask, team: Team, bob: User, carol: User, browser_of: Callable[[User], FlaskClient]
) -> None:
    with app.app_context():
        talk = factories.create_team_event_type(team, [bob])
        factories.create_booking(talk, datetime(2026, 3, 3, 10, tzinfo=UTC), host_id=bob.id)
        own = factories.create_event_type(bob, slug="own").id
        with writing() as session:
            session.delete(session.query(Membership).filter_by(user_id=bob.id).one())
    page = browser_of(bob).get(f"{PAGE}?eventType={own}&at={TEN}")
    assert "You are busy." in page.text
    assert "Talk to sales" not in page.text


def test_strangers_ask_in_vain(
    app: Flask, team: Team, bob: User, dave: User, browser_of: Callable[[User], FlaskClient]
) -> None:
    with app.app_context():
        asked = factories.create_team_event_type(team, [bob]).id
    assert browser_of(dave).get(f"/teams/{team.id}{PAGE}?eventType={asked}&at={TEN}").status_code == 404
    assert "Talk to sales" not in browser_of(dave).get(f"{PAGE}?eventType={asked}&at={TEN}").text

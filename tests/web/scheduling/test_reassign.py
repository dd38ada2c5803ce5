"""The dialog by which a team's booking goes to another host."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Membership, Role, Team
from calhooks.db import db, writing
from calhooks.scheduling.bookings.lookups import find_booking
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventType, SchedulingType
from tests import factories
from tests.scheduling.helpers import book_at, move
from tests.web import pages

MemberId = Callable[[Team, User], str]
Browser = Callable[[User], FlaskClient]
HTMX = {"HX-Request": "true", "HX-Target": "modal"}


@pytest.fixture
def talk(app: Flask, team: Team, bob: User, carol: User) -> EventType:
    """Bob or Carol, at any time of any day."""
    with app.app_context():
        for host in (bob, carol):
            factories.create_schedule(host, hours=(0, 24), days=range(7))
        return factories.create_team_event_type(team, [bob, carol])


def book(event_type: EventType, days: int = 2) -> Booking:
    start = clock.now().replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=days)
    return book_at(event_type, start, email=f"p{days}@example.com")


@pytest.fixture
def booking(app: Flask, talk: EventType) -> Booking:
    """Bob's, in two days."""
    with app.app_context():
        return book(talk)


def path(booking: Booking, team: Team | None = None) -> str:
    return f"{f'/teams/{team.id}' if team else ''}/bookings/{booking.uid}/reassign"


@pytest.fixture
def member_id(app: Flask) -> MemberId:
    """Give the id by which forms name a member."""

    def number(team: Team, user: User) -> str:
        with app.app_context():
            return str(_number(team, user))

    return number


def _number(team: Team, user: User) -> int:
    return db.session.scalars(select(Membership.id).filter_by(team_id=team.id, user_id=user.id)).one()


@pytest.fixture
def hosts(app: Flask, booking: Booking) -> Callable[[], list[str]]:
    """Give the usernames of who hosts the booking by now."""

    def usernames() -> list[str]:
        with app.app_context():
            return [host.username for host in find_booking(db.session(), booking.uid).hosts]

    return usernames


def leave(app: Flask, team: Team, user: User) -> None:
    with app.app_context(), writing() as session:
        session.delete(session.get_one(Membership, _number(team, user)))


@pytest.mark.parametrize("below_team", [True, False])
def test_a_booking_goes_to_who_is_chosen(
    below_team: bool,
    booking: Booking,
    team: Team,
    alice: User,
    carol: User,
    browser_of: Browser,
    member_id: MemberId,
    hosts: Callable[[], list[str]],
) -> None:
    address, browser = path(booking, team if below_team else None), browser_of(alice)
    assert "Replaces Bob." in browser.get(address).text
    answer = pages.submit(browser, address, {"host": member_id(team, carol), "reassignReason": "Ill"})
    assert answer.status_code == 303
    # Alice does not host it: it is in the team's list alone.
    assert answer.location == f"/teams/{team.id}/bookings/upcoming"
    assert hosts() == ["carol"]
    assert "Reassigned to Carol." in browser.get(answer.location).text


def test_by_default_the_next_takes_over(
    booking: Booking, bob: User, browser_of: Browser, hosts: Callable[[], list[str]]
) -> None:
    answer = pages.submit(browser_of(bob), path(booking))
    assert (answer.status_code, answer.location) == (303, "/bookings/upcoming")
    assert hosts() == ["carol"]


def test_who_may(
    booking: Booking,
    team: Team,
    bob: User,
    carol: User,
    dave: User,
    administrator: User,
    browser_of: Browser,
    client: FlaskClient,
    member_id: MemberId,
    hosts: Callable[[], list[str]],
    app: Flask,
) -> None:
    assert client.get(path(booking)).status_code == 302
    with app.app_context():
        others = factories.create_team(dave, slug="others")
    # Another member sees the booking, and is told who may change it.
    for person, status in ((carol, 403), (dave, 404), (administrator, 404)):
        browser = browser_of(person)
        sent = {"csrf_token": pages.csrf_token(browser, "/settings/profile"), "host": member_id(team, carol)}
        for address, expected in ((path(booking), status), (path(booking, team), status), (path(booking, others), 404)):
            assert browser.get(address).status_code == expected
            assert browser.post(address, data=sent).status_code == expected
    assert "Only this booking’s hosts" in browser_of(carol).get(path(booking)).text
    assert hosts() == ["bob"]
    assert browser_of(bob).get(path(booking)).status_code == 200
    assert browser_of(bob).get(path(booking, others)).status_code == 404
    leave(app, team, bob)
    assert browser_of(bob).get(path(booking)).status_code == 404


def test_an_admin_of_one_team_gives_nothing_of_another(
    booking: Booking, team: Team, bob: User, dave: User, alice: User, browser_of: Browser, app: Flask
) -> None:
    with app.app_context():
        others = factories.create_team(dave, slug="others", admins=[bob], members=[alice])
    assert browser_of(alice).get(path(booking, others)).status_code == 404
    assert browser_of(bob).get(path(booking, others)).status_code == 404
    assert browser_of(bob).get(path(booking, team)).status_code == 200


def test_a_personal_booking_has_no_such_page(owner: FlaskClient, rick: User, app: Flask) -> None:
    with app.app_context():
        booking = factories.create_booking(factories.create_event_type(rick), clock.now() + timedelta(days=2))
    assert owner.get(path(booking)).status_code == 404


def test_the_page_says_who_is_free(
    booking: Booking,
    talk: EventType,
    team: Team,
    alice: User,
    carol: User,
    dave: User,
    browser_of: Browser,
    member_id: MemberId,
    app: Flask,
) -> None:
    with app.app_context():
        factories.create_booking(factories.create_event_type(carol), booking.start_time)
        factories.create_membership(team, dave)
    page = browser_of(alice).get(path(booking)).text
    assert "Has another meeting" in page
    assert "No other host is free" in page
    assert page.index("Carol") < page.index("Other members") < page.index("Dave")
    assert f'name="host" value="{member_id(team, carol)}" aria-label="Carol" disabled' in page


def test_other_members_are_not_a_host_s_to_choose(booking: Booking, bob: User, browser_of: Browser) -> None:
    page = browser_of(bob).get(path(booking)).text
    assert "Other members" not in page
    assert 'aria-label="Alice"' not in page


def test_somebody_busy_is_refused_with_the_form_as_it_was_typed(
    booking: Booking,
    team: Team,
    alice: User,
    carol: User,
    browser_of: Browser,
    member_id: MemberId,
    hosts: Callable[[], list[str]],
    app: Flask,
) -> None:
    browser = browser_of(alice)
    form = pages.post_form(browser.get(path(booking)))
    with app.app_context():
        factories.create_booking(factories.create_event_type(carol), booking.start_time)
    form.fields["host"], form.fields["reassignReason"] = member_id(team, carol), "Bob is ill"
    answer = browser.post(form.path, data=form.fields)
    assert answer.status_code == 409
    assert "Carol has another meeting at this time. Choose someone else." in answer.text
    assert "Bob is ill" in answer.text
    assert hosts() == ["bob"]


def test_a_page_that_is_out_of_date_gives_nothing_away(
    booking: Booking, team: Team, alice: User, carol: User, browser_of: Browser, hosts: Callable[[], list[str]]
) -> None:
    browser = browser_of(alice)
    form = pages.post_form(browser.get(path(booking)))
    form.fields["host"] = ""
    assert browser.post(form.path, data=form.fields).status_code == 303
    # Pressed twice, or by two people: the second would take it from Carol.
    answer = browser.post(form.path, data=form.fields)
    assert answer.status_code == 409
    assert "hosts have changed" in answer.text
    assert hosts() == ["carol"]


@pytest.mark.parametrize("host", ["0", "-1", "x", "²", "9" * 30, "999999"])
def test_what_is_not_on_the_list_is_refused(
    host: str, booking: Booking, alice: User, browser_of: Browser, hosts: Callable[[], list[str]]
) -> None:
    answer = pages.submit(browser_of(alice), path(booking), {"host": host})
    assert answer.status_code == 422
    assert "Choose someone from the list." in answer.text
    assert hosts() == ["bob"]


def test_a_reason_that_is_too_long_is_refused_at_its_field(
    booking: Booking, alice: User, browser_of: Browser, hosts: Callable[[], list[str]]
) -> None:
    answer = pages.submit(browser_of(alice), path(booking), {"reassignReason": "x" * 2001})
    assert answer.status_code == 422
    assert "Use at most 2,000 characters." in answer.text
    assert hosts() == ["bob"]


def test_in_the_box_it_is_a_part_and_success_leads_to_the_list(
    booking: Booking, team: Team, alice: User, browser_of: Browser, hosts: Callable[[], list[str]]
) -> None:
    browser = browser_of(alice)
    part = browser.get(path(booking), headers=HTMX)
    assert "<html" not in part.text
    answer = pages.submit(browser, path(booking), headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, f"/teams/{team.id}/bookings/upcoming")
    assert hosts() == ["carol"]


def test_what_cannot_be_reassigned_says_why(
    booking: Booking, talk: EventType, alice: User, browser_of: Browser, app: Flask
) -> None:
    with app.app_context():
        moved = move(booking, booking.start_time + timedelta(hours=1))
    page = browser_of(alice).get(path(booking))
    assert page.status_code == 200
    assert "This booking has been moved." in page.text
    assert "<form" not in page.text.split("Reassign this booking")[-1]
    assert path(moved) != path(booking)


def test_of_several_hosts_any_can_be_replaced_first_who_has_left(
    team: Team, alice: User, bob: User, carol: User, browser_of: Browser, app: Flask
) -> None:
    with app.app_context():
        dan = factories.create_user("dan")
        dan_s = str(factories.create_membership(team, dan, Role.ADMIN).id)
        for host in (alice, bob, carol):
            factories.create_schedule(host, hours=(0, 24), days=range(7))
        booking = book(factories.create_team_event_type(team, [alice, bob, carol], SchedulingType.COLLECTIVE))
    leave(app, team, carol)
    page = browser_of(alice).get(path(booking))
    assert "Left the team" in page.text
    assert pages.post_form(page).fields["replacedHost"] == "carol"
    sent = {"host": dan_s, "replacedHost": "bob"}
    assert pages.submit(browser_of(alice), path(booking), sent).status_code == 303
    with app.app_context():
        found = find_booking(db.session(), booking.uid).hosts
        assert [host.username for host in found] == ["alice", "dan", "carol"]

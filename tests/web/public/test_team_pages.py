"""A team's public pages and its bookings' own pages: who is met, and who may change what."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Team
from calhooks.db import db, writing
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType, SchedulingType
from tests import factories
from tests.web import pages
from tests.web.markup import elements, hook, hooks

pytestmark = pytest.mark.usefixtures("watch")

TALK = "/team/sales/talk"
TUESDAY_TEN = f"{TALK}?slot=2026-03-03T10:00:00Z"
NEXT_DAY = "slot=2026-03-04T10:00:00Z"
ANN = {"name": "Ann Lee", "email": "ann@example.com"}

Booked = Callable[[], list[Mapping[str, object]]]
Browsers = Callable[[User], FlaskClient]


@pytest.fixture
def talk(app: Flask, team: Team, bob: User, carol: User) -> EventType:
    """A round robin of Bob and Carol."""
    with app.app_context():
        return factories.create_team_event_type(team, [bob, carol])


@pytest.fixture
def demo(app: Flask, team: Team, alice: User, bob: User) -> EventType:
    """A meeting with Alice and Bob."""
    hosts = [alice, bob]
    with app.app_context():
        return factories.create_team_event_type(team, hosts, SchedulingType.COLLECTIVE, slug="demo", title="Demo")


def book(client: FlaskClient, link: str = TUESDAY_TEN) -> str:
    answer = pages.submit(client, link, ANN)
    assert answer.status_code == 303
    return answer.location.rpartition("/")[2]


def busy(app: Flask, host: User, hour: int = 10, day: int = 3) -> None:
    """Give a host a private meeting."""
    with app.app_context():
        start = datetime(2026, 3, day, hour, tzinfo=UTC)
        factories.create_booking(factories.create_event_type(host, slug=f"private-{day}-{hour}"), start)


def host_of(app: Flask, uid: str) -> str:
    with app.app_context():
        return db.session.query(Booking).filter_by(uid=uid).one().host.name


def hosts_on(page: TestResponse) -> list[str]:
    return [host.text for host in hooks(page, "booking-host-name")]


# The team's page


@pytest.mark.usefixtures("talk", "demo")
def test_the_teams_page_lists_its_event_types_and_hands_metadata_on(client: FlaskClient, app: Flask) -> None:
    with app.app_context(), writing() as session:
        team = session.query(Team).one()
        team.description = "We *sell* <things>."
        factories_hidden = EventType(
            team_id=team.id, slug="secret", title="Secret", length=30, hidden=True, scheduling_type="COLLECTIVE"
        )
        session.add(factories_hidden)
    page = client.get("/TEAM/Sales?metadata[user_id]=123&utm=1".replace("TEAM", "team"))
    links = hooks(page, "event-type-link")
    assert [link.text for link in links] == ["Talk to sales", "Demo"]
    assert parse_qsl(urlsplit(links[0]["href"]).query) == [("metadata[user_id]", "123")]
    assert client.get(links[0]["href"]).status_code == 200
    text = hook(page, "event-types").text
    assert "A member of Sales" in text
    assert "Alice and Bob" in text
    assert "<em>sell</em> &lt;things&gt;" in page.text
    assert client.get("/team/sales/secret").status_code == 200


@pytest.mark.usefixtures("talk")
def test_what_a_team_shares_in_a_chat_says_what_it_is(client: FlaskClient) -> None:
    def said(path: str) -> dict[str | None, str | None]:
        return {each.get("property"): each.get("content") for each in elements(client.get(path)) if each.tag == "meta"}

    assert said("/team/sales")["og:title"] == "Sales"
    assert said(TALK)["og:title"] == "Talk to sales with Sales"
    assert "<title>Talk to sales with Sales" in client.get(TALK).text


@pytest.mark.usefixtures("talk")
@pytest.mark.parametrize("path", ["/team/none", "/team/sales/none", "/team/none/talk", "/sales", "/sales/talk"])
def test_what_does_not_exist_is_a_404_page(client: FlaskClient, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 404
    assert hook(page, "404-page")


@pytest.mark.usefixtures("talk")
def test_a_person_may_be_called_like_a_team(client: FlaskClient, app: Flask) -> None:
    with app.app_context():
        person = factories.create_user("sales", name="Sal Es")
        factories.create_event_type(person, slug="talk", title="Talk to Sal")
    assert "Talk to Sal" in client.get("/sales").text
    assert "Talk to sales" in client.get("/team/sales").text
    assert "Talk to Sal<" in client.get("/sales/talk").text
    assert "Talk to sales<" in client.get(TALK).text


@pytest.mark.usefixtures("talk", "demo")
def test_a_persons_page_lists_nothing_of_a_teams(client: FlaskClient) -> None:
    assert hooks(client.get("/bob"), "event-type-link") == []
    assert client.get("/bob/talk").status_code == 404


def test_an_event_type_called_hold_can_be_booked(client: FlaskClient, app: Flask, team: Team, bob: User) -> None:
    with app.app_context():
        factories.create_team_event_type(team, [bob], slug="hold")
    assert pages.submit(client, "/team/sales/hold?slot=2026-03-03T10:00:00Z", ANN).status_code == 303


# Booking


@pytest.mark.usefixtures("talk")
def test_a_chosen_time_of_a_round_robin_is_held_host_by_host(client: FlaskClient, app: Flask) -> None:
    def hold(visitor: FlaskClient) -> None:
        form = pages.post_form(visitor.get(TUESDAY_TEN))
        said = {name: form.fields[name] for name in ("csrf_token", "start")}
        assert visitor.post(f"{TALK}/hold", data=said).status_code == 204

    def offered() -> bool:
        return "10:00" in [time.text for time in hooks(app.test_client().get(f"{TALK}?date=2026-03-03"), "time")]

    hold(client)
    assert offered()
    hold(app.test_client())
    assert not offered()


@pytest.mark.usefixtures("talk")
def test_as_many_are_booked_as_there_are_hosts_and_then_it_is_taken(client: FlaskClient, app: Flask) -> None:
    late = app.test_client()
    form = pages.post_form(late.get(f"{TUESDAY_TEN}&metadata[a]=1"))
    hosts = {host_of(app, book(app.test_client())) for _ in range(2)}
    assert hosts == {"Bob", "Carol"}
    answer = late.post(form.path, data=form.fields.to_dict() | ANN)
    assert answer.status_code == 409
    assert hook(answer, "booking-fail")
    assert "10:30" in [time.text for time in hooks(answer, "time")]


@pytest.mark.usefixtures("talk", "demo")
@pytest.mark.parametrize(("path", "met"), [(TALK, "A member of Sales"), ("/team/sales/demo", "Alice and Bob")])
def test_the_page_says_who_is_met(client: FlaskClient, path: str, met: str) -> None:
    assert met in hook(client.get(path), "hosts").text


def test_who_always_attends_is_named(client: FlaskClient, app: Flask, team: Team, alice: User, bob: User) -> None:
    with app.app_context():
        factories.create_team_event_type(team, [alice, bob], fixed=[alice])
    assert "Alice and a member of Sales" in hook(client.get(TALK), "hosts").text


def test_several_who_always_attend_are_named_in_one_list(
    client: FlaskClient, app: Flask, team: Team, alice: User, bob: User, carol: User
) -> None:
    with app.app_context():
        factories.create_team_event_type(team, [alice, bob, carol], fixed=[alice, bob])
    assert "Alice, Bob and a member of Sales" in hook(client.get(TALK), "hosts").text


@pytest.mark.usefixtures("demo")
def test_the_bookers_page_names_all_hosts(client: FlaskClient) -> None:
    uid = book(client, "/team/sales/demo?slot=2026-03-03T10:00:00Z")
    page = client.get(f"/booking/{uid}")
    assert hosts_on(page) == ["Alice", "Bob"]
    assert "Sales" in page.text
    assert client.get(f"/reschedule/{uid}").location == f"/team/sales/demo?rescheduleUid={uid}"
    assert not hooks(page, "reassign")


def test_a_request_to_a_team_is_answered_by_the_team(client: FlaskClient, app: Flask, talk: EventType) -> None:
    with app.app_context(), writing() as session:
        session.get_one(EventType, talk.id).requires_confirmation = True
    assert "Sales confirms each request" in client.get(TALK).text
    uid = book(client)
    assert "Sales has been asked and will confirm or decline." in client.get(f"/booking/{uid}").text


# Moving


@pytest.mark.usefixtures("talk")
def test_moving_says_whether_the_host_stays(client: FlaskClient, app: Flask, bob: User) -> None:
    uid = book(client)
    assert host_of(app, uid) == "Bob"
    link = f"{TALK}?rescheduleUid={uid}"
    assert "With Bob" in hook(client.get(link), "former_time").parts[0] or "With Bob" in client.get(link).text
    assert hook(client.get(link), "slot-host").text == "Bob stays the host at times when they are free."
    assert hook(client.get(f"{link}&{NEXT_DAY}"), "slot-host").text == "Bob stays the host."
    busy(app, bob, day=4)
    page = client.get(f"{link}&{NEXT_DAY}")
    assert hook(page, "slot-host").text == "Bob is not free then. Another host of Sales takes over."
    moved = pages.submit(client, f"{link}&{NEXT_DAY}").location
    assert hosts_on(client.get(moved)) == ["Carol"]


def test_a_host_chosen_anew_is_said(client: FlaskClient, app: Flask, talk: EventType) -> None:
    with app.app_context(), writing() as session:
        session.get_one(EventType, talk.id).keeps_host = False
    uid = book(client)
    page = client.get(f"{TALK}?rescheduleUid={uid}&{NEXT_DAY}")
    assert hook(page, "slot-host").text == "A host is chosen again for the new time."


@pytest.mark.usefixtures("talk")
def test_hosts_and_owners_move_a_booking_as_its_host(
    client: FlaskClient, alice: User, bob: User, browser_of: Browsers, booked: Booked
) -> None:
    uid = book(client)
    for who, words in ((bob, "You are moving your meeting"), (alice, "You are moving Bob’s meeting")):
        assert words in browser_of(who).get(f"{TALK}?rescheduleUid={uid}&{NEXT_DAY}").text
    assert pages.submit(browser_of(alice), f"{TALK}?rescheduleUid={uid}&{NEXT_DAY}").status_code == 303
    assert booked()[1]["rescheduled_by"] == "alice@example.com"


# Who may change it


@pytest.mark.usefixtures("talk")
def test_a_member_who_does_not_host_it_sees_a_booking_and_changes_nothing(
    client: FlaskClient, app: Flask, carol: User, browser_of: Browsers, booked: Booked
) -> None:
    uid = book(client)
    assert host_of(app, uid) == "Bob"
    carols = browser_of(carol)
    page = carols.get(f"/booking/{uid}")
    assert hosts_on(page) == ["Bob"]
    assert "Only this booking’s hosts" in page.text
    assert not any(hooks(page, name) for name in ("cancel", "reschedule", "reassign"))
    token = {"csrf_token": pages.csrf_token(carols, "/settings/password")}
    refused = carols.post(f"/booking/{uid}", data=token)
    assert refused.status_code == 403
    assert "Only this booking’s hosts" in refused.text
    assert carols.get(f"{TALK}?rescheduleUid={uid}&{NEXT_DAY}").location == f"/booking/{uid}"
    moving = token | ANN | {"start": "2026-03-04T10:00:00Z"}
    assert carols.post(f"{TALK}?rescheduleUid={uid}", data=moving).status_code == 403
    assert [booking["status"] for booking in booked()] == ["ACCEPTED"]


@pytest.mark.usefixtures("talk")
def test_who_booked_it_may_cancel_it_as_a_member_too(
    app: Flask, carol: User, browser_of: Browsers, booked: Booked
) -> None:
    carols = browser_of(carol)
    uid = pages.submit(carols, TUESDAY_TEN, {"name": "Carol", "email": "Carol@example.com"}).location.rpartition("/")[2]
    assert host_of(app, uid) == "Bob"
    assert pages.submit(carols, f"/booking/{uid}?cancel=true").status_code == 303
    assert booked()[0]["status"] == "CANCELLED"


@pytest.mark.usefixtures("talk")
def test_an_owner_finds_the_way_to_the_teams_bookings_and_can_reassign(
    client: FlaskClient, team: Team, alice: User, bob: User, dave: User, browser_of: Browsers
) -> None:
    uid = book(client)
    page = browser_of(alice).get(f"/booking/{uid}")
    links = {each.get("href") for each in elements(page)}
    assert {f"/teams/{team.id}/bookings/upcoming", f"/teams/{team.id}/bookings/history/{uid}"} <= links
    assert hook(page, "reassign")["href"] == f"/bookings/{uid}/reassign"
    own = {each.get("href") for each in elements(browser_of(bob).get(f"/booking/{uid}"))}
    assert {"/bookings/upcoming", f"/bookings/history/{uid}"} <= own
    for visitor in (client, browser_of(dave)):
        seen = {each.get("href") for each in elements(visitor.get(f"/booking/{uid}"))}
        assert not any(address and "bookings" in address for address in seen)


@pytest.mark.usefixtures("talk")
def test_a_page_says_to_hosts_who_cancelled(client: FlaskClient, alice: User, bob: User, browser_of: Browsers) -> None:
    uid = book(client)
    pages.submit(browser_of(alice), f"/booking/{uid}?cancel=true")
    assert "<dt>Cancelled by</dt><dd>Alice</dd>" in browser_of(bob).get(f"/booking/{uid}").text
    assert "<dt>Cancelled by</dt><dd>You</dd>" in browser_of(alice).get(f"/booking/{uid}").text
    assert "Cancelled by" not in client.get(f"/booking/{uid}").text


@pytest.mark.usefixtures("demo")
def test_a_booking_outlives_its_team(
    client: FlaskClient, app: Flask, alice: User, bob: User, browser_of: Browsers, booked: Booked
) -> None:
    uid = book(client, "/team/sales/demo?slot=2026-03-03T10:00:00Z")
    with app.app_context(), writing() as session:
        session.delete(session.query(Team).one())
    page = client.get(f"/booking/{uid}")
    assert hosts_on(page) == ["Alice", "Bob"]
    assert not hooks(page, "reschedule")
    assert client.get(f"/reschedule/{uid}").location == f"/booking/{uid}"
    assert "Demo" in browser_of(bob).get("/bookings/upcoming").text
    assert pages.submit(browser_of(bob), f"/booking/{uid}?cancel=true").status_code == 303
    assert booked()[0]["cancelled_by"] == "bob@example.com"
    assert booked()[0]["status"] == BookingStatus.CANCELLED


def test_a_request_to_move_a_meeting_says_who_hosts_the_meeting(
    client: FlaskClient, app: Flask, talk: EventType, bob: User
) -> None:
    uid = book(client)
    with app.app_context(), writing() as session:
        session.get_one(EventType, talk.id).requires_confirmation = True
    busy(app, bob, day=4)
    request = pages.submit(client, f"{TALK}?rescheduleUid={uid}&{NEXT_DAY}").location.rpartition("/")[2]
    assert host_of(app, request) == "Carol"
    page = client.get(f"{TALK}?rescheduleUid={request}&slot=2026-03-05T10:00:00Z")
    assert hook(page, "slot-host").text == "Bob stays the host."
    again = pages.submit(client, f"{TALK}?rescheduleUid={request}&slot=2026-03-05T10:00:00Z").location
    assert host_of(app, again.rpartition("/")[2]) == "Bob"

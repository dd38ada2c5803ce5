"""A team's event types: changed by its owners and admins, seen by its members."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks.accounts.models import User
from calhooks.accounts.teams.memberships import find_membership
from calhooks.accounts.teams.models import Team
from calhooks.db import db
from calhooks.scheduling.models.event_types import EventType, SchedulingType
from tests import factories
from tests.web import pages
from tests.web.markup import elements, hook, hooks

Browsers = Callable[[User], FlaskClient]
Ids = dict[str, str]


@pytest.fixture
def members(app: Flask, team: Team, alice: User, bob: User, carol: User) -> Ids:
    """The ids by which forms name members, by their usernames."""
    with app.app_context():
        for user in (alice, bob, carol):
            factories.create_schedule(user)
        found = {user.username: find_membership(db.session(), team.id, user) for user in (alice, bob, carol)}
        return {name: str(membership.id) for name, membership in found.items() if membership}


@pytest.fixture
def talk(app: Flask, team: Team, members: Ids, alice: User, bob: User) -> EventType:
    """A round robin of Alice and Bob."""
    with app.app_context():
        return factories.create_team_event_type(team, [alice, bob])


def home(team: Team) -> str:
    return f"/teams/{team.id}/event-types"


def edit(team: Team, event_type: EventType) -> str:
    return f"{home(team)}/{event_type.id}/edit"


def stored(app: Flask, event_type: EventType) -> list[tuple[str, bool, int, int]]:
    with app.app_context():
        hosts = db.session.get_one(EventType, event_type.id).hosts
        return [(each.membership.user.username, each.is_fixed, each.priority, each.weight) for each in hosts]


def test_an_empty_page_says_what_a_team_can_offer(team: Team, alice: User, bob: User, browser_of: Browsers) -> None:
    page = browser_of(alice).get(home(team))
    assert "One link for all of Sales" in hook(page, "empty-screen").text
    assert hook(page, "new-event-type")["href"] == f"{home(team)}/new"
    page = browser_of(bob).get(home(team))
    assert "An owner or admin can create event types." in hook(page, "empty-screen").text
    assert not hooks(page, "new-event-type")


def test_a_new_one_can_be_booked_at_the_teams_address(
    app: Flask, team: Team, members: Ids, alice: User, browser_of: Browsers, client: FlaskClient
) -> None:
    typed = {
        "title": "Talk",
        "schedulingType": "ROUND_ROBIN",
        "hosts": [members["bob"], members["alice"]],
        "fixedHosts": members["alice"],
        f"hostPriority-{members['bob']}": "high",
        f"hostWeight-{members['bob']}": "150",
    }
    browser = browser_of(alice)
    answer = pages.submit(browser, f"{home(team)}/new", typed)
    assert (answer.status_code, answer.location) == (303, home(team))
    page = browser.get(home(team))
    links = [element["data-copy-text"] for element in elements(page) if element.get("data-copy-text")]
    assert links == ["http://localhost/team/sales/talk"]
    assert client.get("/team/sales/talk").status_code == 200
    with app.app_context():
        (made,) = db.session.query(EventType).all()
    assert stored(app, made) == [("bob", False, 3, 150), ("alice", True, 2, 100)]
    assert "Nothing to book yet" in browser.get("/event-types").text


def test_the_form_shows_what_is_kept_and_changes_only_what_is_typed(
    app: Flask, team: Team, members: Ids, talk: EventType, alice: User, browser_of: Browsers
) -> None:
    browser, path = browser_of(alice), edit(team, talk)
    typed = {
        "schedulingType": "COLLECTIVE",
        "hosts": [members["carol"], members["bob"]],
        "fixedHosts": members["bob"],
        f"hostPriority-{members['carol']}": "lowest",
        f"hostWeight-{members['carol']}": "20",
        "keepsHost": None,
    }
    assert pages.submit(browser, path, typed).status_code == 303
    fields = pages.post_form(browser.get(path)).fields
    assert fields.getlist("hosts") == [members["carol"], members["bob"]]
    assert fields.getlist("fixedHosts") == [members["bob"]]
    assert fields["schedulingType"] == "COLLECTIVE"
    assert "keepsHost" not in fields
    assert (fields[f"hostPriority-{members['carol']}"], fields[f"hostWeight-{members['carol']}"]) == ("lowest", "20")
    assert pages.submit(browser, path, {"keepsHost": "y"}).status_code == 303
    assert "keepsHost" in pages.post_form(browser.get(path)).fields
    assert stored(app, talk) == [("carol", False, 0, 20), ("bob", True, 2, 100)]


def test_a_form_that_lacks_fields_leaves_them(
    app: Flask, team: Team, members: Ids, talk: EventType, alice: User, browser_of: Browsers
) -> None:
    browser, path = browser_of(alice), edit(team, talk)
    pages.submit(browser, path, {"keepsHost": None, f"hostWeight-{members['bob']}": "70", "schedule": "1"})
    sent = {"csrf_token": pages.csrf_token(browser, path), "title": "Short form", "length": "20", "slug": "talk"}
    assert browser.post(path, data=sent).status_code == 303
    with app.app_context():
        kept = db.session.get_one(EventType, talk.id)
        assert (kept.title, kept.keeps_host, kept.scheduling_type) == ("Short form", False, SchedulingType.ROUND_ROBIN)
        assert kept.schedule_id == 1
    assert stored(app, talk) == [("alice", False, 2, 100), ("bob", False, 2, 70)]


def test_a_script_needs_no_more_than_the_documented_fields(
    app: Flask, team: Team, members: Ids, alice: User, browser_of: Browsers
) -> None:
    browser, path = browser_of(alice), f"{home(team)}/new"
    sent = {"csrf_token": pages.csrf_token(browser, path), "title": "Demo", "length": "30"}
    sent |= {"schedulingType": "COLLECTIVE", "hosts": [members["bob"], members["carol"]]}
    assert browser.post(path, data=sent).status_code == 303
    with app.app_context():
        (made,) = db.session.query(EventType).all()
        assert (made.keeps_host, made.schedule_id, made.scheduling_type) == (True, None, SchedulingType.COLLECTIVE)
    assert stored(app, made) == [("bob", False, 2, 100), ("carol", False, 2, 100)]


def test_wrong_input_comes_back_with_all_that_was_typed(
    app: Flask, team: Team, members: Ids, talk: EventType, alice: User, browser_of: Browsers
) -> None:
    bob, carol = members["bob"], members["carol"]
    typed = {
        "title": " ",
        "hosts": [carol, bob],
        "fixedHosts": carol,
        f"hostWeight-{bob}": "lots",
        f"hostPriority-{bob}": "lowest",
        "keepsHost": None,
    }
    answer = pages.submit(browser_of(alice), edit(team, talk), typed)
    assert answer.status_code == 422
    assert "Enter a percentage from 1 to 1,000." in answer.text
    assert "Bob: Enter a percentage" in answer.text
    fields = pages.post_form(answer).fields
    assert fields.getlist("hosts") == [carol, bob]
    assert fields.getlist("fixedHosts") == [carol]
    assert (fields[f"hostWeight-{bob}"], fields[f"hostPriority-{bob}"]) == ("lots", "lowest")
    assert "keepsHost" not in fields
    assert [name for name, *_ in stored(app, talk)] == ["alice", "bob"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"hosts": None}, "Choose at least one host."),
        ({"hosts": ["99999"]}, "Choose members of this team only."),
        ({"hosts": ["x", "²"]}, "Choose members of this team only."),
        ({"hosts": ["1"] * 51}, "Choose at most 50 hosts."),
        ({"schedulingType": "MANAGED"}, "Choose Round robin or Collective."),
        ({"schedule": "99999"}, "Choose one of your schedules."),
        ({"slug": "taken"}, "The team already has an event type with this address."),
    ],
)
def test_what_cannot_be_is_said_at_its_field(
    app: Flask,
    team: Team,
    talk: EventType,
    alice: User,
    browser_of: Browsers,
    typed: dict[str, str | list[str] | None],
    sentence: str,
) -> None:
    with app.app_context():
        factories.create_team_event_type(team, [alice], slug="taken")
    answer = pages.submit(browser_of(alice), edit(team, talk), typed)
    assert (answer.status_code, sentence in answer.text) == (422, True)


def test_hosts_are_moved_by_a_button_and_nothing_typed_is_lost(
    app: Flask, team: Team, members: Ids, talk: EventType, alice: User, browser_of: Browsers
) -> None:
    browser, path = browser_of(alice), edit(team, talk)
    answer = pages.submit(browser, path, {"title": "Not saved yet", "raiseHost": members["bob"]})
    fields = pages.post_form(answer).fields
    assert fields.getlist("hosts") == [members["bob"], members["alice"]]
    assert fields["title"] == "Not saved yet"
    assert [name for name, *_ in stored(app, talk)] == ["alice", "bob"]
    headers = {"HX-Request": "true", "HX-Target": "hosts"}
    fields["csrf_token"] = pages.csrf_token(browser, path)
    part = browser.post(path, data=fields | {"raiseHost": members["alice"]}, headers=headers)
    assert (part.status_code, "<html" in part.text, "hostRows" in part.text) == (200, False, True)


def test_another_members_schedule_keeps_its_name_to_itself(
    app: Flask, team: Team, talk: EventType, alice: User, bob: User, browser_of: Browsers
) -> None:
    with app.app_context():
        secret = factories.create_schedule(bob)
        db.session.get_one(EventType, talk.id).schedule_id = secret.id
        secret.name = "Parole office"
        db.session.commit()
        number = secret.id
    page = browser_of(alice).get(edit(team, talk))
    assert "Parole office" not in page.text
    assert pages.post_form(page).fields["schedule"] == str(number)
    assert "Another member’s schedule for all hosts (set now)" in page.text
    assert pages.submit(browser_of(alice), edit(team, talk), {"title": "New"}).status_code == 303


def test_members_see_everything_and_change_nothing(
    app: Flask, team: Team, members: Ids, talk: EventType, bob: User, dave: User, browser_of: Browsers
) -> None:
    browser, stranger = browser_of(bob), browser_of(dave)
    page = browser.get(home(team))
    assert f"{home(team)}/{talk.id}/hosts" in page.text
    assert f"{home(team)}/{talk.id}/edit" not in page.text
    token = pages.csrf_token(browser, "/settings/password")
    for action in ("edit", "hidden", "duplicate", "move", "delete"):
        path = f"{home(team)}/{talk.id}/{action}"
        assert browser.post(path, data={"csrf_token": token}).status_code == 403
    for path in (f"{home(team)}/new", edit(team, talk), f"{home(team)}/{talk.id}/delete"):
        assert browser.get(path).status_code == 403
    for path in (home(team), f"{home(team)}/new", edit(team, talk), f"{home(team)}/{talk.id}/hosts"):
        assert stranger.get(path).status_code == 404
    assert browser.get(f"/event-types/{talk.id}/edit").status_code == 404
    assert [name for name, *_ in stored(app, talk)] == ["alice", "bob"]


def test_a_team_hides_copies_moves_and_deletes(
    team: Team, talk: EventType, alice: User, browser_of: Browsers, client: FlaskClient
) -> None:
    browser = browser_of(alice)
    answer = pages.submit(browser, home(team), to=f"{home(team)}/{talk.id}/duplicate")
    fields = pages.post_form(browser.get(answer.location)).fields
    assert (fields["slug"], len(fields.getlist("hosts"))) == ("talk-copy", 2)
    pages.submit(browser, home(team), {"direction": "down"}, to=f"{home(team)}/{talk.id}/move")
    page = browser.get(home(team))
    assert page.text.index("/team/sales/talk<") > page.text.index("/team/sales/talk-copy<")
    htmx = {"HX-Request": "true"}
    answer = pages.submit(browser, home(team), to=f"{home(team)}/{talk.id}/hidden", headers=htmx)
    assert "public page. Its link still works." in answer.headers["HX-Trigger"]
    assert not hooks(client.get("/team/sales"), "event-type-link")
    assert pages.submit(browser, f"{home(team)}/{talk.id}/delete").location == home(team)
    assert client.get("/team/sales/talk").status_code == 404


@pytest.mark.usefixtures("watch")
def test_every_member_sees_who_is_next_and_why(
    app: Flask, team: Team, talk: EventType, alice: User, bob: User, browser_of: Browsers
) -> None:
    browser, path = browser_of(bob), f"{home(team)}/{talk.id}/hosts"
    page = browser.get(path)
    here = [element.text for element in elements(page) if element.get("aria-current")]
    assert here == ["Teams", "Event types"]
    assert "Alice is next" in page.text
    assert "No host is further behind their share of this month’s bookings than Alice" in page.text
    with app.app_context():
        place = db.session.get_one(EventType, talk.id).hosts[0]
        place.credit, place.credit_month = -0.5, "2026-03"
        db.session.commit()
    page = browser.get(path)
    assert "Bob is next" in page.text
    assert "Of 2 hosts, Bob is furthest behind their share of this month’s bookings." in page.text
    assert "0.5 ahead" in page.text


@pytest.mark.usefixtures("watch")
def test_a_time_can_be_asked_about(
    app: Flask, team: Team, talk: EventType, alice: User, bob: User, browser_of: Browsers
) -> None:
    browser, path = browser_of(alice), f"{home(team)}/{talk.id}/hosts"
    with app.app_context():
        start = factories.clock.now().replace(day=3, hour=10, minute=0)
        factories.create_booking(talk, start, host_id=alice.id)
    assert "Not free: Alice." in browser.get(f"{path}?at=2026-03-03T10:00").text
    assert "Not enough hosts are free." in browser.get(f"{path}?at=2026-03-03T22:00").text
    assert "This time has passed." in browser.get(f"{path}?at=2026-03-02T08:00").text
    for wrong in ("", "soon", "9999-12-31T23:59", "0001-01-01T00:00"):
        assert "Enter a day and a time." in browser.get(f"{path}?at={wrong}").text


def test_without_hosts_the_page_says_what_is_missing(
    app: Flask, team: Team, alice: User, bob: User, browser_of: Browsers
) -> None:
    with app.app_context():
        empty = factories.create_team_event_type(team, [])
    page = browser_of(alice).get(f"{home(team)}/{empty.id}/hosts")
    assert "Nobody can book this until it has a host." in page.text
    assert "No hosts. Nobody can book this." in browser_of(bob).get(home(team)).text


def test_places_are_a_teams_also_those_just_added(
    team: Team, talk: EventType, alice: User, browser_of: Browsers
) -> None:
    answer = pages.submit(browser_of(alice), edit(team, talk), {"addPlace": "y"})
    assert answer.text.count("A host calls the attendee") == 2
    assert "I call people" not in answer.text

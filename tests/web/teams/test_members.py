"""Tests of a team's members: roles, handing over, leaving, removing, and the meetings that are left behind."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.accounts.teams.memberships import find_membership
from calhooks.accounts.teams.models import Role, Team
from calhooks.db import db, writing
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from tests import factories
from tests.web import pages

Browsers = Callable[[User], FlaskClient]
HTMX = {"HX-Request": "true"}


def role_of(app: Flask, team: Team, user: User) -> str | None:
    with app.app_context():
        found = find_membership(db.session(), team.id, user)
        return found.role if found else None


def number_of(app: Flask, team: Team, user: User) -> int:
    with app.app_context():
        found = find_membership(db.session(), team.id, user)
        assert found is not None
        return found.id


@pytest.fixture
def meeting(app: Flask, alice: User, bob: User, team: Team) -> Booking:
    """A meeting with Bob, tomorrow."""
    with app.app_context():
        event_type = factories.create_team_event_type(team, [alice, bob])
        return factories.create_booking(event_type, clock.now() + timedelta(days=1), host_id=bob.id)


def test_members_see_each_other_with_roles_and_initials(browser_of: Browsers, bob: User, team: Team) -> None:
    page = browser_of(bob).get(f"/teams/{team.id}/members").text
    for words in ("Alice", "Owner", "bob@example.com", "(you)", "Joined", ">A</span>", "Leave team"):
        assert words in page, words
    for words in ("Remove from team", "Change role", "/invite", "Hand over"):
        assert words not in page, words


def test_what_is_offered_is_what_may_be_done(app: Flask, browser_of: Browsers, dave: User, team: Team) -> None:
    with app.app_context():
        factories.create_membership(team, dave, Role.ADMIN)
    page = browser_of(dave).get(f"/teams/{team.id}/members").text
    assert "Change role to admin" in page
    assert "Change role to owner" not in page
    assert "Hand over" not in page
    assert page.count("Remove from team") == 2


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["browser", "htmx"])
def test_an_owner_changes_a_role(
    app: Flask, browser_of: Browsers, alice: User, bob: User, team: Team, headers: dict[str, str]
) -> None:
    browser, number = browser_of(alice), number_of(app, team, bob)
    page = browser.get(f"/teams/{team.id}/members")
    form = pages.post_form(page, f"/teams/{team.id}/members/{number}/role")
    answer = browser.post(form.path, data={**form.fields, "role": "ADMIN"}, headers=headers)
    assert answer.status_code == (200 if headers else 303)
    assert role_of(app, team, bob) == "ADMIN"
    if headers:
        assert 'id="members"' in answer.text
        assert "Bob is now an admin." in answer.headers["HX-Trigger"]


@pytest.mark.parametrize("role", ["", "BOSS", "owner"])
def test_an_unknown_role_is_refused(
    app: Flask, browser_of: Browsers, alice: User, bob: User, team: Team, role: str
) -> None:
    browser = browser_of(alice)
    sent = {"role": role, "csrf_token": pages.csrf_token(browser, "/teams/new")}
    answer = browser.post(f"/teams/{team.id}/members/{number_of(app, team, bob)}/role", data=sent)
    assert answer.status_code == 400
    assert role_of(app, team, bob) == "MEMBER"


def test_the_last_owner_is_told_to_hand_over_first(app: Flask, browser_of: Browsers, alice: User, team: Team) -> None:
    browser, number = browser_of(alice), number_of(app, team, alice)
    token = pages.csrf_token(browser, "/teams/new")
    for path, sent in ((f"{number}/role", {"role": "MEMBER"}), ("leave", {})):
        answer = browser.post(
            f"/teams/{team.id}/members/{path}", data=sent | {"csrf_token": token}, follow_redirects=True
        )
        assert "You are the only owner. Hand the team over to another member first." in answer.text, path
    assert role_of(app, team, alice) == "OWNER"


def test_a_team_is_handed_over(app: Flask, browser_of: Browsers, alice: User, bob: User, team: Team) -> None:
    path = f"/teams/{team.id}/members/{number_of(app, team, bob)}/hand-over"
    page = pages.submit(browser_of(alice), path, follow_redirects=True)
    assert "Bob is now an owner, and you are an admin." in page.text
    assert (role_of(app, team, bob), role_of(app, team, alice)) == ("OWNER", "ADMIN")
    assert browser_of(alice).get(path).status_code == 403


def test_removing_names_the_meetings_before_and_after(
    app: Flask, browser_of: Browsers, alice: User, bob: User, team: Team, meeting: Booking
) -> None:
    browser, path = browser_of(alice), f"/teams/{team.id}/members/{number_of(app, team, bob)}/remove"
    asked = browser.get(path).text
    assert "Bob hosts 1 future meeting." in asked
    assert f"/teams/{team.id}/bookings/{meeting.uid}/reassign" in asked
    assert f"/booking/{meeting.uid}?cancel=true" in asked
    page = pages.submit(browser, path, follow_redirects=True)
    assert page.request.path == f"/teams/{team.id}/members/left"
    assert f"/teams/{team.id}/bookings/{meeting.uid}/reassign" in page.text
    assert role_of(app, team, bob) is None
    assert browser.get(f"/teams/{team.id}/bookings/{meeting.uid}/reassign").status_code == 200
    notice = "1 future meeting has a host who has left the team."
    for where in ("members", "bookings/upcoming", "bookings/past"):
        assert notice in browser.get(f"/teams/{team.id}/{where}").text, where
    with app.app_context(), writing() as database:
        database.get_one(Booking, meeting.id).status = BookingStatus.CANCELLED
    assert notice not in browser.get(f"/teams/{team.id}/members").text
    assert "Nothing to reassign" in browser.get(f"/teams/{team.id}/members/left").text


def test_who_hosts_nothing_is_removed_in_the_list(
    app: Flask, browser_of: Browsers, alice: User, bob: User, team: Team
) -> None:
    browser, path = browser_of(alice), f"/teams/{team.id}/members/{number_of(app, team, bob)}/remove"
    form = pages.post_form(browser.get(path))
    answer = browser.post(path, data=form.fields, headers=HTMX)
    assert 'hx-swap-oob="true"' in answer.text
    assert "bob@example.com" not in answer.text
    assert "closeModal" in answer.headers["HX-Trigger"]


def test_an_owner_who_removes_themselves_is_asked_whether_to_leave(
    app: Flask, browser_of: Browsers, alice: User, dave: User, team: Team
) -> None:
    with app.app_context():
        factories.create_membership(team, dave, Role.OWNER)
    browser, path = browser_of(dave), f"/teams/{team.id}/members/{number_of(app, team, dave)}/remove"
    assert browser.get(path).location == f"/teams/{team.id}/members/leave"
    sent = {"csrf_token": pages.csrf_token(browser, "/teams/new")}
    assert browser.post(path, data=sent, headers=HTMX).headers["HX-Redirect"] == f"/teams/{team.id}/members/leave"
    assert role_of(app, team, dave) == "OWNER"


def test_a_person_leaves_and_sees_nothing_more(
    app: Flask, browser_of: Browsers, alice: User, bob: User, team: Team, meeting: Booking
) -> None:
    browser = browser_of(bob)
    assert "You host 1 future meeting." in browser.get(f"/teams/{team.id}/members/leave").text
    page = pages.submit(browser, f"/teams/{team.id}/members/leave", follow_redirects=True)
    assert page.request.path == "/teams"
    assert "You have left “Sales”." in page.text
    for path in ("members", "event-types", "bookings/upcoming", "webhooks", "settings", "members/left"):
        assert browser.get(f"/teams/{team.id}/{path}").status_code == 404, path
    assert meeting.title not in browser.get("/bookings/upcoming").text


def test_members_see_meetings_that_are_left_and_admins_change_them(
    app: Flask, browser_of: Browsers, carol: User, bob: User, team: Team, meeting: Booking
) -> None:
    pages.submit(browser_of(bob), f"/teams/{team.id}/members/leave")
    page = browser_of(carol).get(f"/teams/{team.id}/members/left").text
    assert meeting.title in page
    assert "/reassign" not in page
    assert "has left the team." not in browser_of(carol).get(f"/teams/{team.id}/members").text


def test_admins_cannot_remove_an_owner(app: Flask, browser_of: Browsers, alice: User, dave: User, team: Team) -> None:
    with app.app_context():
        factories.create_membership(team, dave, Role.ADMIN)
    browser, number = browser_of(dave), number_of(app, team, alice)
    token = pages.csrf_token(browser, "/teams/new")
    for path, sent in ((f"{number}/remove", {}), (f"{number}/role", {"role": "MEMBER"}), (f"{number}/hand-over", {})):
        answer = browser.post(f"/teams/{team.id}/members/{path}", data=sent | {"csrf_token": token})
        assert answer.status_code == 403, path
        assert "Only the team’s owners can do this." in answer.text, path
    assert role_of(app, team, alice) == "OWNER"


def test_a_member_of_another_team_is_not_there(
    app: Flask, browser_of: Browsers, alice: User, dave: User, team: Team
) -> None:
    with app.app_context():
        other = factories.create_team(dave, slug="other")
    number, browser = number_of(app, other, dave), browser_of(alice)
    token = pages.csrf_token(browser, "/teams/new")
    for path in ("remove", "role", "hand-over"):
        sent = {"role": "ADMIN", "csrf_token": token}
        assert browser.post(f"/teams/{team.id}/members/{number}/{path}", data=sent).status_code == 404, path
    assert role_of(app, other, dave) == "OWNER"


def test_who_is_who_to_every_page_of_a_teams_members(
    app: Flask, browser_of: Browsers, client: FlaskClient, bob: User, dave: User, carol: User, team: Team
) -> None:
    number = number_of(app, team, carol)
    member, stranger = browser_of(bob), browser_of(dave)
    seen = {"members": 200, "members/left": 200, "members/leave": 200, "settings": 200}
    changed = ("members/invite", f"members/{number}/remove", f"members/{number}/hand-over", "settings/delete")
    for path, status in {**seen, **dict.fromkeys(changed, 403)}.items():
        where = f"/teams/{team.id}/{path}"
        assert member.get(where).status_code == status, path
        assert stranger.get(where).status_code == 404, path
        assert client.get(where).location == f"/login?next={where}", path
    posted = (*changed, f"members/{number}/role", "members/invitations/1/revoke", "settings")
    tokens = {browser: pages.csrf_token(browser, "/teams/new") for browser in (member, stranger)}
    for path in posted:
        where = f"/teams/{team.id}/{path}"
        assert member.post(where, data={"csrf_token": tokens[member]}).status_code == 403, path
        assert stranger.post(where, data={"csrf_token": tokens[stranger]}).status_code == 404, path
        assert member.post(where).status_code == 400, path
    assert stranger.post(f"/teams/{team.id}/members/leave", data={"csrf_token": tokens[stranger]}).status_code == 404
    assert role_of(app, team, carol) == "MEMBER"

"""Tests of the list of teams, making one, and a team's settings."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.accounts.teams.memberships import list_members
from calhooks.accounts.teams.models import Role, Team
from calhooks.db import db
from tests import factories
from tests.web import pages

Browsers = Callable[[User], FlaskClient]
TYPED = {"name": "Support", "slug": "", "description": "We *help*.", "timeZone": "Asia/Tokyo"}


def test_a_person_without_teams_learns_what_they_are_for(browser_of: Browsers, dave: User) -> None:
    page = browser_of(dave).get("/teams")
    assert "No teams yet" in page.text
    assert "/teams/new" in page.text


def test_a_team_is_made_and_leads_to_its_members(app: Flask, browser_of: Browsers, dave: User) -> None:
    browser = browser_of(dave)
    page = pages.submit(browser, "/teams/new", TYPED, follow_redirects=True)
    with app.app_context():
        team = db.session.scalars(select(Team)).one()
        assert (team.name, team.slug, team.description, team.time_zone) == (
            *("Support", "support", "We *help*.", "Asia/Tokyo"),
        )
        assert [each.role for each in list_members(db.session(), [team.id])[team.id]] == [Role.OWNER]
    assert page.request.path == f"/teams/{team.id}/members"
    assert "Invite your colleagues next." in page.text
    assert "Support" in browser.get("/teams").text


def test_the_form_begins_with_the_zone_of_its_person(browser_of: Browsers, dave: User) -> None:
    form = pages.post_form(browser_of(dave).get("/teams/new"))
    assert form.fields["timeZone"] == "Europe/London"


def test_a_team_made_without_a_time_zone_has_its_makers(app: Flask, browser_of: Browsers, dave: User) -> None:
    answer = pages.submit(browser_of(dave), "/teams/new", TYPED | {"timeZone": None})
    assert answer.status_code == 303
    with app.app_context():
        assert db.session.scalars(select(Team)).one().time_zone == "Europe/London"


def test_what_is_wrong_is_said_at_its_field(browser_of: Browsers, dave: User, team: Team) -> None:
    browser = browser_of(dave)
    answer = pages.submit(browser, "/teams/new", {"name": "Help <b>", "slug": "Sales", "timeZone": "Europe/London"})
    assert answer.status_code == 422
    assert "Another team has this slug." in answer.text
    assert 'value="Help &lt;b&gt;"' in answer.text
    answer = pages.submit(browser, "/teams/new", {"name": "", "slug": "a/b", "timeZone": "Mars/Base"})
    assert answer.status_code == 422
    assert all(f'id="{name}-error"' in answer.text for name in ("name", "slug", "timeZone"))


def test_a_person_with_too_many_teams_is_told(
    app: Flask, browser_of: Browsers, alice: User, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calhooks.accounts.teams.editing.MAX_TEAMS", 1)
    page = pages.submit(browser_of(alice), "/teams/new", TYPED, follow_redirects=True)
    assert "You can belong to 1 teams at most." in page.text


def test_the_list_shows_only_ones_own_teams(app: Flask, browser_of: Browsers, bob: User, team: Team) -> None:
    with app.app_context():
        factories.create_team(factories.create_user("eve"), slug="secret", name="Secret")
    page = browser_of(bob).get("/teams")
    assert "Sales" in page.text
    assert "3 members" in page.text
    assert "Secret" not in page.text


def test_the_main_navigation_leads_out_of_a_team(browser_of: Browsers, alice: User, team: Team) -> None:
    for path in ("members", "event-types", "bookings/upcoming", "webhooks", "settings"):
        page = browser_of(alice).get(f"/teams/{team.id}/{path}")
        assert page.status_code == 200, path
        for own in ("/event-types", "/bookings/upcoming", "/availability", "/integrations", "/teams"):
            assert f'class="nav-link" href="{own}"' in page.text, (path, own)
        for tab in ("members", "event-types", "bookings/upcoming", "webhooks", "settings"):
            assert f'class="tab" href="/teams/{team.id}/{tab}"' in page.text, (path, tab)
        title = page.text.partition("<title>")[2].partition("</title>")[0]
        assert title.endswith(" · Sales · calhooks"), path
        assert title.count("Sales") == 1, path


@pytest.mark.parametrize(
    ("path", "tab"),
    [
        ("members", "members"),
        ("members/invite", "members"),
        ("members/left", "members"),
        ("members/leave", "members"),
        ("event-types", "event-types"),
        ("event-types/new", "event-types"),
        ("availability/why", "event-types"),
        ("bookings/past", "bookings/upcoming"),
        ("webhooks", "webhooks"),
        ("webhooks/new", "webhooks"),
        ("settings", "settings"),
        ("settings/delete", "settings"),
    ],
)
def test_every_page_of_a_team_is_below_its_tab(
    browser_of: Browsers, alice: User, team: Team, path: str, tab: str
) -> None:
    page = browser_of(alice).get(f"/teams/{team.id}/{path}").text
    tabs = page.partition('aria-label="Team"')[2].partition("</nav>")[0]
    current = [line for line in tabs.splitlines() if "aria-current" in line]
    assert len(current) == 1
    assert f'href="/teams/{team.id}/{tab}"' in current[0]


def test_a_persons_own_pages_have_no_tabs_of_a_team(browser_of: Browsers, alice: User, team: Team) -> None:
    for path in ("/event-types", "/bookings/upcoming", "/integrations", "/teams"):
        page = browser_of(alice).get(path).text
        assert "team-head" not in page, path
        assert "Sales · calhooks" not in page, path


def test_the_name_of_a_team_is_escaped_in_the_title(app: Flask, browser_of: Browsers, alice: User) -> None:
    with app.app_context():
        team = factories.create_team(alice, slug="odd", name="</title><script>alert(1)</script>")
    assert "<script>alert" not in browser_of(alice).get(f"/teams/{team.id}/members").text


def test_the_address_of_a_team_leads_to_its_members(browser_of: Browsers, bob: User, team: Team) -> None:
    assert browser_of(bob).get(f"/teams/{team.id}").location == f"/teams/{team.id}/members"


def test_settings_are_changed(app: Flask, browser_of: Browsers, alice: User, team: Team) -> None:
    browser = browser_of(alice)
    answer = pages.submit(browser, f"/teams/{team.id}/settings", TYPED | {"slug": "help"})
    assert (answer.status_code, answer.location) == (303, f"/teams/{team.id}/settings")
    with app.app_context():
        changed = db.session.get_one(Team, team.id)
        assert (changed.name, changed.slug, changed.time_zone) == ("Support", "help", "Asia/Tokyo")
    assert pages.submit(browser, f"/teams/{team.id}/settings", {"name": ""}).status_code == 422


def test_settings_that_a_form_lacks_stay(app: Flask, browser_of: Browsers, alice: User, team: Team) -> None:
    browser, path = browser_of(alice), f"/teams/{team.id}/settings"
    pages.submit(browser, path, TYPED | {"slug": "help"})
    rest = {"name": "Desk", "slug": None, "description": None, "timeZone": None}
    assert pages.submit(browser, path, rest).status_code == 303
    with app.app_context():
        kept = db.session.get_one(Team, team.id)
        assert (kept.name, kept.slug, kept.description, kept.time_zone) == (
            "Desk",
            "help",
            TYPED["description"],
            "Asia/Tokyo",
        )


def test_members_read_settings_and_do_not_change_them(
    app: Flask, browser_of: Browsers, alice: User, bob: User, team: Team
) -> None:
    browser = browser_of(bob)
    page = browser.get(f"/teams/{team.id}/settings")
    assert "http://localhost/team/sales" in page.text
    assert "<textarea" not in page.text
    answer = browser.post(
        f"/teams/{team.id}/settings", data=TYPED | {"csrf_token": pages.csrf_token(browser, "/teams/new")}
    )
    assert answer.status_code == 403
    assert "Only the team’s owners and admins can change this." in answer.text
    with app.app_context():
        assert db.session.get_one(Team, team.id).name == "Sales"


def test_deleting_says_what_goes_and_deletes(
    app: Flask, browser_of: Browsers, alice: User, bob: User, team: Team
) -> None:
    with app.app_context():
        event_type = factories.create_team_event_type(team, [alice, bob])
        factories.create_booking(event_type, clock.now() + timedelta(days=1), host_id=bob.id)
    browser, path = browser_of(alice), f"/teams/{team.id}/settings/delete"
    asked = browser.get(path).text
    assert "1 event type," in asked
    assert "3 memberships" in asked
    assert "1 future meeting stays booked." in asked
    page = pages.submit(browser, path, follow_redirects=True)
    assert "“Sales” is deleted." in page.text
    assert browser.get(f"/teams/{team.id}/members").status_code == 404
    assert browser_of(bob).get("/bookings/upcoming").text.count('data-testid="booking-item"') == 1


def test_a_team_with_meetings_of_people_who_have_left_is_not_deleted(
    app: Flask, browser_of: Browsers, alice: User, bob: User, team: Team
) -> None:
    with app.app_context():
        event_type = factories.create_team_event_type(team, [alice, bob])
        factories.create_booking(event_type, clock.now() + timedelta(days=1), host_id=bob.id)
    pages.submit(browser_of(bob), f"/teams/{team.id}/members/leave")
    browser, path = browser_of(alice), f"/teams/{team.id}/settings/delete"
    assert "1 future meeting has a host who has left the team." in browser.get(path).text
    page = pages.submit(browser, path, follow_redirects=True)
    assert page.request.path == f"/teams/{team.id}/members/left"
    assert "Reassign or cancel them first." in page.text


def test_admins_do_not_delete_a_team(app: Flask, browser_of: Browsers, dave: User, team: Team) -> None:
    with app.app_context():
        factories.create_membership(team, dave, Role.ADMIN)
    browser = browser_of(dave)
    assert "Delete team" not in browser.get(f"/teams/{team.id}/settings").text
    assert browser.get(f"/teams/{team.id}/settings/delete").status_code == 403


def test_no_fixed_address_lies_where_teams_have_their_slugs(app: Flask) -> None:
    """So that no slug needs to be reserved."""
    below = [rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/team/")]
    assert below
    assert all(rule.startswith("/team/<") for rule in below)


def test_an_administrator_sees_that_teams_exist_not_what_they_do(
    app: Flask, admin: FlaskClient, alice: User, team: Team
) -> None:
    page = admin.get("/settings/people").text
    assert "Sales" in page
    assert "Alice (owner)" in page
    for path in ("members", "event-types", "bookings/upcoming", "webhooks", "settings"):
        assert f"/teams/{team.id}/{path}" not in page
        assert admin.get(f"/teams/{team.id}/{path}").status_code == 404

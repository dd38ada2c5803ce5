"""A team's pages by keyboard, and with long names on a phone."""

from collections.abc import Callable

import pytest
from flask import Flask

from calhooks.accounts.models import User
from calhooks.accounts.teams import invitations
from calhooks.accounts.teams.models import Role, Team
from calhooks.db import writing
from tests import factories

sync_api = pytest.importorskip("playwright.sync_api", reason="browser tests need Playwright for Python")
expect, Page = sync_api.expect, sync_api.Page

OpenPage = Callable[..., Page]
LONG = "Wolfeschlegelsteinhausenbergerdorff" * 2


def test_the_focus_stays_in_the_list_when_an_invitation_is_revoked(
    app: Flask, team: Team, alice: User, signed_in: OpenPage
) -> None:
    with app.app_context(), writing() as session:
        invitations.invite_to_team(session, team.id, Role.MEMBER, alice)
    page = signed_in(alice)
    page.goto(f"/teams/{team.id}/members")
    page.get_by_role("button", name="Revoke").press("Enter")
    expect(page.get_by_role("heading", name="Open invitations")).to_have_count(0)
    expect(page.locator("#members")).to_be_focused()


@pytest.mark.parametrize("width", [390, 1280])
def test_a_host_with_a_long_name_fits_the_page(
    app: Flask, team: Team, alice: User, signed_in: OpenPage, width: int
) -> None:
    with app.app_context():
        long = factories.create_user("long", name=LONG)
        factories.create_membership(team, long)
        event_type = factories.create_team_event_type(team, [long, alice])
    page = signed_in(alice, viewport={"width": width, "height": 844})
    page.goto(f"/teams/{team.id}/event-types/{event_type.id}/hosts")
    expect(page.get_by_role("heading", name=f"{LONG} is next")).to_be_visible()
    for wide in (page.locator("html"), page.locator(".card", has=page.locator("table"))):
        assert wide.evaluate("each => each.scrollWidth <= each.clientWidth")


def test_the_page_stays_in_place_when_a_host_is_moved_up(
    app: Flask, team: Team, alice: User, bob: User, carol: User, signed_in: OpenPage
) -> None:
    with app.app_context():
        event_type = factories.create_team_event_type(team, [alice, bob, carol])
    page = signed_in(alice, viewport={"width": 390, "height": 844})
    page.goto(f"/teams/{team.id}/event-types/{event_type.id}/edit")
    page.get_by_role("button", name="Move Carol up").press("Enter")
    expect(page.get_by_role("button", name="Move Bob up")).to_have_count(1)
    expect(page.get_by_role("button", name="Move Carol up")).to_be_focused()
    expect(page.get_by_role("button", name="Move Carol up")).to_be_in_viewport()

"""The hosts of a team's event type are chosen by their faces, put in order with the keyboard, and take turns."""

from collections.abc import Callable

import pytest
from flask import Flask

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Team
from tests import factories

sync_api = pytest.importorskip("playwright.sync_api", reason="browser tests need Playwright for Python")
expect, Page = sync_api.expect, sync_api.Page

OpenPage = Callable[..., Page]


@pytest.mark.parametrize("with_script", [True, False], ids=["script", "no-script"])
def test_an_admin_makes_a_round_robin(
    app: Flask, team: Team, alice: User, bob: User, signed_in: OpenPage, with_script: bool
) -> None:
    with app.app_context():
        for user in (alice, bob):
            factories.create_schedule(user)
    page = signed_in(alice, java_script_enabled=with_script, viewport={"width": 390, "height": 844})
    page.goto(f"/teams/{team.id}/event-types/new")
    page.get_by_label("Title").fill("Talk to sales")
    page.get_by_role("checkbox", name="Bob", exact=True).check()
    page.get_by_role("checkbox", name="Alice", exact=True).check()
    page.get_by_label("Weight of Bob").fill("much")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_text("Enter a percentage from 1 to 1,000.").first).to_be_visible()
    page.get_by_label("Weight of Bob").fill("50")
    page.get_by_role("button", name="Move Bob up").press("Enter")
    expect(page.get_by_role("button", name="Move Alice up")).to_be_visible()
    expect(page.get_by_label("Weight of Bob")).to_have_value("50")
    expect(page.get_by_label("Weight of Carol")).to_be_hidden()
    page.get_by_role("button", name="Create", exact=True).click()
    page.get_by_role("link", name="Talk to sales", exact=True).click()
    expect(page.get_by_role("button", name="Move Alice up")).to_be_visible()
    page.get_by_label("Collective").check()
    expect(page.get_by_label("Weight of Bob")).to_be_hidden()
    page.get_by_role("link", name="Who is next").click()
    expect(page.get_by_role("heading", name="Alice is next")).to_be_visible()

"""Sessions under Settings, as people end them."""

import re
from collections.abc import Callable

import pytest
from flask import Flask

from calhooks.accounts import sessions
from calhooks.accounts.models import User
from calhooks.db import writing

sync_api = pytest.importorskip("playwright.sync_api", reason="browser tests need Playwright for Python")
expect, Page = sync_api.expect, sync_api.Page

OpenPage = Callable[..., Page]
ELSEWHERE = ("Safari on iPhone", "Firefox on Windows", "Edge on Windows")


def test_sessions_are_ended_one_by_one_and_all_others(app: Flask, rick: User, signed_in: OpenPage) -> None:
    with app.app_context(), writing() as database:
        for client in ELSEWHERE:
            sessions.begin_session(database, user_id=rick.id, password_hash="", browser=sessions.Browser(client, "::1"))
    page = signed_in(rick)
    page.goto("/settings/profile")
    page.get_by_role("link", name="Sessions").click()
    rows = page.get_by_role("list", name="Sessions").get_by_role("listitem")
    expect(rows).to_have_count(4)
    expect(rows.filter(has_text="This session")).to_have_count(1)
    page.get_by_role("link", name="End the session of Firefox on Windows").click()
    box = page.get_by_role("dialog", name="End this session?")
    box.get_by_role("button", name="End session").click()
    expect(box).to_be_hidden()
    expect(page.get_by_role("status").get_by_text("Session ended.")).to_be_visible()
    expect(rows).to_have_count(3)
    page.get_by_role("link", name="End all others").click()
    box = page.get_by_role("dialog", name="End all other sessions?")
    box.get_by_role("button", name="End sessions").click()
    expect(box).to_be_hidden()
    expect(rows).to_have_count(1)
    expect(page.get_by_text("You are not signed in anywhere else.")).to_be_visible()
    expect(page).to_have_url(re.compile("/settings/sessions$"))
    page.get_by_role("button", name="Log out").last.click()
    expect(page).to_have_url(re.compile("/login$"))

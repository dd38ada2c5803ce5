"""How the log and the documentation are laid out: what is worked with comes first on a phone, nothing is cut off."""

from collections.abc import Callable

import pytest
from flask import Flask

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import writing
from calhooks.delivery.counting.statistics import DeliveryStatistic, hour_of
from calhooks.delivery.models.deliveries import DeliveryState
from calhooks.web.operations.docs import DOCUMENT_TITLES, FIRST_PAGE
from calhooks.webhooks.models import Webhook
from tests import factories

sync_api = pytest.importorskip("playwright.sync_api", reason="browser tests need Playwright for Python")
expect, Page = sync_api.expect, sync_api.Page

OpenPage = Callable[..., Page]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
HIDDEN = "wraps => wraps.map(wrap => wrap.scrollWidth - wrap.clientWidth).filter(hidden => hidden > 0)"
SUMMARY = "30 min meeting with Maximilian Mustermann"


@pytest.fixture
def log(app: Flask, rick: User) -> str:
    """The path of a log with one delivery, and a picture to draw."""
    with app.app_context():
        webhook = factories.create_webhook(rick)
        event = factories.create_event(rick, summary=SUMMARY)
        factories.create_delivery(webhook.endpoint, event, state=DeliveryState.FAILED, due_at=None)
        _count(webhook)
        return f"/integrations/webhooks/{webhook.id}"


def _count(webhook: Webhook) -> None:
    row = DeliveryStatistic(endpoint_id=webhook.endpoint_id, hour=hour_of(clock.now()), bucket=5)
    row.delivered, row.failed = 4, 3
    with writing() as session:
        session.add(row)


@pytest.mark.parametrize("script", [True, False])
def test_the_picture_is_one_line_on_a_phone_until_it_is_asked_for(
    signed_in: OpenPage, rick: User, log: str, script: bool
) -> None:
    page = signed_in(rick, java_script_enabled=script, **PHONE)
    page.goto(log)
    charts = page.get_by_role("region", name="Attempts and response times")
    line = page.get_by_role("checkbox", name="Last 24 hours 4 delivered 3 failed")
    expect(charts).to_be_hidden()
    line.focus()
    page.keyboard.press("Space")
    expect(charts).to_be_visible()
    charts.get_by_text("Show as a table").first.click()
    table = charts.locator(".table-wrap").first
    expect(table.get_by_role("columnheader", name="p95")).to_be_visible()
    assert table.evaluate("table => table.scrollWidth - table.clientWidth") == 0
    line.focus()
    page.keyboard.press("Space")
    expect(charts).to_be_hidden()


def test_the_picture_is_drawn_at_once_where_there_is_room(signed_in: OpenPage, rick: User, log: str) -> None:
    page = signed_in(rick)
    page.goto(log)
    expect(page.get_by_role("region", name="Attempts and response times")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Last 24 hours")).to_be_hidden()


def test_every_tab_is_seen_on_a_phone(signed_in: OpenPage, rick: User, log: str) -> None:
    page = signed_in(rick, **PHONE)
    page.goto(log)
    tabs = page.get_by_role("navigation", name="Which deliveries")
    assert tabs.evaluate("tabs => tabs.scrollWidth - tabs.clientWidth") == 0
    last = page.get_by_role("link", name="Dropped 0").bounding_box()
    assert last
    assert last["x"] + last["width"] <= 390


def test_the_log_of_all_webhooks_shows_whose_booking_it_was_in_full(signed_in: OpenPage, rick: User, log: str) -> None:
    page = signed_in(rick)
    page.goto("/integrations/deliveries")
    summary = page.locator(".log-what .truncate", has_text=SUMMARY)
    assert summary.evaluate("text => text.scrollWidth - text.clientWidth") == 0


def test_what_a_search_finds_is_seen_without_scrolling(signed_in: OpenPage, rick: User, log: str) -> None:
    page = signed_in(rick, viewport={"width": 390, "height": 600}, has_touch=True, is_mobile=True)
    page.goto(log)
    page.get_by_role("searchbox", name="Search deliveries").fill("Maximilian")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 found.")).to_be_in_viewport()
    expect(page.locator(".log-what", has_text=SUMMARY)).to_be_in_viewport()
    page.get_by_role("link", name="Failed 1").click()
    expect(page.locator(".log-what", has_text=SUMMARY)).to_be_in_viewport()


def test_no_column_of_a_table_is_hidden_on_a_phone(visitor: OpenPage) -> None:
    page = visitor(**PHONE)
    for name in DOCUMENT_TITLES:
        page.goto("/docs/webhooks" if name == FIRST_PAGE else f"/docs/webhooks/{name}")
        assert page.locator(".table-wrap").evaluate_all(HIDDEN) == [], name


def test_tables_are_scrolled_by_keyboard_where_they_are_wider_than_the_page(visitor: OpenPage) -> None:
    page = visitor(viewport={"width": 200, "height": 600})
    page.goto("/docs/webhooks/coming-from-calcom")
    table = page.locator(".table-wrap").first
    table.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("table => table.scrollLeft > 0", arg=table.element_handle())

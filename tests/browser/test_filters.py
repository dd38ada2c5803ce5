"""A filter in a real browser: built by the keyboard, tried as it is typed, and obeyed by what is sent."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.config import current_config
from calhooks.db import db, writing
from calhooks.delivery.pump.pump import Pump
from calhooks.events import Trigger
from calhooks.scheduling.bookings.events import announce_booking
from calhooks.webhooks.settings.subscriptions import list_webhooks
from tests import factories
from tests.delivery.receivers import receiving

sync_api = pytest.importorskip("playwright.sync_api", reason="browser tests need Playwright for Python")
expect, Page = sync_api.expect, sync_api.Page

OpenPage = Callable[..., Page]
START = datetime(2026, 12, 1, 10, tzinfo=UTC)


def book(app: Flask, host: User, day: int, plan: str) -> None:
    with app.app_context():
        event_type = factories.create_event_type(host, slug=f"talk-{day}")
        booking = factories.create_booking(event_type, START + timedelta(days=day), metadata_={"plan": plan})
        with writing() as session:
            announce_booking(session, session.merge(booking), Trigger.BOOKING_CREATED, datetime.now(UTC))


def focused(page: Page) -> tuple[str, int]:
    """Return the name of the field that has the focus, and which of its name it is."""
    name, place = page.evaluate(
        "(e => [e.name, [...document.getElementsByName(e.name)].indexOf(e)])(document.activeElement)"
    )
    return str(name), int(place)


def test_a_filter_built_by_keyboard_lets_one_of_two_bookings_through(
    app: Flask, signed_in: OpenPage, rick: User
) -> None:
    book(app, rick, 0, "free")
    page = signed_in(rick)
    page.goto("/integrations")
    with receiving() as receiver:
        page.get_by_test_id("new_webhook").press("Enter")
        box = page.get_by_role("dialog", name="New webhook")
        expect(box.get_by_label("Subscriber URL")).to_be_focused()
        page.keyboard.type(receiver.url)
        expect(box.get_by_label("Variable", exact=True)).to_be_hidden()
        box.get_by_text("Add conditions").press("Enter")
        page.keyboard.press("Tab")
        assert focused(page) == ("filterMatch", 0)
        page.keyboard.press("Tab")
        assert focused(page) == ("filterVariable", 0)
        page.keyboard.type("metadata.plan")
        page.keyboard.press("Escape")
        page.keyboard.press("Tab")
        assert focused(page) == ("filterOperator", 0)
        page.keyboard.press("Tab")
        page.keyboard.type("pro")
        expect(box.get_by_test_id("filter-result")).to_have_text("Your last booking would not be sent.")
        expect(box.get_by_text("metadata.plan: free")).to_be_visible()
        box.get_by_test_id("create_webhook").press("Enter")
        expect(page.get_by_role("status").get_by_text("Webhook created.")).to_be_visible()
        expect(page.locator("#webhook-list").get_by_text("Filtered")).to_be_visible()

        for day, plan in enumerate(("free", "pro", "free"), 1):
            book(app, rick, day, plan)
        with app.app_context():
            Pump(current_config()).run()
        (arrived,) = receiver.wait_for(1)
    assert json.loads(arrived.body)["payload"]["metadata"] == {"plan": "pro"}


def test_conditions_come_and_go_without_losing_the_place(app: Flask, signed_in: OpenPage, rick: User) -> None:
    book(app, rick, 0, "pro")
    page = signed_in(rick)
    page.goto("/integrations/webhooks/new")
    page.get_by_text("Add conditions").click()
    add = page.get_by_role("button", name="Add condition")
    add.press("Enter")
    assert focused(page) == ("filterVariable", 0)
    page.keyboard.type("metadata.plan")
    page.get_by_label("Value", exact=True).fill("pro")
    expect(page.get_by_test_id("filter-result")).to_have_text("Your last booking would be sent.")
    add.press("Enter")
    assert focused(page) == ("filterVariable", 1)
    page.keyboard.type("location")
    comparison, value = page.get_by_label("Comparison").nth(1), page.locator("[name=filterValue]").nth(1)
    expect(value).to_be_visible()
    comparison.select_option("is set")
    expect(value).to_be_hidden()
    expect(page.get_by_test_id("filter-result")).to_have_text("Your last booking would not be sent.")
    page.get_by_text("Any is met").click()
    expect(page.get_by_test_id("filter-result")).to_have_text("Your last booking would be sent.")
    page.get_by_role("button", name="Remove condition").first.press("Enter")
    assert focused(page) == ("filterVariable", 0)
    expect(page.get_by_label("Variable", exact=True)).to_have_value("location")
    expect(page.get_by_test_id("filter-result")).to_have_text("Your last booking would not be sent.")
    page.get_by_role("button", name="Remove condition").press("Enter")
    expect(page.get_by_label("Variable", exact=True)).to_have_value("")
    expect(page.get_by_test_id("filter-result")).to_be_hidden()


def test_an_unknown_variable_is_named_where_it_is_and_the_rest_stays(
    app: Flask, signed_in: OpenPage, rick: User
) -> None:
    page = signed_in(rick)
    page.goto("/integrations")
    page.get_by_test_id("new_webhook").click()
    box = page.get_by_role("dialog", name="New webhook")
    box.get_by_label("Subscriber URL").fill("https://example.com/hook")
    box.get_by_text("Add conditions").click()
    box.get_by_label("Variable", exact=True).fill("lenght")
    box.get_by_label("Comparison").select_option("is at least")
    box.get_by_label("Value", exact=True).fill("30")
    box.get_by_test_id("create_webhook").click()
    expect(box.locator("#condition-0-error")).to_have_text("There is no lenght. Did you mean length?")
    expect(box.get_by_label("Variable", exact=True).first).to_be_focused()
    box.get_by_label("Variable", exact=True).first.fill("length")
    box.get_by_test_id("create_webhook").click()
    expect(box).to_be_hidden()
    with app.app_context():
        (webhook,) = list_webhooks(db.session(), owner_of(rick))
        assert webhook.filter
        assert webhook.filter["conditions"] == [{"variable": "length", "operator": "at_least", "value": "30"}]


def test_conditions_are_added_tried_and_removed_without_javascript(app: Flask, signed_in: OpenPage, rick: User) -> None:
    book(app, rick, 0, "pro")
    page = signed_in(rick, java_script_enabled=False)
    page.goto("/integrations/webhooks/new")
    page.get_by_label("Subscriber URL").fill("https://example.com/hook")
    page.get_by_text("Add conditions").click()
    page.get_by_label("Variable", exact=True).fill("metadata.plan")
    page.get_by_label("Value", exact=True).fill("pro")
    page.get_by_role("button", name="Add condition").click()
    expect(page.get_by_label("Variable", exact=True).nth(1)).to_be_focused()
    page.get_by_role("button", name="Try on recent bookings").click()
    expect(page.get_by_test_id("filter-result")).to_have_text("Your last booking would be sent.")
    page.get_by_role("button", name="Remove condition").first.click()
    expect(page.get_by_label("Variable", exact=True)).to_have_value("")
    expect(page.get_by_label("Subscriber URL")).to_have_value("https://example.com/hook")

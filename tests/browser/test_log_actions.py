"""What is done with deliveries from the log, in a real browser: chosen, copied, sent elsewhere, tried out."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from calhooks.accounts.models import User
from calhooks.db import db
from calhooks.delivery.models.deliveries import DeliveryState
from calhooks.delivery.models.endpoints import Endpoint
from tests import factories
from tests.delivery.receivers import Receiver, answer, receiving

sync_api = pytest.importorskip("playwright.sync_api", reason="browser tests need Playwright for Python")
expect, Page = sync_api.expect, sync_api.Page

OpenPage = Callable[..., Page]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
POLL = "document.body.dispatchEvent(new Event('deliveriesChanged'))"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(answer(200, b'{"received": true}')) as receiver:
        yield receiver


@pytest.fixture
def log(app: Flask, rick: User, receiver: Receiver) -> str:
    """The path of a log with three deliveries that failed."""
    with app.app_context():
        webhook = factories.create_webhook(rick, receiver.url, "a secret")
        endpoint = db.session.get_one(Endpoint, webhook.endpoint_id)
        for number in (1, 2, 3):
            fail(rick, endpoint, f"Chat {number}")
        return f"/integrations/webhooks/{webhook.id}"


def fail(rick: User, endpoint: Endpoint, summary: str) -> None:
    event = factories.create_event(rick, summary=summary)
    factories.create_delivery(endpoint, event, state=DeliveryState.FAILED, due_at=None)


def box(page: Page, summary: str):  # type: ignore[no-untyped-def]
    return page.get_by_role("checkbox", name=f"Choose Booking created, {summary}")


def test_chosen_deliveries_stay_chosen_while_the_log_is_drawn_anew_and_are_sent_by_keyboard(
    app: Flask, signed_in: OpenPage, rick: User, log: str
) -> None:
    page = signed_in(rick)
    page.goto(log)
    expect(page.get_by_role("button", name=re.compile("^Resend \\d|^Resend chosen"))).to_have_count(0)
    box(page, "Chat 1").focus()
    page.keyboard.press("Space")
    box(page, "Chat 3").check()
    with app.app_context():
        fail(rick, db.session.query(Endpoint).one(), "Chat 4")
    page.evaluate(POLL)
    expect(box(page, "Chat 4")).not_to_be_checked()
    expect(box(page, "Chat 3")).to_be_checked()
    expect(box(page, "Chat 1")).to_be_checked()
    page.get_by_role("button", name="Resend 2 deliveries").press("Enter")
    question = page.get_by_role("dialog", name="Resend 2 deliveries?")
    expect(question.get_by_role("button", name="Resend")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Resend 2 deliveries")).to_be_focused()
    page.keyboard.press("Enter")
    expect(question.get_by_role("button", name="Resend")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Resending 2 chosen deliveries")).to_be_visible()
    expect(box(page, "Chat 2")).not_to_be_checked()
    expect(page.locator(".log-choose input:checked")).to_have_count(0)
    # The button that opened the dialog is hidden now.
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_all_shown_are_chosen_and_cleared_at_once(signed_in: OpenPage, rick: User, log: str) -> None:
    page = signed_in(rick)
    page.goto(log)
    page.get_by_label("All shown").check()
    expect(page.get_by_role("button", name="Resend 3 deliveries")).to_be_visible()
    box(page, "Chat 2").uncheck()
    expect(page.get_by_text("2 chosen")).to_be_visible()
    assert page.get_by_label("All shown").evaluate("box => box.indeterminate")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".log-choose input:checked")).to_have_count(0)


def test_several_are_sent_again_without_javascript(signed_in: OpenPage, rick: User, log: str) -> None:
    page = signed_in(rick, java_script_enabled=False)
    page.goto(log)
    box(page, "Chat 1").check()
    box(page, "Chat 2").check()
    page.get_by_role("button", name="Resend chosen").click()
    expect(page.get_by_role("heading", name="Resend 2 deliveries?")).to_be_visible()
    page.get_by_role("button", name="Resend").click()
    expect(page.get_by_role("heading", name="Resending 2 chosen deliveries")).to_be_visible()


def test_a_command_is_copied_as_it_is_shown(signed_in: OpenPage, rick: User, log: str) -> None:
    page = signed_in(rick)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{log}/deliveries/1")
    page.get_by_role("link", name="Copy as cURL").click()
    command = page.locator("#curl-signed")
    expect(command).to_contain_text("webhook-signature: v1,")
    page.get_by_role("button", name="Copy command").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == command.text_content()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Copy as cURL")).to_be_focused()


def test_a_delivery_is_sent_to_another_url_from_its_dialog(
    signed_in: OpenPage, rick: User, log: str, receiver: Receiver
) -> None:
    page = signed_in(rick)
    page.goto(f"{log}/deliveries/1")
    page.get_by_role("link", name="Send to another URL").click()
    field = page.get_by_role("dialog").get_by_label("URL")
    expect(field).to_be_focused()
    field.fill("http://10.0.0.7/")
    page.keyboard.press("Enter")
    expect(page.locator("#modal .field-error")).to_be_visible()
    expect(field).to_have_value("http://10.0.0.7/")
    field.fill(f"{receiver.url}/elsewhere")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("elsewhere-result").get_by_text("200 OK")).to_be_visible()
    assert [request.line for request in receiver.received] == ["POST /hook/elsewhere HTTP/1.1"]


def test_a_test_is_sent_from_the_page_of_a_webhook(
    signed_in: OpenPage, rick: User, log: str, receiver: Receiver
) -> None:
    page = signed_in(rick)
    page.goto(log)
    page.get_by_role("link", name="Send a test").click()
    dialog = page.get_by_role("dialog", name="Send a test")
    expect(dialog.get_by_role("button", name="Send")).to_be_focused()
    dialog.get_by_label("Event to send").select_option("Booking cancelled")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog.get_by_test_id("ping-result").get_by_text("200 OK")).to_be_visible()
    expect(dialog.get_by_label("Event to send")).to_have_value("BOOKING_CANCELLED")
    assert [request.json["triggerEvent"] for request in receiver.received] == ["BOOKING_CANCELLED"]


@pytest.mark.parametrize("path", ["", "/test", "/deliveries/1/curl", "/deliveries/1/elsewhere"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_of_actions_fit_on_a_phone(signed_in: OpenPage, rick: User, log: str, path: str, scheme: str) -> None:
    page = signed_in(rick, color_scheme=scheme, **PHONE)
    page.goto(f"{log}{path}")
    if not path:
        box(page, "Chat 2").check()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

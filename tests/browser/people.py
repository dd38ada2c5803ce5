"""What people do in a browser, with a script and without."""

import re
import time
from collections.abc import Mapping

from playwright.sync_api import Locator, Page, expect

RICK = {"name": "Rick", "username": "rick", "email": "rick@example.com", "password": "correct horse battery"}


def field(page: Page, name: str) -> Locator:
    return page.locator(f"[name='{name}']:not([type=hidden])")


def hook(page: Page, name: str) -> Locator:
    return page.get_by_test_id(name)


def set_up(page: Page, person: Mapping[str, str] = RICK) -> None:
    page.goto("/")
    expect(page).to_have_url(re.compile("/setup$"))
    for name, value in person.items():
        field(page, name).fill(value)
    field(page, "timeZone").select_option("Europe/London")
    page.get_by_role("button", name="Make account").click()
    expect(page).to_have_url(re.compile("/event-types$"))


def open_new_webhook(page: Page) -> None:
    page.get_by_role("link", name="Integrations").first.click()
    hook(page, "new_webhook").click()
    expect(hook(page, "WebhookDialogForm")).to_be_visible()


def make_webhook(page: Page, url: str, template: str = "") -> str:
    """Make a webhook with a generated secret, which is returned."""
    open_new_webhook(page)
    field(page, "subscriberUrl").fill(url)
    page.get_by_role("button", name="Generate").click()
    expect(field(page, "secret")).to_have_value(re.compile("^whsec_"))
    secret = field(page, "secret").input_value()
    if template:
        page.locator("label", has=page.locator("[name=payloadFormat][value=custom]")).click()
        field(page, "payloadTemplate").fill(template)
    hook(page, "create_webhook").click()
    expect(row(page, url)).to_be_visible()
    expect_closed(page)
    return secret


def expect_closed(page: Page) -> None:
    """Wait until the box has left the history too: going back would meet the next address and stop it."""
    expect(page).to_have_url(re.compile("/integrations$"))


def row(page: Page, url: str) -> Locator:
    return page.get_by_role("listitem").filter(has=page.get_by_role("link", name=url, exact=True))


def choose_time(page: Page, *, day: int = 0, time_of_day: int = 0) -> None:
    """Go on to the next month, which is all to come, then choose by their places among what is free."""
    shown = page.locator("#month-title").inner_text()
    hook(page, "incrementMonth").click()
    expect(page.locator("#month-title")).not_to_have_text(shown)
    page.locator("[data-testid=day][data-disabled=false]").nth(day).click()
    hook(page, "time").nth(time_of_day).click()


def book(page: Page, link: str, time_of_day: int = 0) -> float:
    """Book as Ann; the moment at which she pressed the button."""
    page.goto(link)
    choose_time(page, time_of_day=time_of_day)
    field(page, "name").fill("Ann Lee")
    field(page, "email").fill("ann@example.com")
    pressed = time.monotonic()
    hook(page, "confirm-book-button").click()
    expect(hook(page, "success-page")).to_be_visible()
    expect(hook(page, "attendee-name-Ann Lee")).to_be_visible()
    return pressed

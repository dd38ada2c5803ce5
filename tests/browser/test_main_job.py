"""The main job, as people do it: from a fresh `python app.py` to signed webhooks at a receiver of somebody else's make.

The receiver is Python's own HTTP server, and the published `standardwebhooks` package decides what it accepts.
"""

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from tests.browser.inbox import Inbox, Request
from tests.browser.people import (
    book,
    choose_time,
    expect_closed,
    field,
    hook,
    make_webhook,
    open_new_webhook,
    row,
    set_up,
)
from tests.running import ROOT, Running

TEMPLATE = """{"content": "A new event has been scheduled", "type": "{{type}}", "name": "{{title}}",
 "organizer": "{{organizer.name}}", "booker": "{{attendees.0.name}}"}"""
IN_TIME_SECONDS = 2.0


@pytest.fixture
def site(running: Running) -> str:
    """What the pages of these tests are fetched from: the real thing."""
    return running.url


@pytest.fixture
def other_inbox() -> Iterator[Inbox]:
    with closing(Inbox()) as inbox:
        yield inbox


def figure(running: Running, name: str) -> float:
    """Return one of the figures that /metrics gives, 0 where it is not listed."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", running.text_of("/metrics"), re.MULTILINE)
    return float(found[1]) if found else 0.0


def assert_nothing_waits(running: Running) -> None:
    assert figure(running, 'calhooks_backlog{state="due"}') == 0
    assert figure(running, 'calhooks_backlog{state="blocked"}') == 0


def assert_signed(request: Request, secret: str) -> None:
    """Check what a receiver written for Cal.com checks; the inbox has checked the other signature."""
    expected = hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
    assert request.headers["X-Cal-Signature-256"] == expected


def documented_headers() -> set[str]:
    table = (ROOT / "docs" / "webhooks" / "receive.md").read_text().split("## The request")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE))


@pytest.mark.timed
@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_from_setup_to_signed_webhooks(
    running: Running, visitor: Callable[..., Page], inbox: Inbox, other_inbox: Inbox, script: bool
) -> None:
    host = visitor(java_script_enabled=script, timezone_id="Europe/London", locale="en-GB")
    booker = visitor(java_script_enabled=script, timezone_id="Asia/Kolkata", locale="en-GB")
    link = "/rick/15min?metadata[user_id]=123"

    set_up(host)
    open_new_webhook(host)
    field(host, "subscriberUrl").fill("no address at all")
    hook(host, "create_webhook").click()
    expect(field(host, "subscriberUrl")).to_have_attribute("aria-invalid", "true")
    expect(field(host, "subscriberUrl")).to_have_value("no address at all")
    expect(host.locator("input[name=eventTriggers]:checked")).to_have_count(3)
    host.goto("/event-types")
    inbox.secret = make_webhook(host, inbox.url)

    pressed = book(booker, link)
    created = inbox.wait_for(1)
    assert created.at - pressed < IN_TIME_SECONDS
    assert_signed(created, inbox.secret)
    assert documented_headers() <= set(created.headers)
    assert created.json["triggerEvent"] == "BOOKING_CREATED"
    payload = created.json["payload"]
    assert payload["metadata"] == {"user_id": "123"}
    assert payload["type"] == "15min"
    assert payload["length"] == 15
    assert payload["organizer"]["email"] == "rick@example.com"
    assert payload["attendees"][0]["name"] == "Ann Lee"
    assert payload["attendees"][0]["timeZone"] == ("Asia/Kolkata" if script else "Europe/London")
    assert payload["bookingUrl"] == booker.url

    hook(booker, "reschedule").click()
    choose_time(booker, day=1, time_of_day=3)
    field(booker, "rescheduleReason").fill("Something came up")
    hook(booker, "confirm-reschedule-button").click()
    expect(hook(booker, "success-page")).to_be_visible()
    moved = inbox.wait_for(2).json
    assert moved["triggerEvent"] == "BOOKING_RESCHEDULED"
    assert moved["payload"]["rescheduleUid"] == payload["uid"]
    assert moved["payload"]["rescheduleReason"] == "Something came up"
    assert moved["payload"]["metadata"] == {"user_id": "123"}

    hook(booker, "cancel").click()
    field(booker, "cancellationReason").fill("I have fallen ill")
    hook(booker, "confirm_cancel").click()
    expect(hook(booker, "cancelled-headline")).to_be_visible()
    cancelled = inbox.wait_for(3).json
    assert cancelled["triggerEvent"] == "BOOKING_CANCELLED"
    assert cancelled["payload"]["uid"] == moved["payload"]["uid"]
    assert cancelled["payload"]["cancellationReason"] == "I have fallen ill"
    assert len({request.headers["webhook-id"] for request in inbox.requests}) == 3

    custom_url = inbox.url.replace("/bookings", "/custom")
    custom_secret = make_webhook(host, custom_url, TEMPLATE)
    host.goto("/integrations")
    row(host, inbox.url).get_by_role("link", name="Edit webhook").click()
    field(host, "subscriberUrl").fill(other_inbox.url)
    hook(host, "create_webhook").click()
    expect(row(host, other_inbox.url)).to_be_visible()
    expect_closed(host)
    other_inbox.secret, inbox.secret = inbox.secret, custom_secret
    book(booker, link, time_of_day=5)
    custom = inbox.wait_for(4)
    assert custom.json == {
        "content": "A new event has been scheduled",
        "type": "15min",
        "name": payload["title"],
        "organizer": "Rick",
        "booker": "Ann Lee",
    }
    assert_signed(custom, custom_secret)
    assert other_inbox.wait_for(1).json["triggerEvent"] == "BOOKING_CREATED"

    for url in (other_inbox.url, custom_url):
        host.goto("/integrations")
        row(host, url).get_by_role("link", name="Delete webhook").click()
        host.get_by_role("button", name="Delete webhook").click()
        expect(row(host, url)).to_have_count(0)
        expect_closed(host)
    book(booker, link, time_of_day=7)
    assert_nothing_waits(running)
    assert figure(running, 'calhooks_deliveries_total{outcome="delivered"}') == 5
    assert len(inbox.requests) == 4
    assert len(other_inbox.requests) == 1


def test_a_receiver_that_was_away_gets_the_delivery_on_the_retry(
    running: Running, visitor: Callable[..., Page], inbox: Inbox
) -> None:
    host, booker = visitor(), visitor()
    set_up(host)
    secret = make_webhook(host, inbox.url)
    inbox.close()
    book(booker, "/rick/30min")
    while not figure(running, 'calhooks_attempts_total{status="none"}'):
        time.sleep(0.1)
    with closing(Inbox(inbox.port, secret)) as back:
        arrived = back.wait_for(1)
    assert int(arrived.headers["X-Calhooks-Attempt"]) >= 2
    assert arrived.json["triggerEvent"] == "BOOKING_CREATED"

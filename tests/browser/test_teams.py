"""A team from its first page to its webhooks, as people make it: in two browsers and a booker's third."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.inbox import Inbox
from tests.browser.people import RICK, choose_time, field, hook, set_up
from tests.running import Running

ALICE = RICK | {"name": "Alice Archer", "username": "alice", "email": "alice@example.com"}
BOB = RICK | {"name": "Bob Baker", "username": "bob", "email": "bob@example.com"}
TEMPLATE = '{"is": "{{triggerEvent}}", "team": "{{team.name}}", "who": {{team.members}}, "to": "{{organizer.name}}"}'
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1280, "height": 900}}
WAYS: Mapping[str, dict[str, Any]] = {
    "desk, light": DESK,
    "phone, dark": PHONE | {"color_scheme": "dark"},
    "phone, light, without JavaScript": PHONE | {"java_script_enabled": False},
    "desk, dark, without JavaScript": DESK | {"color_scheme": "dark", "java_script_enabled": False},
}


@pytest.fixture
def site(running: Running) -> str:
    """What the pages of these tests are fetched from: the real thing."""
    return running.url


@dataclass
class Sales:
    """The team's receiver, with what it has had so far."""

    inbox: Inbox
    seen: int = 0

    def hears(self, trigger: str, *who: str) -> dict[str, Any]:
        """Check that one more request came, about who attends, the organizer first."""
        self.seen += 1
        body: dict[str, Any] = self.inbox.wait_for(self.seen).json
        assert body == {"is": trigger, "team": "Sales", "who": list(who), "to": who[0]}
        return body


@pytest.mark.timed
@pytest.mark.parametrize("way", WAYS)
def test_a_team_from_its_first_page_to_its_webhooks(
    running: Running, visitor: Callable[..., Page], inbox: Inbox, way: str
) -> None:
    here = {"timezone_id": "Europe/London", "locale": "en-GB"} | WAYS[way]
    alice, bob, booker = visitor(**here), visitor(**here), visitor(**here)
    set_up(alice, ALICE)

    team = make_team(alice)
    join(bob, invite(alice, team))
    make_event_type(alice, team, "Talk to sales", "talk", "ROUND_ROBIN")
    make_event_type(alice, team, "Meet us all", "all", "COLLECTIVE")
    make_team_webhook(alice, team, inbox.url)
    sales = Sales(inbox)

    book(booker, "/team/sales/talk", day=0)
    sales.hears("BOOKING_CREATED", *chosen_of(inbox))
    first = inbox.requests[-1].json["to"]
    other = BOB["name"] if first == ALICE["name"] else ALICE["name"]

    move(booker, day=2)
    sales.hears("BOOKING_RESCHEDULED", other)
    expect(hook(booker, "success-page")).to_contain_text(other)

    uid = booker.url.partition("/booking/")[2].partition("?")[0]
    reassign(alice, uid, first)
    sales.hears("BOOKING_RESCHEDULED", first)
    booker.reload()
    expect(hook(booker, "success-page")).to_contain_text(first)

    cancel(booker)
    sales.hears("BOOKING_CANCELLED", first)

    book(booker, "/team/sales/all", day=4)
    sales.hears("BOOKING_CREATED", ALICE["name"], BOB["name"])
    for name in (ALICE["name"], BOB["name"]):
        expect(hook(booker, "success-page")).to_contain_text(name)
    assert len({request.headers["webhook-id"] for request in inbox.requests}) == sales.seen
    for page in (alice, bob, booker):
        assert not scrolls_sideways(page)


def make_team(page: Page) -> str:
    """Make Sales from the page that teaches what a team is; return the path of its pages."""
    page.goto("/teams")
    expect(hook(page, "empty-screen")).to_be_visible()
    page.get_by_role("link", name="New team").first.click()
    for name, value in {"name": "Sales", "slug": "sales", "description": "They sell."}.items():
        field(page, name).fill(value)
    page.locator("form", has=field(page, "slug")).get_by_role("button").last.click()
    expect(page).to_have_url(re.compile(r"/teams/\d+/"))
    return re.sub(r".*(/teams/\d+)/.*", r"\1", page.url)


def invite(page: Page, team: str) -> str:
    """Return the path of a link by which a member comes in."""
    page.goto(f"{team}/members/invite")
    choice = page.locator("[name=role]")
    if choice.first.evaluate("field => field.tagName") == "SELECT":
        choice.select_option("MEMBER")
    else:
        page.locator("[name=role][value=MEMBER]").check(force=True)
    page.locator("form", has=choice).get_by_role("button").last.click()
    shown = page.get_by_role("textbox", name="Invitation link")
    expect(shown).to_be_visible()
    return re.findall(r"/invitations/[\w-]+", shown.input_value())[0]


def join(page: Page, link: str) -> None:
    """Come in without an account, as Bob."""
    page.goto(link)
    for name, value in BOB.items():
        field(page, name).fill(value)
    field(page, "timeZone").select_option("Europe/London")
    page.locator("form", has=field(page, "password")).get_by_role("button").last.click()
    expect(page).to_have_url(re.compile(r"/teams/\d+/"))


def make_event_type(page: Page, team: str, title: str, slug: str, scheduling_type: str) -> None:
    """Make an event type with all members as hosts; a round robin chooses anew when a meeting is moved."""
    page.goto(f"{team}/event-types/new")
    field(page, "title").fill(title)
    field(page, "slug").fill(slug)
    page.locator(f"[name=schedulingType][value={scheduling_type}]").check(force=True)
    for box in page.locator("[name=hosts]").all():
        box.set_checked(True, force=True)
    if scheduling_type == "ROUND_ROBIN":
        field(page, "keepsHost").uncheck(force=True)
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page).to_have_url(re.compile(f"{team}/event-types"))
    page.goto(f"{team}/event-types")
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()


def make_team_webhook(page: Page, team: str, url: str) -> None:
    page.goto(f"{team}/webhooks")
    hook(page, "new_webhook").click()
    expect(hook(page, "WebhookDialogForm")).to_be_visible()
    field(page, "subscriberUrl").fill(url)
    page.locator("label", has=page.locator("[name=payloadFormat][value=custom]")).click()
    field(page, "payloadTemplate").fill(TEMPLATE)
    hook(page, "create_webhook").click()
    expect(page).to_have_url(re.compile(f"{team}/webhooks$"))
    expect(page.get_by_role("link", name=url, exact=True)).to_be_visible()


def book(page: Page, link: str, day: int) -> None:
    """Book as Ann."""
    page.goto(link)
    choose_time(page, day=day)
    field(page, "name").fill("Ann Lee")
    field(page, "email").fill("ann@example.com")
    hook(page, "confirm-book-button").click()
    expect(hook(page, "success-page")).to_be_visible()


def chosen_of(inbox: Inbox) -> list[str]:
    """Return whom the first booking went to: either is as good."""
    who: list[str] = inbox.wait_for(1).json["who"]
    assert who in ([ALICE["name"]], [BOB["name"]])
    return who


def move(page: Page, day: int) -> None:
    hook(page, "reschedule").click()
    choose_time(page, day=day)
    hook(page, "confirm-reschedule-button").click()
    expect(hook(page, "success-page")).to_be_visible()


def reassign(page: Page, uid: str, name: str) -> None:
    page.goto(f"/bookings/{uid}/reassign")
    page.get_by_role("radio", name=name).check(force=True)
    field(page, "reassignReason").fill("Bob has fallen ill")
    page.locator("form", has=field(page, "reassignReason")).get_by_role("button").last.click()
    expect(page).not_to_have_url(re.compile("/reassign$"))


def cancel(page: Page) -> None:
    hook(page, "cancel").click()
    hook(page, "confirm_cancel").click()
    expect(hook(page, "cancelled-headline")).to_be_visible()


def scrolls_sideways(page: Page) -> bool:
    sideways: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return sideways

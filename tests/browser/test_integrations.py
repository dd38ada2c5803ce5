"""The integrations screen and the log in a real browser: mouse, keyboard, phone, and without JavaScript."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.webhooks.settings.subscriptions import list_webhooks
from tests import factories
from tests.delivery.receivers import Receiver, answer, receiving

sync_api = pytest.importorskip("playwright.sync_api", reason="browser tests need Playwright for Python")
expect, Page = sync_api.expect, sync_api.Page

OpenPage = Callable[..., Page]
LIST = re.compile(r"/integrations$")
NEW = re.compile(r"/integrations/webhooks/new$")
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(answer(200, b'{"received": true}')) as receiver:
        yield receiver


def hook(app: Flask, owner: User, url: str = "https://example.com/hook", **values: object) -> int:
    with app.app_context():
        return factories.create_webhook(owner, url, **values).id


def urls(app: Flask, owner: User) -> list[str]:
    with app.app_context():
        return [webhook.endpoint.url for webhook in list_webhooks(db.session(), owner_of(owner))]


def focused(page: Page) -> str:
    """Return the accessible name, id or text of what has the focus."""
    return str(
        page.evaluate(
            "(e => e.getAttribute('aria-label') || e.id || e.textContent.trim().slice(0, 40))(document.activeElement)"
        )
    )


def test_a_webhook_is_made_in_the_box_after_a_wrong_address(app: Flask, signed_in: OpenPage, rick: User) -> None:
    page = signed_in(rick)
    page.goto("/integrations")
    page.get_by_test_id("new_webhook").click()
    box = page.get_by_role("dialog", name="New webhook")
    address = box.get_by_label("Subscriber URL")
    expect(address).to_be_focused()
    expect(page).to_have_url(NEW)
    expect(box.get_by_label("Booking created")).to_be_checked()

    address.fill("http://10.0.0.7/hook")
    box.get_by_label("Meeting started").check()
    box.get_by_label("Secret", exact=False).first.fill("a secret of mine")
    box.get_by_role("button", name="Save").click()
    expect(box.get_by_text("CALHOOKS_EGRESS_ALLOW").first).to_be_visible()
    expect(address).to_be_focused()
    expect(address).to_have_value("http://10.0.0.7/hook")
    expect(box.get_by_label("Meeting started")).to_be_checked()
    expect(box.locator("[name=secret]")).to_have_value("a secret of mine")

    address.fill("https://example.com/hook")
    box.get_by_test_id("create_webhook").click()
    expect(box).to_be_hidden()
    expect(page.get_by_role("link", name="https://example.com/hook")).to_be_visible()
    expect(page.get_by_role("status").get_by_text("Webhook created.")).to_be_visible()
    expect(page).to_have_url(LIST)
    expect(page.get_by_test_id("new_webhook")).to_be_focused()
    assert urls(app, rick) == ["https://example.com/hook"]


def test_back_closes_the_box_and_forward_opens_it_again(app: Flask, signed_in: OpenPage, rick: User) -> None:
    page = signed_in(rick)
    page.goto("/integrations")
    page.get_by_test_id("new_webhook").click()
    box = page.get_by_role("dialog", name="New webhook")
    expect(box).to_be_visible()
    for _ in range(2):
        page.go_back()
        expect(box).to_be_hidden()
        expect(page).to_have_url(LIST)
        page.go_forward()
        expect(box).to_be_visible()
        expect(page).to_have_url(NEW)
    page.reload()
    expect(page.get_by_role("heading", name="New webhook", level=1)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Integrations", level=1)).to_be_visible()


def test_forward_right_after_back_leaves_the_box_over_its_own_address(signed_in: OpenPage, rick: User) -> None:
    page = signed_in(rick)
    page.goto("/integrations")
    page.get_by_test_id("new_webhook").click()
    box = page.get_by_role("dialog", name="New webhook")
    expect(box).to_be_visible()
    for _ in range(6):
        page.evaluate(
            """() => new Promise((done) => {
                history.back();
                const timer = setInterval(() => {
                    if (location.pathname !== "/integrations") return;
                    clearInterval(timer);
                    history.forward();
                    done();
                }, 0);
            })"""
        )
        expect(page).to_have_url(NEW)
        expect(box.get_by_label("Subscriber URL")).to_be_visible()
        expect(page).to_have_url(NEW)


@pytest.mark.parametrize("way", ["Escape", "Cancel", "Close", "beside"])
def test_closing_the_box_gives_the_focus_and_the_address_back(
    app: Flask, signed_in: OpenPage, rick: User, way: str
) -> None:
    hook(app, rick)
    page = signed_in(rick)
    page.goto("/integrations")
    page.get_by_role("link", name="Edit webhook").click()
    box = page.get_by_role("dialog", name="Edit webhook")
    expect(box.get_by_label("Subscriber URL")).to_have_value("https://example.com/hook")
    if way == "Escape":
        page.keyboard.press("Escape")
    elif way == "beside":
        page.mouse.click(20, 500)
    else:
        box.get_by_role("link", name=way).click()
    expect(box).to_be_hidden()
    expect(page.get_by_role("link", name="Edit webhook")).to_be_focused()
    expect(page).to_have_url(LIST)
    assert page.evaluate("document.querySelector('#modal').childElementCount") == 0


def test_a_click_beside_the_box_does_not_lose_what_was_typed(signed_in: OpenPage, rick: User) -> None:
    page = signed_in(rick)
    page.goto("/integrations")
    page.get_by_test_id("new_webhook").click()
    page.get_by_label("Subscriber URL").fill("https://example.com/typed")
    page.mouse.click(20, 500)
    expect(page.get_by_label("Subscriber URL")).to_have_value("https://example.com/typed")


def test_escape_asks_once_before_it_loses_what_was_typed(signed_in: OpenPage, rick: User) -> None:
    page = signed_in(rick)
    page.goto("/integrations")
    page.get_by_test_id("new_webhook").click()
    page.get_by_label("Subscriber URL").fill("https://example.com/typed")
    page.keyboard.press("Escape")
    expect(page.get_by_text("Press Escape again")).to_be_visible()
    expect(page.get_by_label("Subscriber URL")).to_have_value("https://example.com/typed")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page).to_have_url(LIST)


def test_everything_works_by_keyboard(app: Flask, signed_in: OpenPage, rick: User) -> None:
    number = hook(app, rick)
    page = signed_in(rick)
    page.goto("/integrations")
    page.locator(f"#webhook-url-{number}").focus()
    page.keyboard.press("Tab")
    assert focused(page) == "Webhook enabled"
    page.keyboard.press("Space")
    switch = page.get_by_role("switch", name="Webhook enabled")
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(switch).to_be_focused()

    page.keyboard.press("Tab")
    assert focused(page) == "Edit webhook"
    page.keyboard.press("Enter")
    box = page.get_by_role("dialog", name="Edit webhook")
    expect(box.get_by_label("Subscriber URL")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type("/2")
    page.keyboard.press("Enter")
    expect(box).to_be_hidden()
    expect(page.get_by_role("link", name="Edit webhook")).to_be_focused()
    assert urls(app, rick) == ["https://example.com/hook/2"]

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    question = page.get_by_role("dialog", name="Delete this webhook?")
    expect(question.get_by_role("link", name="Cancel")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(question).to_be_hidden()
    expect(page.get_by_text("No webhooks yet")).to_be_visible()
    expect(page.get_by_role("heading", name="Webhooks", exact=True)).to_be_focused()
    assert urls(app, rick) == []


def test_a_ping_shows_what_the_receiver_said(signed_in: OpenPage, rick: User, receiver: Receiver) -> None:
    page = signed_in(rick)
    page.goto("/integrations/webhooks/new")
    page.get_by_role("button", name="Ping test").click()
    expect(page.locator("#ping-result")).to_contain_text("Enter the address")
    page.get_by_label("Subscriber URL").fill(receiver.url)
    page.get_by_role("button", name="Generate").click()
    secret = page.locator("[name=secret]").input_value()
    page.get_by_role("button", name="Ping test").click()
    result = page.get_by_test_id("ping-result")
    expect(result.get_by_text("200 OK")).to_be_visible()
    expect(result.locator(".body-pretty").first).to_contain_text('"received": true')
    result.get_by_label("Raw").first.check(force=True)
    expect(result.locator(".body-raw").first).to_be_visible()
    result.get_by_text("What was sent").click()
    expect(result.get_by_text('"PING"').first).to_be_visible()
    (request,) = receiver.wait_for(1)
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{32}", secret)
    assert request.headers["webhook-signature"].startswith("v1,")


def test_a_custom_template_is_written_and_its_mistake_is_shown(app: Flask, signed_in: OpenPage, rick: User) -> None:
    page = signed_in(rick)
    page.goto("/integrations")
    page.get_by_test_id("new_webhook").click()
    page.get_by_label("Subscriber URL").fill("https://example.com/hook")
    template = page.get_by_label("Template", exact=True)
    expect(template).to_be_hidden()
    page.get_by_text("Custom template").click()
    expect(template).to_be_visible()
    page.get_by_text("Variables you can use").click()
    expect(page.get_by_role("button", name="{{attendees.0.name}}", exact=True)).to_be_visible()
    template.fill('{"who": "{{attendees.0.name}"}')
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#payloadTemplate-error")).to_contain_text("Line 1")
    expect(template).to_be_focused()
    template.fill('{"who": "{{attendees.0.name}}"}')
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Custom payload")).to_be_visible()


def test_all_and_none_tick_the_events(signed_in: OpenPage, rick: User) -> None:
    page = signed_in(rick)
    page.goto("/integrations/webhooks/new")
    boxes = page.locator("[name=eventTriggers]:checked")
    page.get_by_role("button", name="All").click()
    expect(boxes).to_have_count(8)
    page.get_by_role("button", name="None").click()
    expect(boxes).to_have_count(0)
    page.get_by_test_id("create_webhook").click()
    expect(page.get_by_text("Choose at least one event.").first).to_be_visible()


def test_everything_works_without_javascript(app: Flask, signed_in: OpenPage, rick: User, receiver: Receiver) -> None:
    page = signed_in(rick, java_script_enabled=False)
    page.goto("/integrations")
    page.get_by_test_id("new_webhook").click()
    expect(page.get_by_role("heading", name="New webhook", level=1)).to_be_visible()
    page.get_by_label("Subscriber URL").fill("not an address")
    page.get_by_label("Meeting ended").check()
    page.get_by_label("Subscriber URL").press("Enter")
    expect(page.locator("#subscriberUrl-error")).to_be_visible()
    expect(page.get_by_label("Meeting ended")).to_be_checked()
    page.get_by_label("Subscriber URL").fill(receiver.url)
    page.get_by_role("button", name="Generate").click()
    expect(page.locator("[name=secret]")).to_have_value(re.compile("^whsec_"))
    page.get_by_role("button", name="Ping test").click()
    expect(page.get_by_text("200 OK")).to_be_visible()
    expect(page.get_by_label("Subscriber URL")).to_have_value(receiver.url)
    page.get_by_role("button", name="Save").last.click()

    expect(page.get_by_text("Webhook created.")).to_be_visible()
    page.get_by_role("switch").click()
    expect(page.get_by_role("switch")).to_have_attribute("aria-checked", "false")
    page.get_by_role("link", name="Edit webhook").click()
    expect(page.get_by_text("A secret is set")).to_be_visible()
    page.get_by_label("Subscriber URL").fill(receiver.url + "/2")
    page.get_by_test_id("create_webhook").click()
    page.get_by_role("link", name=receiver.url + "/2").click()
    expect(page.get_by_text("Nothing sent yet")).to_be_visible()
    page.get_by_role("link", name="Delete webhook").click()
    page.get_by_role("button", name="Delete webhook").click()
    expect(page.get_by_text("Webhook deleted.")).to_be_visible()
    assert urls(app, rick) == []


@pytest.fixture
def log(app: Flask, rick: User) -> str:
    """The path of a log with one delivery of each kind."""
    number = hook(app, rick)
    with app.app_context():
        endpoint = db.session.query(Endpoint).one()
        owner = db.session.get_one(User, rick.id)
        for state in (DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.BLOCKED):
            event = factories.create_event(owner, summary=f"Chat {state}")
            factories.create_delivery(endpoint, event, state=state, due_at=None)
    return f"/integrations/webhooks/{number}"


def test_a_delivery_opens_beside_the_log_with_an_address_of_its_own(signed_in: OpenPage, rick: User, log: str) -> None:
    page = signed_in(rick)
    page.goto(log)
    link = page.get_by_role("link", name="Chat failed")
    link.click()
    expect(page.get_by_role("heading", name="Booking created")).to_be_focused()
    expect(page).to_have_url(re.compile(r"/deliveries/2$"))
    expect(link).to_have_attribute("aria-current", "true")
    page.get_by_role("link", name="Chat delivered").click()
    expect(page).to_have_url(re.compile(r"/deliveries/1$"))
    page.go_back()
    expect(page.locator(".delivery")).to_contain_text("Chat failed")
    page.go_back()
    expect(page.locator(".delivery")).to_have_count(0)
    page.go_forward()
    expect(page.locator(".delivery")).to_contain_text("Chat failed")


def test_a_delivery_is_sent_again_and_followed_live(app: Flask, signed_in: OpenPage, rick: User, log: str) -> None:
    page = signed_in(rick)
    page.goto(f"{log}/deliveries/2")
    expect(page.locator(".delivery")).to_contain_text("Failed")
    page.get_by_role("button", name="Resend").click()
    expect(page.get_by_text("Resent.")).to_be_visible()
    expect(page.locator(".delivery .badge").first).to_have_text("Sending")
    with app.app_context(), writing() as session:
        session.get_one(Delivery, 2).state = DeliveryState.DELIVERED
    expect(page.locator(".delivery .badge").first).to_have_text("Delivered")
    expect(page.get_by_role("link", name="Chat failed").locator(".badge")).to_have_text("Delivered")


def test_resending_what_newer_news_has_overtaken_asks_first(
    app: Flask, signed_in: OpenPage, rick: User, log: str
) -> None:
    with app.app_context(), writing() as session:
        for number in (1, 2):
            session.get_one(Delivery, number).sequence_key = "booking"
        old, newer = session.get_one(Delivery, 1), session.get_one(Delivery, 2)
        old.state, newer.state = DeliveryState.FAILED, DeliveryState.DELIVERED
    page = signed_in(rick)
    page.goto(f"{log}/deliveries/1")
    page.get_by_role("button", name="Resend").press("Enter")
    anyway = page.get_by_role("button", name="Resend anyway")
    expect(anyway).to_be_focused()
    page.keyboard.press("Escape")
    expect(anyway).to_be_hidden()
    expect(page.get_by_role("button", name="Resend")).to_be_focused()
    page.keyboard.press("Enter")
    expect(anyway).to_be_focused()
    page.keyboard.press("Enter")
    expect(anyway).to_be_hidden()
    expect(page.get_by_text("Resent.")).to_be_visible()
    expect(page.locator(".delivery .badge").first).to_have_text("Sending")


def test_the_log_is_filtered_and_the_filter_stays(signed_in: OpenPage, rick: User, log: str) -> None:
    page = signed_in(rick)
    page.goto(log)
    page.get_by_role("link", name=re.compile(r"^Failed \d")).click()
    expect(page.locator(".log-row")).to_have_count(1)
    page.locator(".log-link").click()
    expect(page.locator(".delivery")).to_be_visible()
    page.reload()
    expect(page.locator(".log-row")).to_have_count(1)
    expect(page.locator(".delivery")).to_contain_text("Chat failed")


@pytest.mark.parametrize(
    "path", ["/integrations", "{log}", "{log}/deliveries/2", "/integrations/webhooks/new", "{log}/edit"]
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_on_a_phone(app: Flask, signed_in: OpenPage, rick: User, log: str, path: str, scheme: str) -> None:
    hook(app, rick, "https://example.com/" + "a-long-path/" * 20)
    page = signed_in(rick, color_scheme=scheme, **PHONE)
    page.goto(path.format(log=log))
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_box_fits_on_a_phone(signed_in: OpenPage, rick: User) -> None:
    page = signed_in(rick, **PHONE)
    page.goto("/integrations")
    page.get_by_test_id("new_webhook").click()
    expect(page.get_by_role("button", name="Save")).to_be_in_viewport()
    assert page.evaluate("document.querySelector('#modal').scrollWidth") <= 390


def test_what_came_back_from_a_ping_is_in_view_on_a_phone(signed_in: OpenPage, rick: User, receiver: Receiver) -> None:
    page = signed_in(rick, **PHONE)
    page.goto("/integrations")
    page.get_by_test_id("new_webhook").click()
    page.get_by_label("Subscriber URL").fill(receiver.url)
    page.get_by_role("button", name="Ping test").tap()
    expect(page.get_by_test_id("ping-result").get_by_text("200 OK")).to_be_in_viewport()


def test_the_summary_of_mistakes_leads_to_their_fields(signed_in: OpenPage, rick: User) -> None:
    page = signed_in(rick)
    page.goto("/integrations")
    page.get_by_test_id("new_webhook").click()
    page.get_by_role("button", name="None").click()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("alert").get_by_role("link", name="Events").click()
    assert focused(page) == "eventTriggers"
    expect(page).to_have_url(NEW)
    page.keyboard.press("Escape")
    expect(page).to_have_url(NEW)
    page.keyboard.press("Escape")
    expect(page).to_have_url(LIST)


def test_a_page_left_open_follows_what_happens(app: Flask, signed_in: OpenPage, rick: User) -> None:
    number = hook(app, rick)
    page = signed_in(rick)
    with app.app_context():
        endpoint = db.session.query(Endpoint).one()
        owner = db.session.get_one(User, rick.id)
        factories.create_delivery(endpoint, factories.create_event(owner, summary="Chat one"))
    page.goto(f"/integrations/webhooks/{number}")
    expect(page.locator(".log-row .badge")).to_have_text("Sending")
    expect(page.locator("#health")).to_contain_text("Never called")
    with app.app_context(), writing() as session:
        delivery = session.query(Delivery).one()
        delivery.state, delivery.finished_at = DeliveryState.DELIVERED, delivery.created_at
        delivery.endpoint.last_success_at = delivery.created_at
    expect(page.locator(".log-row .badge")).to_have_text("Delivered")
    expect(page.locator("#health")).to_contain_text("Delivered")


def test_what_asks_for_itself_keeps_the_focus_and_its_numbers(
    app: Flask, signed_in: OpenPage, rick: User, log: str
) -> None:
    page = signed_in(rick)
    page.goto(log)
    given_up = page.locator("#given-up")
    expect(given_up).to_have_text("Given up (1)")
    given_up.focus()
    with app.app_context(), writing() as session:
        session.query(Delivery).filter_by(state=DeliveryState.DELIVERED).one().state = DeliveryState.FAILED
    page.evaluate("htmx.trigger(document.body, 'deliveriesChanged')")
    expect(given_up).to_have_text("Given up (2)")
    expect(given_up).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Given up")).to_be_visible()
    button = page.get_by_role("button", name="Send 2 again")
    button.focus()
    button.evaluate("button => button.setAttribute('data-old', '')")
    page.evaluate("htmx.ajax('GET', location.pathname, {target: '#given-up', swap: 'outerHTML'})")
    expect(page.locator("[data-old]")).to_have_count(0)
    expect(button).to_be_focused()


def test_the_menu_of_a_row_closes_for_its_dialog_and_gets_the_focus_back(
    app: Flask, signed_in: OpenPage, rick: User
) -> None:
    hook(app, rick)
    page = signed_in(rick)
    page.goto("/integrations?sort=name")
    more = page.get_by_label("More about this webhook")
    more.focus()
    page.keyboard.press("Enter")
    item = page.get_by_role("link", name="Pause…")
    expect(item).to_be_visible()
    page.keyboard.press("Escape")
    expect(item).to_be_hidden()
    page.keyboard.press("Enter")
    item.click()
    box = page.get_by_role("dialog", name="Pause this webhook?")
    expect(box.get_by_label("1 day, until")).to_be_checked()
    expect(item).to_be_hidden()
    box.get_by_role("button", name="Pause").click()
    expect(box).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/integrations\?sort=name$"))
    expect(more).to_be_focused()
    expect(page.locator("li.webhook")).to_contain_text("No delivery is waiting.")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("li.webhook")).not_to_contain_text("Paused")
    expect(more).to_be_focused()


@pytest.mark.parametrize("script", [True, False])
def test_the_menu_of_the_last_webhook_is_above_the_navigation_of_a_phone(
    app: Flask, signed_in: OpenPage, rick: User, script: bool
) -> None:
    for number in range(5):
        hook(app, rick, f"https://example.com/{number}")
    page = signed_in(rick, java_script_enabled=script, **PHONE)
    page.goto("/integrations")
    last = page.get_by_role("listitem").filter(has_text="https://example.com/4")
    last.locator("summary").click()
    duplicate = last.get_by_role("link", name="Duplicate")
    panel, navigation = duplicate.bounding_box(), page.get_by_role("navigation").last.bounding_box()
    assert panel
    assert navigation
    assert panel["y"] + panel["height"] <= navigation["y"]
    duplicate.click()
    expect(page.get_by_role("heading", name="New webhook")).to_be_visible()


def test_a_webhook_is_duplicated_from_its_row(app: Flask, signed_in: OpenPage, rick: User) -> None:
    hook(app, rick)
    page = signed_in(rick)
    page.goto("/integrations")
    page.get_by_label("More about this webhook").click()
    page.get_by_role("link", name="Duplicate").click()
    box = page.get_by_role("dialog", name="New webhook")
    save = box.get_by_role("button", name="Save", exact=True)
    expect(box.get_by_label("Name", exact=False).first).to_have_value("example.com (copy)")
    save.click()
    expect(box.get_by_text("that gets Booking created").first).to_be_visible()
    expect(box.get_by_text("Copied from")).to_be_visible()
    box.get_by_role("button", name="None", exact=True).click()
    box.get_by_label("Meeting ended").check()
    save.click()
    expect(box).to_be_hidden()
    assert urls(app, rick) == ["https://example.com/hook"] * 2

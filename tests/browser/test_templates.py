"""Writing templates in a real browser: with the mouse, the keyboard, on a phone, and without JavaScript."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.db import db, writing
from calhooks.events import Trigger
from calhooks.scheduling.bookings.events import announce_booking
from calhooks.webhooks.editor.presets import find_preset
from calhooks.webhooks.settings.subscriptions import list_webhooks
from tests import factories
from tests.delivery.helpers import deliver
from tests.delivery.receivers import Receiver, answer, receiving

sync_api = pytest.importorskip("playwright.sync_api", reason="browser tests need Playwright for Python")
expect, Page, Locator = sync_api.expect, sync_api.Page, sync_api.Locator

OpenPage = Callable[..., Page]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SKELETON = '{"content": "A new event has been scheduled", "type": "", "name": "", "organizer": "", "booker": ""}'
LOOP = """{
  "to": [
    {{#each attendees~}}
    {"name": "{{this.name}}", "email": "{{email}}"}{{#unless @last}},{{/unless}}
    {{~/each}}
  ]
}"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(answer(200, b"ok")) as receiver:
        yield receiver


@pytest.fixture
def box(signed_in: OpenPage, rick: User) -> Page:
    """The open box, on the template."""
    page = signed_in(rick)
    page.goto("/integrations")
    page.get_by_test_id("new_webhook").click()
    page.get_by_text("Custom template").click()
    return page


def template(page: Page) -> Locator:
    return page.get_by_label("Template", exact=True)


def preview(page: Page) -> Locator:
    return page.get_by_test_id("preview-body")


def stored(app: Flask, owner: User) -> str:
    with app.app_context():
        (webhook,) = list_webhooks(db.session(), owner_of(owner))
        return webhook.payload_template


def put_cursor(page: Page, after: str) -> None:
    """Click into the template's text right after these characters."""
    template(page).evaluate(
        "(field, text) => { const at = field.value.indexOf(text) + text.length; field.setSelectionRange(at, at);"
        " field.focus(); }",
        after,
    )


def test_the_documented_template_is_written_by_clicking_variables(app: Flask, box: Page, rick: User) -> None:
    template(box).fill(SKELETON)
    box.get_by_text("Variables you can use").click()
    for key, path in (
        ("type", "type"),
        ("name", "title"),
        ("organizer", "organizer.name"),
        ("booker", "attendees.0.name"),
    ):
        put_cursor(box, f'"{key}": "')
        box.get_by_role("button", name=f"{{{{{path}}}}}", exact=True).click()
        expect(template(box)).to_be_focused()
    for shown in ("quick-chat", "Quick chat", "Rick", "Ann Lee"):
        expect(preview(box).locator("mark", has_text=re.compile(f"^{shown}$"))).to_be_visible()
    box.get_by_label("Subscriber URL").fill("https://example.com/hook")
    box.get_by_test_id("create_webhook").click()
    expect(box.get_by_text("Custom payload")).to_be_visible()
    assert stored(app, rick) == (
        '{"content": "A new event has been scheduled", "type": "{{type}}", "name": "{{title}}", '
        '"organizer": "{{organizer.name}}", "booker": "{{attendees.0.name}}"}'
    )


def test_variables_are_searched_and_inserted_by_keyboard(box: Page) -> None:
    template(box).fill('{"a": ""}')
    put_cursor(box, '"a": "')
    box.get_by_text("Variables you can use").focus()
    box.keyboard.press("Enter")
    box.keyboard.press("Tab")
    expect(box.get_by_label("Search variables")).to_be_focused()
    box.keyboard.type("booker e-mail")
    expect(box.locator("[data-variable]:visible")).to_have_count(1)
    box.keyboard.press("ArrowDown")
    box.keyboard.press("Enter")
    expect(template(box)).to_have_value('{"a": "{{attendees.0.email}}"}')
    box.keyboard.type("!")
    expect(preview(box)).to_contain_text("ann@example.com!")
    box.get_by_label("Search variables").fill("nothing like this")
    expect(box.get_by_text("No variable fits.")).to_be_visible()


def test_a_broken_template_says_what_is_wrong_where_and_is_mended(box: Page) -> None:
    template(box).fill('{\n  "who": "{{attendees.0.name}}",\n  "why": {{#if location}}1\n}')
    problem = box.locator("#template-problem")
    expect(problem).to_contain_text("Line 3, column 10:")
    expect(problem).to_contain_text("{{/if}} is missing")
    expect(box.locator(".editor-wrong")).to_have_text("3")
    expect(box.locator(".source-marked .source-number")).to_have_text("3")
    expect(template(box)).to_have_attribute("aria-invalid", "true")
    assert "template-problem" in (template(box).get_attribute("aria-describedby") or "")
    template(box).fill('{\n  "who": "{{attendee.0.name}}"\n}')
    expect(problem).to_contain_text("Did you mean attendees.0.name?")
    expect(template(box)).not_to_have_attribute("aria-invalid", "true")
    expect(box.locator(".editor-wrong")).to_have_count(0)
    box.get_by_role("button", name="Use it").click()
    expect(template(box)).to_have_value('{\n  "who": "{{attendees.0.name}}"\n}')
    expect(preview(box)).to_contain_text("Ann Lee")
    expect(problem).to_have_count(0)


@pytest.mark.parametrize(
    ("written", "mended"),
    [
        ('{"é😀": 1, "a": "x {title} y"}', '{"é😀": 1, "a": "x {{title}} y"}'),
        ('{\n "a": "${ title }"}', '{\n "a": "{{title}}"}'),
        ('{\n "é😀": "{{attendees}}",\n "b": 1}', '{\n "é😀": {{attendees}},\n "b": 1}'),
        ('{"a": "{{ booker.name }}"}', '{"a": "{{ attendees.0.name }}"}'),
        ('{"a": "{{metadata.videoCallUrl}}"}', '{"a": "{{videoCallData.url}}"}'),
    ],
)
def test_the_button_replaces_exactly_what_is_meant(box: Page, written: str, mended: str) -> None:
    template(box).fill(written)
    button = box.get_by_role("button", name="Use it")
    button.focus()
    box.keyboard.press("Enter")
    expect(template(box)).to_have_value(mended)
    expect(button).to_have_count(0)


def test_a_screen_reader_hears_of_a_problem_once(box: Page) -> None:
    status = box.locator("[data-preview-status]")
    template(box).fill('{"who": "{{attendee.0.name}}"}')
    expect(status).to_have_text("There is a warning about the template.")
    status.evaluate(
        "node => new MutationObserver(() => { node.dataset.again = 'y'; }).observe(node, {childList: true})"
    )
    template(box).fill('{"who": "{{attendee.0.name}}!"}')
    expect(preview(box)).to_contain_text("!")
    expect(status).not_to_have_attribute("data-again", "y")
    template(box).fill('{"who": "{{attendee.0.name}} {{titel}}"}')
    expect(status).to_have_text("There are 2 warnings about the template.")
    template(box).fill('{\n"who": ')
    expect(status).to_have_text("The template has a mistake in row 2.")
    template(box).fill('{"who": 1}')
    expect(status).to_be_empty()


def test_slack_is_chosen_and_a_test_is_sent(box: Page, receiver: Receiver) -> None:
    box.get_by_label("Subscriber URL").fill("https://hooks.slack.com/services/T0/B0/x")
    box.get_by_role("button", name="Fill in what it takes").click()
    expect(box.get_by_text("switch Incoming Webhooks on")).to_be_visible()
    expect(template(box)).to_be_focused()
    slack = find_preset("slack")
    assert slack is not None
    expect(template(box)).to_have_value(slack.template or "")
    expect(box.get_by_label("Subscriber URL")).to_have_value("https://hooks.slack.com/services/T0/B0/x")
    box.get_by_label("Subscriber URL").fill(receiver.url)
    expect(box.get_by_role("button", name="Fill in what it takes")).to_be_hidden()
    box.get_by_role("button", name="Ping test").click()
    expect(box.get_by_test_id("ping-result").get_by_text("200 OK")).to_be_visible()
    (request,) = receiver.wait_for(1)
    assert request.json["blocks"][0]["text"] == {"type": "plain_text", "text": "Ping"}


def test_what_was_written_by_hand_is_not_replaced_without_a_word(box: Page) -> None:
    template(box).fill('{"mine": 1}')
    box.get_by_role("button", name="Discord").click()
    expect(template(box)).to_have_value('{"mine": 1}')
    box.once("dialog", lambda dialog: dialog.accept())
    box.get_by_role("button", name="Discord").click()
    expect(template(box)).to_have_value(re.compile("allowed_mentions"))


def test_a_handlebars_loop_over_the_attendees_is_pasted(app: Flask, box: Page, rick: User) -> None:
    template(box).fill("")
    template(box).focus()
    box.evaluate("text => document.execCommand('insertText', false, text)", LOOP)
    expect(preview(box)).to_contain_text('"to": [')
    shown = json.loads(preview(box).inner_text())
    assert [person["email"] for person in shown["to"]] == ["ann@example.com", "bob@example.com"]
    box.get_by_label("Subscriber URL").fill("https://example.com/hook")
    box.get_by_test_id("create_webhook").click()
    expect(box.get_by_text("Custom payload")).to_be_visible()
    assert stored(app, rick) == LOOP


def test_a_preview_of_a_real_booking_is_what_the_receiver_gets(
    app: Flask, signed_in: OpenPage, rick: User, receiver: Receiver
) -> None:
    written = '{"uid": "{{uid}}", "at": "{{createdAt}}", "user": "{{metadata.user_id}}", "who": {{attendees}}}'
    with app.app_context():
        number = factories.create_webhook(rick, receiver.url, payload_format="custom", payload_template=written).id
        booking = factories.create_booking(
            factories.create_event_type(rick), datetime(2027, 1, 5, 10, tzinfo=UTC), metadata_={"user_id": 'a"b'}
        )
        with writing() as session:
            announce_booking(session, session.merge(booking), Trigger.BOOKING_CREATED, clock.now())
        deliver()
        uid = booking.uid
    (request,) = receiver.wait_for(1)
    page = signed_in(rick)
    page.goto(f"/integrations/webhooks/{number}/edit")
    page.get_by_label("Booking to preview").select_option(uid)
    expect(preview(page)).to_contain_text(uid)
    assert json.loads(preview(page).inner_text()) == json.loads(request.body)
    expect(page.get_by_text(f"application/json, {len(request.body)} bytes")).to_be_visible()
    expect(preview(page).locator("mark", has_text='a\\"b')).to_be_visible()


def test_tab_indents_and_escape_lets_go(box: Page) -> None:
    template(box).fill("ab")
    put_cursor(box, "a")
    box.keyboard.press("Tab")
    expect(template(box)).to_have_value("a  b")
    expect(template(box)).to_be_focused()
    box.keyboard.press("Escape")
    expect(template(box)).to_be_focused()
    box.keyboard.press("Tab")
    expect(template(box)).not_to_be_focused()
    expect(template(box)).to_have_value("a  b")
    expect(box.get_by_role("dialog")).to_be_visible()


def test_an_older_preview_never_replaces_a_newer_one(box: Page) -> None:
    template(box).fill("")
    template(box).focus()
    box.keyboard.type('"one two three {{title}} four five six"', delay=25)
    expect(preview(box)).to_have_text('"one two three Quick chat four five six"')


def test_headers_are_added_removed_and_take_variables(box: Page) -> None:
    box.get_by_role("button", name="Add header").click()
    expect(box.get_by_label("Header name").last).to_be_focused()
    box.keyboard.type("X-Uid")
    box.get_by_label("Header value").last.focus()
    box.get_by_text("Variables you can use").click()
    box.get_by_role("button", name="{{uid}}", exact=True).click()
    expect(box.get_by_label("Header value").last).to_have_value("{{uid}}")
    expect(box.locator("#preview .headers")).to_contain_text("bFJeNb2uX8ANpT3JL5EfXw")
    box.get_by_role("button", name="Remove header").last.click()
    expect(box.get_by_label("Header name")).to_have_count(1)
    expect(box.get_by_label("Header name")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_editor_fits_on_a_phone(signed_in: OpenPage, rick: User, scheme: str) -> None:
    page = signed_in(rick, color_scheme=scheme, **PHONE)
    page.goto("/integrations")
    page.get_by_test_id("new_webhook").click()
    page.get_by_role("button", name="Microsoft Teams").click()
    expect(template(page)).to_be_focused()
    page.get_by_text("Variables you can use").click()
    body = page.locator(".dialog-body")
    assert body.evaluate("body => body.scrollWidth <= body.clientWidth")
    expect(page.get_by_role("button", name="Save")).to_be_in_viewport()


def test_without_javascript_a_preset_a_preview_and_another_header_are_buttons(
    signed_in: OpenPage, rick: User, receiver: Receiver
) -> None:
    page = signed_in(rick, java_script_enabled=False)
    page.goto("/integrations/webhooks/new")
    page.get_by_label("Subscriber URL").fill("https://example.com/hook")
    page.get_by_role("button", name="ntfy").click()
    expect(page.get_by_label("Header name").first).to_have_value("Title")
    page.get_by_label("Event to preview").select_option("BOOKING_CANCELLED")
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.locator("#preview")).to_contain_text("Booking cancelled: Quick chat")
    expect(page.get_by_role("heading", name="Preview")).to_be_in_viewport()
    page.get_by_role("button", name="Add header").click()
    expect(page.get_by_label("Header name").first).to_have_value("Title")
    template(page).fill("{{#each")
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.locator("#template-problem")).to_contain_text("Line 1, column 1")
    expect(template(page)).to_have_value("{{#each")
    template(page).fill("Hello")
    page.get_by_label("Subscriber URL").fill(receiver.url)
    page.get_by_role("button", name="Ping test").click()
    expect(page.get_by_test_id("ping-result").get_by_text("200 OK")).to_be_in_viewport()

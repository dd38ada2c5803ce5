"""Booking in a real browser: mouse, keyboard, phone, no JavaScript; then what the host does about it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import db
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType
from tests import factories

sync_api = pytest.importorskip("playwright.sync_api", reason="browser tests need Playwright for Python")
expect, Page, Locator = sync_api.expect, sync_api.Page, sync_api.Locator

OpenPage = Callable[..., Page]
PAGE = "/rick/quick-chat"
LINK = f"{PAGE}?metadata[user_id]=123"
BOOKED = re.compile(r"/booking/\w{22}$")
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
# A Monday morning; Rick has hours from 9 to 17 in London, where it is winter.
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
TUESDAY_TEN = datetime(2026, 3, 3, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _monday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def event_type(app: Flask, rick: User) -> EventType:
    with app.app_context():
        return factories.create_event_type(rick, slug="quick-chat", title="Quick chat")


def bookings(app: Flask) -> list[Booking]:
    with app.app_context():
        found = list(db.session.scalars(select(Booking).order_by(Booking.id)))
        for booking in found:
            _ = booking.attendees
        return found


def free_day(page: Page, number: int) -> Locator:
    return page.locator("[data-testid=day][data-disabled=false]").get_by_text(str(number), exact=True)


def arrive(page: Page, address: str) -> None:
    """Open a booking page and wait until it is still: a first visit is drawn a second time, in the browser's zone."""
    page.goto(address)
    expect(page.locator("[data-zone-guess], .htmx-request")).to_have_count(0)


def choose(page: Page, day: int, time: str) -> None:
    free_day(page, day).click()
    page.get_by_test_id("time").get_by_text(time, exact=True).click()


def fill(page: Page, name: str = "Ann Lee", email: str = "ann@example.com") -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Email address", exact=True).fill(email)


def mark(page: Page) -> None:
    """Leave a mark that a reload of the page would wipe out."""
    page.evaluate("window.marked = true")


def is_marked(page: Page) -> bool:
    return bool(page.evaluate("window.marked === true"))


def test_a_booking_is_made_without_reloading_and_keeps_the_metadata(
    app: Flask, event_type: EventType, visitor: OpenPage
) -> None:
    page = visitor(timezone_id="Europe/London")
    arrive(page, LINK)
    mark(page)
    page.get_by_test_id("incrementMonth").click()
    expect(page.get_by_role("heading", name="April 2026")).to_be_visible()
    page.get_by_test_id("decrementMonth").click()
    choose(page, 3, "10:00")
    expect(page.get_by_label("Your name")).to_be_focused()
    fill(page)
    page.get_by_test_id("add-guests").click()
    page.get_by_label("Guest 1, email address").fill("bob@example.com")
    page.get_by_test_id("add-another-guest").click()
    page.get_by_label("Guest 2, email address").fill("cat@example.com")
    page.get_by_role("button", name="Remove guest 1").click()
    page.get_by_label("Additional notes").fill("Bring cake")
    assert is_marked(page)
    page.get_by_test_id("confirm-book-button").click()
    expect(page).to_have_url(BOOKED)
    expect(page.get_by_test_id("success-page")).to_be_visible()
    expect(page.get_by_test_id("attendee-name-Ann Lee")).to_be_visible()
    (booking,) = bookings(app)
    assert (booking.start_time, booking.metadata_, booking.additional_notes) == (
        TUESDAY_TEN,
        {"user_id": "123"},
        "Bring cake",
    )
    assert [attendee.email for attendee in booking.attendees] == ["ann@example.com", "cat@example.com"]


def test_every_step_is_in_the_history_and_what_was_typed_survives_it(event_type: EventType, visitor: OpenPage) -> None:
    page = visitor(timezone_id="Europe/London")
    arrive(page, LINK)
    choose(page, 3, "10:00")
    fill(page)
    page.get_by_label("Additional notes").fill("Bring cake")
    page.go_back()
    expect(page.get_by_test_id("time").first).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Choose a day")).to_be_visible()
    expect(page).to_have_url(re.compile(re.escape(LINK) + "$"))
    page.go_forward()
    expect(page.get_by_test_id("time").first).to_be_visible()
    page.get_by_test_id("time").get_by_text("11:30").click()
    expect(page.get_by_label("Your name")).to_have_value("Ann Lee")
    expect(page.get_by_label("Additional notes")).to_have_value("Bring cake")
    page.get_by_test_id("back").click()
    expect(page.get_by_test_id("time").first).to_be_visible()
    expect(page.get_by_role("heading", name="Tue 3 Mar")).to_be_focused()
    page.get_by_test_id("incrementMonth").click()
    expect(page.get_by_role("heading", name="April 2026")).to_be_visible()
    choose(page, 1, "09:00")
    expect(page.get_by_label("Your name")).to_have_value("Ann Lee")
    expect(page.get_by_label("Additional notes")).to_have_value("Bring cake")


def test_what_was_typed_over_what_a_link_filled_in_survives_too(event_type: EventType, visitor: OpenPage) -> None:
    page = visitor(timezone_id="Europe/London")
    link = f"{PAGE}?date=2026-03-03&name=Ann&notes=From+the+link"
    arrive(page, f"{link}&guests=bo@example.com&guests=cy@example.com")
    page.get_by_test_id("time").get_by_text("10:00").click()
    name, notes = page.get_by_label("Your name"), page.get_by_label("Additional notes")
    name.fill("Ann Lee")
    notes.fill("")
    page.get_by_role("button", name="Remove guest 1").click()
    for time in ("10:30", "11:00"):
        page.go_back()
        page.get_by_test_id("time").get_by_text(time).click()
        expect(name).to_have_value("Ann Lee")
        expect(notes).to_have_value("")
        expect(page.get_by_label("Guest 1, email address")).to_have_value("cy@example.com")
        expect(page.locator("[name=guests]")).to_have_count(1)
    arrive(page, f"{PAGE}?slot=2026-03-03T10:00:00Z&name=Dee&notes=From+the+link")
    expect(name).to_have_value("Dee")


def test_every_field_is_found_by_its_name_alone(event_type: EventType, visitor: OpenPage) -> None:
    page = visitor(timezone_id="Europe/London")
    arrive(page, f"{PAGE}?name=Ann&email=ann@example.com&notes=Hello")
    choose(page, 3, "10:00")
    for name in ("name", "email", "notes"):
        expect(page.locator(f'[name="{name}"]')).to_have_count(1)
        expect(page.locator(f'[name="{name}"]')).to_be_visible()
    page.locator('[name="name"]').fill("Ann Lee")
    page.get_by_test_id("back").click()
    page.get_by_test_id("incrementMonth").click()
    expect(page.get_by_role("heading", name="April 2026")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="March 2026")).to_be_visible()
    page.get_by_test_id("time").get_by_text("11:00").click()
    expect(page.locator('[name="name"]')).to_have_value("Ann Lee")


def test_times_are_in_the_browsers_zone_and_in_any_other_on_demand(
    app: Flask, event_type: EventType, visitor: OpenPage
) -> None:
    page = visitor(timezone_id="Asia/Calcutta")
    page.add_init_script(
        "new PerformanceObserver(l => l.getEntries().forEach(e => { window.shift = (window.shift || 0) + e.value }))"
        ".observe({type: 'layout-shift', buffered: true})"
    )
    page.goto(f"{LINK}&date=2026-03-03")
    mark(page)
    zone = page.get_by_label("Time zone")
    expect(page.get_by_test_id("time").first).to_have_text("14:30")
    expect(zone).to_have_value("Asia/Kolkata")
    assert page.evaluate("window.shift || 0") < 0.01
    zone.select_option("Asia/Tokyo")
    expect(page.get_by_test_id("time").first).to_have_text("00:00")
    expect(page).to_have_url(re.compile("timeZone=Asia%2FTokyo"))
    assert is_marked(page)
    page.go_back()
    expect(page.get_by_test_id("time").first).to_have_text("14:30")
    expect(zone).to_have_value("Asia/Kolkata")
    # The second visit knows the zone at once.
    page.goto(PAGE)
    assert page.locator("[data-zone-guess]").count() == 0
    choose(page, 3, "15:30")
    fill(page)
    page.get_by_test_id("confirm-book-button").click()
    expect(page).to_have_url(BOOKED)
    (booking,) = bookings(app)
    assert (booking.start_time, booking.attendees[0].time_zone) == (TUESDAY_TEN, "Asia/Kolkata")


def test_a_time_zone_is_found_by_typing(event_type: EventType, visitor: OpenPage) -> None:
    page = visitor(timezone_id="Europe/London")
    arrive(page, f"{PAGE}?date=2026-03-03")
    search = page.get_by_role("button", name="Search zones")
    search.click()
    box = page.get_by_role("dialog", name="Time zone")
    typed = box.get_by_role("combobox")
    expect(typed).to_be_focused()
    expect(box.get_by_role("option", selected=True)).to_contain_text("London")
    page.keyboard.type("nowhere at all")
    expect(box.get_by_text("No time zone is called that.")).to_be_visible()
    called = (("india", "Colombo"), ("pacific standard", "Los Angeles"), ("pdt", "Los Angeles"), ("+5:45", "Kathmandu"))
    for words, found in called:
        typed.fill(words)
        expect(box.get_by_role("option").filter(has_text=found)).to_be_visible()
    typed.fill("india")
    page.keyboard.press("ArrowDown")
    expect(box.get_by_role("option", selected=True)).to_contain_text("Kolkata")
    page.keyboard.press("Enter")
    expect(box).to_be_hidden()
    expect(search).to_be_focused()
    expect(page.get_by_label("Time zone")).to_have_value("Asia/Kolkata")
    expect(page.get_by_test_id("time").first).to_have_text("14:30")
    expect(page).to_have_url(re.compile("timeZone=Asia%2FKolkata"))
    page.go_back()
    expect(page.get_by_test_id("time").first).to_have_text("09:00")
    search.click()
    expect(typed).to_be_focused()
    page.keyboard.type("tokyo")
    expect(box.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("time").first).to_have_text("00:00")


def test_hours_are_written_as_the_visitor_likes_and_stay_so(event_type: EventType, visitor: OpenPage) -> None:
    page = visitor(timezone_id="Europe/London")
    arrive(page, f"{LINK}&date=2026-03-03")
    mark(page)
    page.get_by_role("link", name="12-hour clock").click()
    expect(page.get_by_test_id("time").first).to_have_text("9:00 am")
    expect(page.get_by_role("link", name="12-hour clock")).to_be_focused()
    assert is_marked(page)
    page.get_by_test_id("time").get_by_text("1:30 pm").click()
    expect(page.get_by_text("1:30 pm – 2:00 pm")).to_be_visible()
    fill(page)
    page.get_by_test_id("confirm-book-button").click()
    expect(page).to_have_url(BOOKED)
    expect(page.get_by_text("1:30 pm – 2:00 pm")).to_be_visible()


def test_a_chosen_place_asks_for_what_it_needs_and_survives_going_back(
    app: Flask, rick: User, visitor: OpenPage
) -> None:
    with app.app_context():
        others = [{"kind": "attendee_phone", "location": ""}]
        factories.create_event_type(rick, slug="call", location="1 High Street", other_locations=others)
    page = visitor(timezone_id="Europe/London")
    arrive(page, "/rick/call?date=2026-03-03")
    page.get_by_test_id("time").get_by_text("10:00").click()
    expect(page.get_by_label("1 High Street")).to_be_checked()
    expect(page.get_by_label("Phone number")).to_be_hidden()
    page.get_by_label("By phone, at your number").check()
    page.get_by_label("Phone number").fill("+44 20 7946 0958")
    page.go_back()
    page.get_by_test_id("time").get_by_text("11:00").click()
    expect(page.get_by_label("By phone, at your number")).to_be_checked()
    expect(page.get_by_label("Phone number")).to_have_value("+44 20 7946 0958")
    fill(page)
    page.get_by_test_id("confirm-book-button").click()
    expect(page).to_have_url(BOOKED)
    assert bookings(app)[0].location == "+44 20 7946 0958"


def test_without_javascript_the_whole_way_works(app: Flask, event_type: EventType, visitor: OpenPage) -> None:
    page = visitor(java_script_enabled=False)
    page.goto("/rick?metadata[user_id]=123")
    page.get_by_test_id("event-type-link").click()
    expect(page.get_by_text("Times are shown in Rick Sanders’s time zone")).to_be_visible()
    page.get_by_label("Time zone").select_option("Asia/Kolkata")
    page.get_by_role("button", name="Show times in this zone").click()
    page.get_by_test_id("incrementMonth").click()
    page.get_by_test_id("decrementMonth").click()
    choose(page, 3, "15:30")
    fill(page, email="nobody")
    page.get_by_test_id("add-guests").click()
    page.get_by_label("Guest 1, email address").fill("bob@example.com")
    page.get_by_test_id("confirm-book-button").click()
    expect(page.get_by_text("is not an e-mail address").first).to_be_visible()
    page.get_by_test_id("back").click()
    page.get_by_test_id("time").get_by_text("16:00").click()
    expect(page.get_by_label("Your name")).to_have_value("Ann Lee")
    expect(page.get_by_label("Guest 1, email address")).to_have_value("bob@example.com")
    page.get_by_label("Email address", exact=True).fill("ann@example.com")
    page.keyboard.press("Enter")
    expect(page).to_have_url(BOOKED)
    page.get_by_test_id("reschedule").click()
    expect(page.get_by_test_id("former_time")).to_contain_text("16:00 – 16:30")
    choose(page, 4, "14:30")
    expect(page.get_by_label("Your name")).to_have_value("Ann Lee")
    page.get_by_label("Reason for rescheduling").fill("The train is late")
    page.get_by_test_id("confirm-reschedule-button").click()
    expect(page).to_have_url(BOOKED)
    page.get_by_test_id("cancel").click()
    page.get_by_label("Reason for cancelling").fill("I am ill")
    page.get_by_test_id("confirm_cancel").click()
    expect(page.get_by_test_id("cancelled-headline")).to_be_visible()
    old, new = bookings(app)
    assert (old.metadata_, new.metadata_) == ({"user_id": "123"}, {"user_id": "123"})
    assert (old.attendees[0].time_zone, new.status) == ("Asia/Kolkata", BookingStatus.CANCELLED)


def test_the_keyboard_alone_is_enough(app: Flask, event_type: EventType, visitor: OpenPage) -> None:
    page = visitor(timezone_id="Europe/London")
    arrive(page, PAGE)
    free_day(page, 3).focus()
    # Tuesday the 3rd, a week on, a day on, a week back, a day back, and a week on again.
    for key, day in (("ArrowDown", 10), ("ArrowRight", 11), ("ArrowUp", 4), ("ArrowLeft", 3), ("ArrowDown", 10)):
        page.keyboard.press(key)
        expect(free_day(page, day)).to_be_focused()
    page.keyboard.press("PageDown")
    expect(page.get_by_role("heading", name="April 2026")).to_be_visible()
    page.locator("#month-previous").press("Enter")
    expect(page.get_by_role("heading", name="March 2026")).to_be_visible()
    expect(page.locator("#booker-status")).to_have_text("March 2026: 22 days with free times.")
    free_day(page, 3).focus()
    page.keyboard.press("ArrowDown")
    expect(free_day(page, 10)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Tue 10 Mar")).to_be_focused()
    expect(page.locator("#booker-status")).to_have_text("Tuesday 10 March 2026: 16 free times.")
    page.keyboard.press("Tab")
    expect(page.get_by_test_id("time").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your name")).to_be_focused()
    page.keyboard.type("Ann Lee")
    page.keyboard.press("Tab")
    page.keyboard.type("ann@example.com")
    page.keyboard.press("Enter")
    expect(page).to_have_url(BOOKED)
    assert bookings(app)[0].start_time == datetime(2026, 3, 10, 9, tzinfo=UTC)


def test_wrong_input_is_shown_in_place_and_the_focus_goes_there(event_type: EventType, visitor: OpenPage) -> None:
    page = visitor(timezone_id="Europe/London")
    arrive(page, f"{LINK}&slot=2026-03-03T10:00:00Z")
    mark(page)
    fill(page, email="nobody")
    # What a browser does when its corner is dragged; no style may be written into the page for it.
    page.get_by_label("Additional notes").evaluate("notes => (notes.style.height = '12rem')")
    page.get_by_test_id("confirm-book-button").click()
    email = page.get_by_label("Email address", exact=True)
    expect(email).to_be_focused()
    expect(email).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Your name")).to_have_value("Ann Lee")
    assert is_marked(page)
    email.fill("ann@example.com")
    page.get_by_test_id("confirm-book-button").click()
    expect(page).to_have_url(BOOKED)


def test_who_comes_second_is_told_and_books_another_time(app: Flask, event_type: EventType, visitor: OpenPage) -> None:
    page = visitor(timezone_id="Europe/London")
    arrive(page, f"{LINK}&slot=2026-03-03T10:00:00Z")
    fill(page)
    page.get_by_label("Additional notes").fill("Bring cake")
    with app.app_context():
        factories.create_booking(event_type, TUESDAY_TEN)
    page.get_by_test_id("confirm-book-button").click()
    fail = page.get_by_test_id("booking-fail")
    expect(fail).to_contain_text("Somebody has just taken this time")
    expect(fail).to_be_focused()
    expect(fail.get_by_test_id("time").get_by_text("10:00")).to_have_count(0)
    fail.get_by_test_id("time").get_by_text("10:30").click()
    expect(page.get_by_text("10:30 – 11:00")).to_be_visible()
    expect(page.get_by_label("Additional notes")).to_have_value("Bring cake")
    page.get_by_test_id("confirm-book-button").click()
    expect(page).to_have_url(BOOKED)
    assert [booking.metadata_ for booking in bookings(app)] == [{}, {"user_id": "123"}]


def test_pressing_twice_makes_one_booking(app: Flask, event_type: EventType, visitor: OpenPage) -> None:
    page = visitor(timezone_id="Europe/London")
    arrive(page, f"{PAGE}?slot=2026-03-03T10:00:00Z")
    fill(page)
    page.get_by_test_id("confirm-book-button").dblclick()
    expect(page).to_have_url(BOOKED)
    assert len(bookings(app)) == 1


def test_a_phone_has_room_for_everything(app: Flask, event_type: EventType, visitor: OpenPage) -> None:
    page = visitor(**PHONE, timezone_id="Europe/London", color_scheme="dark")
    arrive(page, LINK)

    def fits() -> bool:
        return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))

    assert fits()
    free_day(page, 3).tap()
    heading = page.get_by_role("heading", name="Tue 3 Mar")
    expect(heading).to_be_in_viewport()
    sizes = [box.bounding_box() for box in (free_day(page, 4), page.get_by_test_id("time").first)]
    assert all(size and size["height"] >= 44 and size["width"] >= 40 for size in sizes)
    page.get_by_test_id("time").get_by_text("10:00").tap()
    expect(page.get_by_role("heading", name="Tuesday 3 March 2026")).to_be_in_viewport()
    assert fits()
    fill(page)
    page.get_by_test_id("confirm-book-button").tap()
    expect(page).to_have_url(BOOKED)
    expect(page.get_by_test_id("success-page")).to_be_visible()
    assert fits()


def test_a_late_look_at_the_zone_leaves_the_focus_where_it_is(event_type: EventType, visitor: OpenPage) -> None:
    page = visitor(timezone_id="Europe/London")
    held: list[sync_api.Route] = []

    def hold(route: sync_api.Route) -> None:
        if route.request.resource_type == "document":
            route.continue_()
        else:
            held.append(route)

    page.route(f"**{PAGE}", hold)
    page.goto(PAGE)
    expect(free_day(page, 3)).to_be_visible()
    free_day(page, 3).focus()
    held[0].continue_()
    expect(page.locator("[data-zone-guess]")).to_have_count(0)
    expect(free_day(page, 3)).to_be_focused()


def test_a_stale_time_cannot_be_pressed_while_another_day_loads(event_type: EventType, visitor: OpenPage) -> None:
    page = visitor(timezone_id="Europe/London")
    arrive(page, f"{PAGE}?date=2026-03-03")
    expect(page.get_by_test_id("time").first).to_be_visible()
    held: list[sync_api.Route] = []
    page.route("**/*date=2026-03-04*", lambda route: held.append(route))
    free_day(page, 4).click()
    expect(page.get_by_test_id("time").first).to_be_hidden()
    page.get_by_test_id("incrementMonth").click()
    expect(page.get_by_role("heading", name="April 2026")).to_be_visible()
    with page.expect_response("**/*date=2026-03-04*"):
        held[0].continue_()
    page.wait_for_function("!document.querySelector('.htmx-request')")
    expect(page.get_by_role("heading", name="April 2026")).to_be_visible()


def test_a_step_that_fails_leaves_the_page_as_it_was(event_type: EventType, visitor: OpenPage) -> None:
    page = visitor(timezone_id="Europe/London")
    arrive(page, f"{PAGE}?date=2026-03-03")
    expect(page.get_by_test_id("time").first).to_be_visible()
    page.route("**/*date=2026-03-04*", lambda route: route.fulfill(status=429))
    free_day(page, 4).click()
    expect(page.get_by_text("Too many tries from your network.")).to_be_visible()
    expect(page.get_by_test_id("time").first).to_be_visible()
    expect(free_day(page, 3)).to_have_attribute("aria-current", "true")
    choose(page, 5, "10:00")
    expect(page.get_by_label("Your name")).to_be_visible()


# The host


def test_the_host_confirms_and_rejects_requests(
    app: Flask, rick: User, event_type: EventType, signed_in: OpenPage
) -> None:
    with app.app_context():
        for hour in (10, 11):
            start = datetime(2026, 3, 3, hour, tzinfo=UTC)
            factories.create_booking(event_type, start, status=BookingStatus.PENDING)
    page = signed_in(rick)
    page.goto("/bookings/unconfirmed")
    mark(page)
    page.get_by_test_id("confirm").first.click()
    expect(page.get_by_role("status").get_by_text("Confirmed.")).to_be_visible()
    expect(page.get_by_test_id("booking-item")).to_have_count(1)
    page.get_by_test_id("reject").click()
    box = page.get_by_role("dialog", name="Reject this request?")
    box.get_by_label("Reason").fill("Not this week")
    box.get_by_test_id("rejection-confirm").click()
    expect(box).to_be_hidden()
    expect(page.get_by_test_id("empty-screen")).to_be_visible()
    # The box has left the history, so that its going back meets no other step.
    expect(page).to_have_url(re.compile("/bookings/unconfirmed$"))
    assert is_marked(page)
    assert [booking.status for booking in bookings(app)] == [BookingStatus.ACCEPTED, BookingStatus.REJECTED]
    page.get_by_role("link", name="Upcoming").click()
    page.get_by_test_id("edit_booking").click()
    page.get_by_test_id("reschedule").click()
    choose(page, 4, "09:00")
    expect(page.get_by_text("You are moving your meeting with")).to_be_visible()
    page.get_by_test_id("confirm-reschedule-button").click()
    expect(page).to_have_url(BOOKED)
    assert bookings(app)[-1].rescheduled_by == "rick@example.com"


def test_a_long_name_without_a_space_keeps_to_its_place(app: Flask, rick: User, signed_in: OpenPage) -> None:
    name = "W" * 200
    with app.app_context():
        event_type = factories.create_event_type(rick, slug="long", title=name)
        values = {"title": f"{name} with {name}", "cancelled_by": "ann@example.com"}
        uids = {}
        for status in (BookingStatus.PENDING, BookingStatus.CANCELLED):
            booking = factories.create_booking(event_type, TUESDAY_TEN, status=status, **values)
            db.session.get_one(Booking, booking.id).attendees[0].name = name
            uids[status] = booking.uid
        edit = f"/event-types/{event_type.id}/edit"
        db.session.commit()
    page = signed_in(rick, **PHONE)
    asked = uids[BookingStatus.PENDING]
    lists = ("/bookings/unconfirmed", "/bookings/cancelled", f"/bookings/history/{asked}", "/event-types", "/rick")
    for path in (*lists, edit, f"/bookings/unconfirmed?reject={asked}"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_a_rejected_request_without_javascript(
    app: Flask, rick: User, event_type: EventType, signed_in: OpenPage
) -> None:
    with app.app_context():
        factories.create_booking(event_type, TUESDAY_TEN, status=BookingStatus.PENDING)
    page = signed_in(rick, java_script_enabled=False)
    page.goto("/bookings/unconfirmed")
    page.get_by_test_id("reject").click()
    page.get_by_label("Reason").fill("Not this week")
    page.get_by_test_id("rejection-confirm").click()
    expect(page.get_by_text("Rejected.")).to_be_visible()
    page.get_by_role("link", name="Cancelled").click()
    expect(page.get_by_test_id("bookings")).to_contain_text("Not this week")


def test_the_host_makes_hides_and_deletes_an_event_type(
    app: Flask, rick: User, event_type: EventType, signed_in: OpenPage, visitor: OpenPage
) -> None:
    page = signed_in(rick)
    page.goto("/event-types")
    page.get_by_test_id("new-event-type").click()
    page.get_by_label("Title").fill("Deep dive")
    page.get_by_label("Length in minutes").fill("0")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_label("Length in minutes")).to_be_focused()
    page.get_by_label("Length in minutes").fill("90")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("“Deep dive” can be booked.")).to_be_visible()
    mark(page)
    shown = page.get_by_role("switch", name="Show Deep dive on my public page")
    shown.click()
    expect(shown).not_to_be_checked()
    expect(shown).to_be_focused()
    public = visitor()
    public.goto("/rick")
    expect(public.get_by_test_id("event-type-link")).to_have_count(1)
    page.get_by_label("More about Deep dive").click()
    page.get_by_role("link", name="Delete").click()
    box = page.get_by_role("dialog", name="Delete this event type?")
    box.get_by_role("button", name="Delete event type").click()
    expect(box).to_be_hidden()
    expect(page.get_by_role("link", name="Deep dive")).to_have_count(0)
    assert is_marked(page)


def test_the_host_copies_a_link(rick: User, event_type: EventType, signed_in: OpenPage) -> None:
    page = signed_in(rick, permissions=["clipboard-read", "clipboard-write"])
    page.goto("/event-types")
    page.get_by_role("button", name="Copy link to Quick chat").click()
    expect(page.get_by_role("status").get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "http://localhost/rick/quick-chat"


def test_the_host_gives_a_day_a_second_range(rick: User, event_type: EventType, signed_in: OpenPage) -> None:
    page = signed_in(rick)
    page.goto("/availability")
    mark(page)
    page.get_by_label("Monday, to").fill("12:00")
    page.get_by_role("button", name="Add hours on Monday").click()
    added = page.get_by_label("Monday, from").nth(1)
    expect(added).to_be_focused()
    added.fill("13:00")
    page.get_by_label("Monday, to").nth(1).fill("17:00")
    page.get_by_role("button", name="Remove 09:00 to 17:00 on Friday").click()
    expect(page.get_by_label("Friday, from")).to_have_count(0)
    assert is_marked(page)
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_text("Your hours are saved.")).to_be_visible()
    expect(page.get_by_label("Monday, from")).to_have_count(2)
    page.goto(f"{PAGE}?date=2026-03-09&timeZone=Europe/London")
    expect(page.get_by_test_id("time")).to_have_count(14)


def test_the_host_takes_back_what_was_removed_by_mistake(
    rick: User, event_type: EventType, signed_in: OpenPage
) -> None:
    page = signed_in(rick)
    page.goto("/availability")
    page.get_by_role("link", name="Be away").click()
    box = page.get_by_role("dialog", name="Be away")
    box.get_by_label("First day").fill("2026-03-05")
    box.get_by_label("Note").fill("Beach")
    box.get_by_label("Note").press("Enter")
    expect(box).to_be_hidden()
    mark(page)
    page.get_by_role("button", name="Be back on Thursday 5 March 2026").click()
    expect(page.get_by_text("Beach")).to_have_count(0)
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Beach")).to_be_visible()
    expect(undo).to_have_count(0)
    assert is_marked(page)

"""The host's public page and the booking page, as a browser without JavaScript uses them."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from io import BytesIO
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from calhooks.accounts.models import User
from calhooks.scheduling.models.event_types import EventType
from tests import factories
from tests.web import pages
from tests.web.conftest import Watch
from tests.web.markup import elements, hook, hooks

pytestmark = pytest.mark.usefixtures("watch", "event_type")

PAGE = "/rick/quick-chat"
TUESDAY_TEN = f"{PAGE}?slot=2026-03-03T10:00:00Z"
ANN = {"name": "Ann Lee", "email": "ann@example.com"}

NONSENSE = [
    "month=0000-00",
    "month=2026-13",
    "month=9999-12",
    "month=1999-01",
    "month=²⁰²⁶-03",
    "date=9999-99-99",
    "date=0001-01-01",
    "date=9999-12-31",
    "date=2026-02-30",
    "slot=garbage",
    "slot=0001-01-01T00:00:00%2B23:59",
    "slot=9999-12-31T23:59:59-23:59",
    "slot=0001-01-01T00:00:00Z&timeZone=America/New_York",
    "slot=9999-12-31T23:59:59Z&timeZone=Asia/Tokyo",
    "slot=2026-03-03T10:00:00Z%00",
    "duration=abc",
    "duration=-5",
    "duration=99999999999999999999",
    "timeZone=Mars/Olympus",
    "timeZone=../../etc/passwd",
    "timeZone=" + "A" * 3000,
    "rescheduleUid=%20",
    "name=" + "n" * 20_000,
    "&".join(["guests=x@example.com"] * 10_000),
    "&".join(f"junk{n}=1" for n in range(5_000)),
    "%ff%fe=%ff",
    "metadata=x&metadata[]=x&metadata.a=1&metadatax[a]=1&metadata[a][b]=1",
]

Booked = Callable[[], list[Mapping[str, object]]]


def query(link: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(link).query, keep_blank_values=True)


def fill(form: pages.Form, typed: Mapping[str, str]) -> pages.Form:
    for name, value in typed.items():
        form.fields.setlist(name, [value])
    return form


def free_days(page: TestResponse) -> list[int]:
    return [int(day.text) for day in hooks(page, "day") if day["data-disabled"] == "false"]


def times(page: TestResponse) -> list[str]:
    return [time.text for time in hooks(page, "time")]


# The host's page


def test_the_hosts_page_lists_event_types_and_hands_metadata_on(client: FlaskClient, app: Flask, rick: User) -> None:
    with app.app_context():
        factories.create_event_type(rick, slug="secret", title="Hidden thing", hidden=True)
    page = client.get("/RICK?metadata[user_id]=123&metadata%5Bplan%5D=pro&metadata=x&utm=1")
    assert page.status_code == 200
    assert hook(page, "event-types").tag == "ul"
    links = hooks(page, "event-type-link")
    assert [link.text for link in links] == ["Quick chat"]
    assert query(links[0]["href"]) == [("metadata[user_id]", "123"), ("metadata[plan]", "pro")]
    assert client.get(links[0]["href"]).status_code == 200


def test_a_hidden_event_type_can_be_booked_by_its_link(client: FlaskClient, app: Flask, rick: User) -> None:
    with app.app_context():
        factories.create_event_type(rick, slug="secret", title="Hidden thing", hidden=True)
    assert client.get("/rick/secret").status_code == 200


@pytest.mark.usefixtures("ann")
def test_a_host_with_nothing_to_book_says_so(client: FlaskClient) -> None:
    assert "Nothing to book yet" in hook(client.get("/ann"), "empty-screen").text


@pytest.mark.parametrize("path", ["/nobody", "/rick/nothing", "/nobody/quick-chat", "/team/rick/quick-chat", "/team/x"])
def test_what_does_not_exist_is_a_404_page(client: FlaskClient, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 404
    assert hook(page, "404-page")


# The month


def test_the_month_shows_which_days_can_be_chosen(client: FlaskClient, booking_page: str) -> None:
    page = client.get(booking_page)
    days = hooks(page, "day")
    assert [day.text for day in days] == [str(number) for number in range(1, 32)]
    assert free_days(page)[:6] == [2, 3, 4, 5, 6, 9]
    assert {day.tag for day in days if day["data-disabled"] == "false"} == {"a"}
    assert {day.get("href") for day in days if day["data-disabled"] == "true"} == {None}
    assert days[1]["aria-label"] == "Monday 2 March 2026, today, 14 times free"


def test_a_chosen_day_shows_its_times_in_the_bookers_zone(client: FlaskClient, booking_page: str) -> None:
    page = client.get(f"{booking_page}?date=2026-03-03&timeZone=Asia/Calcutta")
    assert times(page)[:2] == ["14:30", "15:00"]
    slot = dict(query(hooks(page, "time")[0]["href"]))["slot"]
    assert slot == "2026-03-03T09:00:00Z"


def test_the_months_arrows_are_links_that_keep_everything_but_the_day(client: FlaskClient, booking_page: str) -> None:
    page = client.get(
        f"{booking_page}?date=2026-03-03&timeZone=Asia/Tokyo&name=Ann&guests=bob@example.com&metadata[a]=1&duration=30"
    )
    following = query(hook(page, "incrementMonth")["href"])
    assert following == [
        ("month", "2026-04"),
        ("duration", "30"),
        ("timeZone", "Asia/Tokyo"),
        ("name", "Ann"),
        ("guests", "bob@example.com"),
        ("metadata[a]", "1"),
    ]
    assert hook(page, "decrementMonth").get("href") is None
    april = client.get(hook(page, "incrementMonth")["href"])
    assert "April 2026" in april.text
    assert query(hook(april, "decrementMonth")["href"])[0] == ("month", "2026-03")


def test_a_month_without_times_leads_to_the_next_one_that_has_some(
    client: FlaskClient, watch: Watch, booking_page: str
) -> None:
    watch.now = datetime(2026, 3, 31, 20, tzinfo=UTC)
    page = client.get(f"{booking_page}?metadata[a]=1")
    assert "No free times in March" in page.text
    way_out = next(element for element in elements(page) if element.text == "Next free: Wed 1 Apr")
    assert query(way_out["href"]) == [("date", "2026-04-01"), ("metadata[a]", "1")]


def test_an_hour_that_the_clock_repeats_is_told_apart(client: FlaskClient, app: Flask, watch: Watch) -> None:
    watch.now = datetime(2026, 10, 20, tzinfo=UTC)
    with app.app_context():
        owl = factories.create_user("owl")
        night = factories.create_schedule(owl, hours=(0, 4), days=range(7))
        factories.create_event_type(owl, slug="night", schedule=night, length=60)
    page = client.get("/owl/night?date=2026-10-25")
    assert times(page) == ["00:00", "01:00 BST", "01:00 GMT", "02:00", "03:00"]


@pytest.mark.parametrize("page", [PAGE, "/rick"])
def test_nonsense_in_the_address_never_breaks_the_page(client: FlaskClient, page: str) -> None:
    answers = {nonsense[:60]: client.get(f"{page}?{nonsense}").status_code for nonsense in NONSENSE}
    assert answers == {nonsense[:60]: 400 if "%00" in nonsense else 200 for nonsense in NONSENSE}


def test_a_month_out_of_reach_shows_this_one(client: FlaskClient, booking_page: str) -> None:
    for month in ("1999-01", "2026-02", "2031-04", "9999-12"):
        assert "March 2026" in client.get(f"{booking_page}?month={month}").text.replace('<span class="month-year">', "")


def test_a_zone_that_does_not_exist_gives_way_to_the_hosts(client: FlaskClient, booking_page: str) -> None:
    page = client.get(f"{booking_page}?date=2026-03-03&timeZone=Mars/Olympus")
    assert times(page)[0] == "09:00"
    assert "Europe/London" in page.text


def test_the_zone_that_the_browser_told_us_is_used_under_its_own_name(client: FlaskClient, booking_page: str) -> None:
    client.set_cookie("calhooks_zone", "Asia/Calcutta")
    page = client.get(f"{booking_page}?date=2026-03-03")
    assert times(page)[0] == "14:30"
    assert any(element.get("data-zone") == "Asia/Kolkata" for element in elements(page))
    assert times(client.get(f"{booking_page}?date=2026-03-03&timeZone=Europe/London"))[0] == "09:00"


# The form


def test_a_free_slot_opens_the_form_with_what_the_link_fills_in(client: FlaskClient, slot_page: str) -> None:
    page = client.get(f"{slot_page}&name=Ann&email=ann@example.com&guests=bob@example.com&notes=Hi&timeZone=Asia/Tokyo")
    form = pages.post_form(page)
    assert form.fields["start"] == "2026-03-03T10:00:00Z"
    assert form.fields["timeZone"] == "Asia/Tokyo"
    assert [form.fields[name] for name in ("name", "email", "guests", "notes")] == [
        "Ann",
        "ann@example.com",
        "bob@example.com",
        "Hi",
    ]
    assert "19:00 – 19:30" in page.text
    assert hook(page, "confirm-book-button").text == "Confirm"


@pytest.mark.parametrize("slot", ["2026-03-03T10:10:00Z", "2026-03-07T10:00:00Z", "2026-03-02T07:00:00Z"])
def test_a_slot_that_is_not_free_shows_what_is(client: FlaskClient, slot: str, booking_page: str) -> None:
    page = client.get(f"{booking_page}?slot={slot}")
    assert "That time is no longer free" in page.text
    assert not hooks(page, "confirm-book-button")


def test_booking_leads_to_the_bookings_page(client: FlaskClient, booked: Booked, slot_page: str) -> None:
    answer = pages.submit(
        client,
        f"{slot_page}&timeZone=Asia/Calcutta&metadata[user_id]=123&metadata[ünï]=ço+de&metadata[empty]=",
        ANN | {"notes": "Line one\r\nLine two", "guests": ["bob@example.com", ""]},
        headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"},
    )
    assert answer.status_code == 303
    (booking,) = booked()
    assert answer.location == f"/booking/{booking['uid']}"
    assert booking == {
        "uid": booking["uid"],
        "status": "ACCEPTED",
        "start": datetime(2026, 3, 3, 10, tzinfo=UTC),
        "metadata": {"user_id": "123", "ünï": "ço de", "empty": ""},
        "attendees": [
            ("Ann Lee", "ann@example.com", "Asia/Kolkata", "de"),
            ("", "bob@example.com", "Asia/Kolkata", "de"),
        ],
        "notes": "Line one\nLine two",
        "rescheduled_by": "",
        "cancelled_by": "",
        "reason": "",
    }
    assert client.get(answer.location).status_code == 200


@pytest.mark.parametrize(
    "email", ["ann@example.test", "ann@calendar.local", "Ann.O'Lee+x@Example.COM", "änn@exämple.com"]
)
def test_unusual_addresses_are_as_good_as_any(client: FlaskClient, email: str, slot_page: str) -> None:
    assert pages.submit(client, slot_page, {"name": "Ann", "email": email}).status_code == 303


def test_metadata_may_also_stand_in_the_form(client: FlaskClient, booked: Booked, slot_page: str) -> None:
    pages.submit(client, slot_page, ANN | {"metadata[user_id]": "123"})
    assert booked()[0]["metadata"] == {"user_id": "123"}


@pytest.mark.parametrize(
    ("header", "locale"),
    [("", "en"), ("*", "en"), ("en-US,en;q=0.9", "en"), ("pt-BR,pt", "pt-BR"), ("de;q=0.1,fr", "fr"), ("x" * 90, "en")],
)
def test_the_bookers_language_comes_from_the_browser(
    client: FlaskClient, booked: Booked, header: str, locale: str, slot_page: str
) -> None:
    pages.submit(client, slot_page, ANN, headers={"Accept-Language": header})
    assert booked()[0]["attendees"] == [("Ann Lee", "ann@example.com", "Europe/London", locale)]


def test_wrong_input_comes_back_at_its_field_with_everything_typed(
    client: FlaskClient, booked: Booked, slot_page: str
) -> None:
    typed = {"name": "  ", "email": "nobody", "notes": "<b>Hi</b>", "guests": ["x", "bob@example.com"]}
    answer = pages.submit(client, f"{slot_page}&metadata[a]=1", typed)
    assert answer.status_code == 422
    form = pages.post_form(answer)
    assert (form.fields["email"], form.fields["notes"]) == ("nobody", "<b>Hi</b>")
    assert form.fields.getlist("guests") == ["x", "bob@example.com"]
    assert form.fields["start"] == "2026-03-03T10:00:00Z"
    assert ("metadata[a]", "1") in query(form.path)
    wrong = [element["name"] for element in elements(answer) if element.get("aria-invalid") == "true"]
    assert wrong == ["name", "email", "guests", "guests"]
    assert "Enter your name." in answer.text
    assert booked() == []
    fill(form, ANN | {"guests": "bob@example.com"})
    assert client.post(form.path, data=form.fields).status_code == 303


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "n" * 201),
        ("email", "a@b"),
        ("email", "ann@example.com\nBcc: x@example.com"),
        ("notes", "n" * 5_001),
        ("guests", [f"guest{n}@example.com" for n in range(11)]),
        ("guests", [f"guest{n}@example.com" for n in range(10_000)]),
        ("start", "2026-03-07T10:00:00Z"),
        ("start", "2026-03-03T10:07:00Z"),
    ],
)
def test_what_cannot_be_kept_is_refused(
    client: FlaskClient, booked: Booked, field: str, value: str | list[str], slot_page: str
) -> None:
    assert pages.submit(client, slot_page, ANN | {field: value}).status_code == 422
    assert booked() == []


@pytest.mark.parametrize("start", ["", "garbage", "9999-99-99T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_form_without_a_time_goes_back_to_the_month(
    client: FlaskClient, booked: Booked, start: str, slot_page: str
) -> None:
    answer = pages.submit(client, slot_page, ANN | {"start": start})
    assert answer.status_code == 422
    assert "Choose a time." in answer.text
    assert ("name", "Ann Lee") in query(hook(answer, "incrementMonth")["href"])
    assert booked() == []


def test_a_slash_at_the_end_of_a_link_changes_nothing(client: FlaskClient) -> None:
    assert hook(client.get("/rick/?metadata[a]=1"), "event-type-link")["href"] == f"{PAGE}?metadata%5Ba%5D=1"
    assert pages.submit(client, f"{PAGE}/?slot=2026-03-03T10:00:00Z", ANN, to=PAGE).status_code == 303


def test_no_hidden_field_has_the_name_of_one_that_is_typed(client: FlaskClient, slot_page: str) -> None:
    prefilled = client.get(f"{slot_page}&name=Ann+Lee&email=ann@example.com&guests=bo@example.com&notes=Hello")
    wrong = pages.submit(client, slot_page, ANN | {"email": "ann", "guests": ["bo@example.com"]})
    for page in (prefilled, wrong):
        hidden = {element.get("name") for element in elements(page) if element.get("type") == "hidden"}
        assert hidden.isdisjoint({"name", "email", "guests", "notes"})
        assert "start" in hidden


def test_a_zone_that_does_not_exist_books_in_the_hosts(client: FlaskClient, booked: Booked, slot_page: str) -> None:
    assert pages.submit(client, slot_page, ANN | {"timeZone": "Mars/Olympus"}).status_code == 303
    assert booked()[0]["attendees"] == [("Ann Lee", "ann@example.com", "Europe/London", "en")]


def test_a_slot_taken_meanwhile_is_told_kindly_with_what_is_still_free(
    client: FlaskClient, app: Flask, booked: Booked, slot_page: str
) -> None:
    form = pages.post_form(client.get(f"{slot_page}&metadata[a]=1"))
    assert pages.submit(app.test_client(), slot_page, {"name": "Bo", "email": "bo@example.com"}).status_code == 303
    fill(form, ANN | {"notes": "My notes"})
    answer = client.post(form.path, data=form.fields)
    assert answer.status_code == 409
    assert hook(answer, "booking-fail")
    assert pages.post_form(answer).fields["notes"] == "My notes"
    assert "10:00" not in times(answer)
    again = client.get(next(time for time in hooks(answer, "time") if time.text == "10:30")["href"])
    form = pages.post_form(again)
    assert (form.fields["name"], form.fields["notes"]) == ("Ann Lee", "My notes")
    assert client.post(form.path, data=form.fields).status_code == 303
    assert [booking["metadata"] for booking in booked()] == [{}, {"a": "1"}]


def test_the_same_form_sent_twice_leads_to_the_one_booking(client: FlaskClient, booked: Booked, slot_page: str) -> None:
    form = fill(pages.post_form(client.get(slot_page)), ANN)
    first, second = (client.post(form.path, data=form.fields) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    assert len(booked()) == 1


def test_another_visitor_with_the_same_words_does_not_get_the_booking(
    client: FlaskClient, app: Flask, booking_page: str, slot_page: str
) -> None:
    assert pages.submit(client, slot_page, ANN).status_code == 303
    stranger = app.test_client()
    stranger.get(slot_page)
    form = fill(
        pages.post_form(stranger.get(f"{booking_page}?slot=2026-03-03T10:30:00Z")),
        ANN | {"start": "2026-03-03T10:00:00Z"},
    )
    assert stranger.post(form.path, data=form.fields).status_code == 409


def test_back_and_another_guest_keep_what_was_typed(client: FlaskClient, slot_page: str) -> None:
    typed = ANN | {"notes": "a & b", "guests": ["bob@example.com"]}
    more = pages.submit(client, f"{slot_page}&metadata[a]=1", typed | {"step": "add-guest"})
    assert more.status_code == 303
    form = pages.post_form(client.get(more.location))
    assert form.fields.getlist("guests") == ["bob@example.com", ""]
    back = client.post(form.path, data=fill(form, {"step": "back"}).fields)
    assert back.status_code == 303
    month = client.get(back.location)
    assert len(hooks(month, "time")) == 16
    form = pages.post_form(client.get(hooks(month, "time")[4]["href"]))
    assert (form.fields["name"], form.fields["notes"]) == ("Ann Lee", "a & b")
    assert ("metadata[a]", "1") in query(form.path)


def test_a_form_without_its_token_is_refused(client: FlaskClient, booked: Booked, booking_page: str) -> None:
    assert client.post(booking_page, data=ANN | {"start": "2026-03-03T10:00:00Z"}).status_code == 400
    assert booked() == []


def test_a_file_in_place_of_a_text_is_refused(client: FlaskClient, booked: Booked, slot_page: str) -> None:
    form = fill(pages.post_form(client.get(slot_page)), ANN)
    sent = form.fields.to_dict() | {"name": (BytesIO(b"Ann Lee"), "name.txt")}
    answer = client.post(form.path, data=sent)
    assert answer.status_code == 400
    assert "no form here takes" in answer.text
    assert booked() == []


@pytest.mark.parametrize(
    ("metadata", "key", "limit"),
    [
        ("&".join(f"metadata[k{n}]=1" for n in range(51)), "metadata[k50]", "50 keys"),
        ("metadata[long]=" + "v" * 2001, "metadata[long]", "2,000 characters"),
        ("&".join(f"metadata[b{n}]=" + "%C3%A9" * 600 for n in range(3)), "metadata[b1]", "4,000 bytes"),
        ("metadata[nul]=a%00b", "metadata[nul]", "NUL"),
    ],
)
def test_too_much_metadata_is_refused_by_name(client: FlaskClient, metadata: str, key: str, limit: str) -> None:
    for path in (f"{TUESDAY_TEN}&{metadata}", f"/rick?{metadata}"):
        page = client.get(path)
        assert page.status_code == 400
        assert key in page.text
        assert limit in page.text
        assert not any(element.tag == "form" for element in elements(page))


def test_a_visit_is_not_kept_by_caches(client: FlaskClient, booking_page: str) -> None:
    assert "no-cache" in client.get(booking_page).headers["Cache-Control"]


def test_a_script_that_knows_its_time_books_with_the_token_of_the_month(client: FlaskClient, booking_page: str) -> None:
    token = re.findall(r'name="csrf_token" value="([^"]+)"', client.get(booking_page).text)[0]
    typed = {"csrf_token": token, "start": "2026-03-03T10:00:00Z", "timeZone": "UTC", "name": "Ann", "email": "a@b.com"}
    answer = client.post(booking_page, data=typed)
    assert answer.status_code == 303
    assert answer.location.startswith("/booking/")


# htmx


def test_htmx_gets_the_part_that_changes(client: FlaskClient, booking_page: str) -> None:
    part = client.get(f"{booking_page}?date=2026-03-03", headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert part.text.lstrip().startswith("<div")
    restored = client.get(booking_page, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in restored.text


def test_htmx_is_led_to_the_booking_without_a_redirect(client: FlaskClient, booked: Booked, slot_page: str) -> None:
    form = fill(pages.post_form(client.get(slot_page)), ANN)
    answer = client.post(form.path, data=form.fields, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert answer.headers["HX-Redirect"] == f"/booking/{booked()[0]['uid']}"


def test_htmx_gets_a_step_back_with_its_address(client: FlaskClient, slot_page: str) -> None:
    form = pages.post_form(client.get(f"{slot_page}&timeZone=Asia/Tokyo"))
    answer = client.post(form.path, data=fill(form, {"step": "back"}).fields, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert ("date", "2026-03-03") in query(answer.headers["HX-Push-Url"])
    assert hooks(answer, "time")


def test_an_event_type_that_needs_confirmation_says_so(
    client: FlaskClient, app: Flask, rick: User, booked: Booked
) -> None:
    with app.app_context():
        factories.create_event_type(rick, slug="ask", title="Ask me", requires_confirmation=True)
    page = client.get("/rick/ask?slot=2026-03-03T10:00:00Z")
    assert hook(page, "confirm-book-button").text == "Send request"
    pages.submit(client, "/rick/ask?slot=2026-03-03T10:00:00Z", ANN)
    assert booked()[0]["status"] == "PENDING"


def test_what_people_wrote_is_shown_as_text(client: FlaskClient, app: Flask, rick: User) -> None:
    bad = "<script>alert(1)</script>\"'"
    with app.app_context():
        factories.create_event_type(rick, slug="bad", title=bad, description=bad, location=bad)
    for path in ("/rick", "/rick/bad", f"/rick/bad?slot=2026-03-03T10:00:00Z&name={bad}&metadata[{bad}]={bad}"):
        assert "<script>alert" not in client.get(path).text


def test_the_link_of_a_meeting_is_not_told_before_the_booking(client: FlaskClient, app: Flask, rick: User) -> None:
    with app.app_context():
        factories.create_event_type(rick, slug="online", location="https://meet.example.com/rick")
    assert "meet.example.com" not in client.get("/rick/online").text


@pytest.mark.usefixtures("ann")
def test_an_event_type_of_somebody_elses_is_not_found_under_a_host(client: FlaskClient, event_type: EventType) -> None:
    assert client.get(f"/ann/{event_type.slug}").status_code == 404


# Hours


def test_hours_are_written_as_the_visitor_likes_without_javascript_too(client: FlaskClient, booking_page: str) -> None:
    page = client.get(f"{booking_page}?date=2026-03-03&metadata[user_id]=123")
    choice = next(each for each in elements(page) if each.attributes.get("data-clock") == "12")
    answer = client.get(choice.attributes["href"] or "")
    assert query(answer.location) == [("date", "2026-03-03"), ("metadata[user_id]", "123")]
    again = client.get(answer.location)
    assert [each.text for each in hooks(again, "time")][:8:7] == ["9:00 am", "12:30 pm"]
    client.get(f"{booking_page}?timeFormat=13")
    assert hooks(client.get(f"{booking_page}?date=2026-03-03"), "time")[0].text == "9:00 am"
    client.get(f"{booking_page}?timeFormat=24")
    assert hooks(client.get(f"{booking_page}?date=2026-03-03"), "time")[0].text == "09:00"

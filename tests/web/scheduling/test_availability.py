"""The host's weekly hours: several ranges a day, the zone, and the way to the booking page."""

import pytest
from flask.testing import FlaskClient

from tests.web import pages
from tests.web.markup import elements, hooks

pytestmark = pytest.mark.usefixtures("watch", "event_type")

PAGE = "/availability"


def hours(client: FlaskClient, day: str) -> list[tuple[str, str]]:
    fields = pages.post_form(client.get(PAGE)).fields
    return list(zip(fields.getlist(f"{day}Start"), fields.getlist(f"{day}End"), strict=True))


def test_the_page_shows_the_hours_that_are_kept(owner: FlaskClient) -> None:
    assert hours(owner, "monday") == [("09:00", "17:00")]
    assert hours(owner, "saturday") == []
    assert pages.post_form(owner.get(PAGE)).fields["timeZone"] == "Europe/London"


def test_several_ranges_of_a_day_reach_the_booking_page(owner: FlaskClient, client: FlaskClient) -> None:
    typed = {"tuesdayStart": ["13:00", "09:00"], "tuesdayEnd": ["14:00", "10:00"], "timeZone": "Asia/Calcutta"}
    answer = pages.submit(owner, PAGE, typed)
    assert (answer.status_code, answer.location) == (303, PAGE)
    assert hours(owner, "tuesday") == [("09:00", "10:00"), ("13:00", "14:00")]
    page = client.get("/rick/quick-chat?date=2026-03-03&timeZone=Asia/Kolkata")
    assert [time.text for time in hooks(page, "time")] == ["09:00", "09:30", "13:00", "13:30"]


def test_a_day_can_be_taken_off_and_last_until_midnight(owner: FlaskClient) -> None:
    typed = {"mondayStart": [""], "mondayEnd": [""], "fridayStart": ["18:00"], "fridayEnd": ["00:00"]}
    assert pages.submit(owner, PAGE, typed).status_code == 303
    assert hours(owner, "monday") == []
    assert hours(owner, "friday") == [("18:00", "00:00")]


def test_a_range_is_added_and_removed_without_saving(owner: FlaskClient) -> None:
    added = pages.submit(owner, PAGE, {"addRange": "saturday"})
    assert added.status_code == 200
    form = pages.post_form(added)
    assert form.fields["saturdayStart"] == "09:00"
    focused = [element["name"] for element in elements(added) if "autofocus" in element.attributes]
    assert focused == ["saturdayStart"]
    assert hours(owner, "saturday") == []
    removed = owner.post(PAGE, data=form.fields | {"removeRange": "saturday-0"})
    assert "saturdayStart" not in pages.post_form(removed).fields
    assert owner.post(PAGE, data=form.fields).status_code == 303
    assert hours(owner, "saturday") == [("09:00", "17:00")]


@pytest.mark.parametrize(
    "nonsense", ["", "someday", "monday-99", "monday-²", "monday--1", "-", f"monday-{'9' * 5_000}"]
)
def test_nonsense_to_add_or_remove_changes_nothing(owner: FlaskClient, nonsense: str) -> None:
    for what in ("addRange", "removeRange"):
        form = pages.post_form(pages.submit(owner, PAGE, {what: nonsense}))
        assert form.fields.getlist("mondayStart") == ["09:00"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"mondayStart": ["17:00"], "mondayEnd": ["09:00"]}, "A range must end after it starts."),
        ({"mondayStart": ["09:00", "11:00"], "mondayEnd": ["12:00", "13:00"]}, "must not overlap"),
        ({"mondayStart": ["soon"], "mondayEnd": ["12:00"]}, "Enter times like 09:00."),
        ({"mondayStart": ["09:00"], "mondayEnd": [""]}, "Enter times like 09:00."),
        ({"mondayStart": ["09:00"] * 40, "mondayEnd": ["10:00"] * 40}, "Use at most 20 ranges a day."),
        ({"timeZone": "Mars/Olympus"}, "is not a time zone."),
    ],
)
def test_wrong_hours_come_back_at_their_day(
    owner: FlaskClient, typed: dict[str, str | list[str]], sentence: str
) -> None:
    answer = pages.submit(owner, PAGE, {"fridayStart": "08:00"} | typed)
    assert answer.status_code == 422
    assert sentence in answer.text
    form = pages.post_form(answer)
    assert form.fields["fridayStart"] == "08:00"
    if "mondayStart" in typed:
        assert form.fields.getlist("mondayStart") == typed["mondayStart"]
    assert hours(owner, "friday") == [("09:00", "17:00")]


def test_a_host_without_hours_is_led_to_making_some(other: FlaskClient) -> None:
    answer = other.get(PAGE)
    assert (answer.status_code, answer.location) == (303, f"{PAGE}/new")
    pages.submit(other, f"{PAGE}/new", {"name": "Hours"})
    assert hours(other, "monday") == [("09:00", "17:00")]


def test_hours_belong_to_their_host_alone(owner: FlaskClient, other: FlaskClient) -> None:
    pages.submit(other, f"{PAGE}/new", {"name": "Hours"})
    pages.submit(other, PAGE, {"mondayStart": ["06:00"], "mondayEnd": ["07:00"]})
    assert hours(other, "monday") == [("06:00", "07:00")]
    assert hours(owner, "monday") == [("09:00", "17:00")]

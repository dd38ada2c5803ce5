"""Several schedules, single days with other hours, and days away."""

import pytest
from flask.testing import FlaskClient

from calhooks.scheduling.models.event_types import EventType
from tests.web import pages
from tests.web.markup import elements, hooks

pytestmark = pytest.mark.usefixtures("watch", "event_type")

PAGE = "/availability"


@pytest.fixture
def schedule(event_type: EventType) -> str:
    """The path of Rick's schedule."""
    return f"{PAGE}/{event_type.schedule_id}"


def times(client: FlaskClient, day: int) -> list[str]:
    return [time.text for time in hooks(client.get(f"/rick/quick-chat?date=2026-03-{day:02}"), "time")]


def test_a_single_day_gets_other_hours_and_loses_them(owner: FlaskClient, client: FlaskClient, schedule: str) -> None:
    new = f"{schedule}/overrides/new"
    answer = pages.submit(owner, new, {"day": "2026-03-03", "kind": "hours", "start": ["10:00"], "end": ["11:00"]})
    assert (answer.status_code, answer.location) == (303, schedule)
    page = owner.get(schedule)
    assert "Tuesday 3 March 2026" in page.text
    assert "10:00 – 11:00" in page.text
    assert times(client, 3) == ["10:00", "10:30"]
    fields = pages.post_form(owner.get(f"{new}?day=2026-03-03")).fields
    assert (fields["day"], fields["kind"], fields["start"]) == ("2026-03-03", "hours", "10:00")
    assert pages.submit(owner, schedule, to=f"{schedule}/overrides/1/delete").status_code == 303
    assert len(times(client, 3)) == 16


def test_a_single_day_is_off(owner: FlaskClient, client: FlaskClient, schedule: str) -> None:
    assert pages.submit(owner, f"{schedule}/overrides/new", {"day": "2026-03-03", "kind": "off"}).status_code == 303
    assert "Off" in owner.get(schedule).text
    assert times(client, 3) == []
    assert len(times(client, 4)) == 16


def test_ranges_of_a_single_day_are_added_and_removed_without_saving(owner: FlaskClient, schedule: str) -> None:
    new = f"{schedule}/overrides/new"
    form = pages.post_form(pages.submit(owner, new, {"kind": "hours", "addRange": "y"}))
    assert form.fields.getlist("start") == ["09:00", ""]
    removed = owner.post(new, data=form.fields | {"removeRange": "0"})
    assert pages.post_form(removed).fields.getlist("start") == [""]
    for nonsense in ("", "99", "00009", "²", "9" * 5_000):
        assert owner.post(new, data=form.fields | {"removeRange": nonsense}).status_code == 200


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"day": "", "kind": "off"}, "Enter a day."),
        ({"day": "2026-03-03", "kind": "hours", "start": [""], "end": [""]}, "Enter the hours of this day."),
        ({"day": "2026-03-03", "kind": "hours", "start": ["12:00"], "end": ["11:00"]}, "must end after it starts"),
    ],
)
def test_wrong_days_come_back_at_their_field(owner: FlaskClient, schedule: str, typed: dict, sentence: str) -> None:
    answer = pages.submit(owner, f"{schedule}/overrides/new", typed)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert pages.post_form(answer).fields["day"] == typed["day"]


def test_days_away_close_the_calendar(owner: FlaskClient, client: FlaskClient, schedule: str) -> None:
    typed = {"firstDay": "2026-03-03", "lastDay": "2026-03-04", "note": "Beach"}
    assert pages.submit(owner, f"{schedule}/away/new", typed).status_code == 303
    page = owner.get(PAGE)
    assert "Tuesday 3 March 2026 to Wednesday 4 March 2026" in page.text
    assert "Beach" in page.text
    assert (times(client, 3), len(times(client, 5))) == ([], 16)
    assert "Beach" not in client.get("/rick/quick-chat").text
    assert pages.submit(owner, schedule, to=f"{schedule}/away/1/delete").status_code == 303
    assert len(times(client, 3)) == 16


def test_what_was_removed_by_mistake_comes_back(owner: FlaskClient, client: FlaskClient, schedule: str) -> None:
    hours = {"start": ["10:00", "23:00"], "end": ["11:00", "00:00"]}
    pages.submit(owner, f"{schedule}/overrides/new", {"day": "2026-03-03", "kind": "hours", **hours})
    pages.submit(owner, f"{schedule}/away/new", {"firstDay": "2026-03-05", "lastDay": "2026-03-06", "note": "Beach"})
    before = times(client, 3)
    for removed, undone in (("overrides/1/delete", "overrides/new"), ("away/1/delete", "away/new")):
        pages.submit(owner, schedule, to=f"{schedule}/{removed}")
        assert pages.submit(owner, schedule, to=f"{schedule}/{undone}").status_code == 303
        # Offered once, on the page that came next.
        assert not hooks(owner.get(schedule), "undo")
    assert times(client, 3) == before == ["10:00", "10:30", "23:00", "23:30"]
    assert (times(client, 5), times(client, 6)) == ([], [])
    assert "Beach" in owner.get(schedule).text


def test_a_day_that_is_off_is_off_again_when_its_removal_is_undone(
    owner: FlaskClient, client: FlaskClient, schedule: str
) -> None:
    pages.submit(owner, f"{schedule}/overrides/new", {"day": "2026-03-03", "kind": "off"})
    removed = f"{schedule}/overrides/1/delete"
    token = pages.csrf_token(owner, schedule)
    page = owner.post(removed, data={"csrf_token": token}, headers={"HX-Request": "true", "HX-Target": "exceptions"})
    assert hooks(page, "undo")[0].text == "Removed: Tuesday 3 March 2026 Undo"
    assert len(times(client, 3)) == 16
    form = pages.post_form(page, f"{schedule}/overrides/new")
    owner.post(form.path, data=form.fields)
    assert times(client, 3) == []


def test_wrong_days_away_come_back_at_their_field(owner: FlaskClient, schedule: str) -> None:
    answer = pages.submit(owner, f"{schedule}/away/new", {"firstDay": "2026-03-04", "lastDay": "2026-03-03"})
    assert answer.status_code == 422
    assert "The last day must not be before the first." in answer.text


def test_htmx_closes_the_box_and_puts_the_days_in_place(owner: FlaskClient, schedule: str) -> None:
    new = f"{schedule}/away/new"
    box = owner.get(new, headers={"HX-Request": "true"})
    assert box.text.lstrip().startswith('<div class="dialog')
    form = pages.post_form(owner.get(new))
    form.fields.setlist("firstDay", ["2026-03-04"])
    answer = owner.post(new, data=form.fields, headers={"HX-Request": "true", "HX-Target": "modal"})
    assert "closeModal" in answer.headers["HX-Trigger"]
    assert 'id="exceptions"' in answer.text


def test_a_day_is_copied_to_others_without_saving(owner: FlaskClient) -> None:
    typed = {"mondayStart": "10:00", "copyRange": "monday", "mondayCopyTo": ["tuesday", "sunday", "nonsense"]}
    form = pages.post_form(pages.submit(owner, PAGE, typed))
    assert [form.fields[f"{day}Start"] for day in ("tuesday", "sunday", "wednesday")] == ["10:00", "10:00", "09:00"]
    assert owner.post(PAGE, data=form.fields).status_code == 303
    assert pages.post_form(owner.get(PAGE)).fields["sundayStart"] == "10:00"


def test_a_second_schedule_has_hours_of_its_own(owner: FlaskClient, client: FlaskClient, event_type: EventType) -> None:
    answer = pages.submit(owner, f"{PAGE}/new", {"name": "Evenings"})
    evenings = answer.location
    typed = {"name": "Late", "tuesdayStart": ["20:00"], "tuesdayEnd": ["21:00"], "timeZone": "America/New_York"}
    assert pages.submit(owner, evenings, typed).location == evenings
    tabs = [each.text for each in elements(owner.get(PAGE)) if each.get("class") == "tab"]
    assert tabs == ["Working hours", "Late"]
    pages.submit(owner, f"/event-types/{event_type.id}/edit", {"schedule": evenings.rpartition("/")[2]})
    assert times(client, 4)[:2] == ["01:00", "01:30"]
    assert pages.submit(owner, f"{evenings}/delete").location == PAGE
    assert len(times(client, 3)) == 16


def test_the_only_schedule_stays(owner: FlaskClient, schedule: str) -> None:
    answer = pages.submit(owner, f"{schedule}/delete", follow_redirects=True)
    assert "This is your only schedule." in answer.text


def test_a_schedule_needs_a_name(owner: FlaskClient) -> None:
    answer = pages.submit(owner, f"{PAGE}/new", {"name": " "})
    assert answer.status_code == 422
    assert "Enter a name." in answer.text

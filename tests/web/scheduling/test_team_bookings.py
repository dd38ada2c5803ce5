"""A team's bookings: in its own lists and in those of its hosts, and who may answer, move and read them."""

import csv
import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Membership, Team
from calhooks.db import db, writing
from calhooks.scheduling.bookings.confirm import confirm
from calhooks.scheduling.errors import NotAllowed
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType, SchedulingType
from tests import factories
from tests.web import pages
from tests.web.conftest import Watch
from tests.web.markup import hook, hooks

pytestmark = pytest.mark.usefixtures("watch")

TUESDAY_TEN = datetime(2026, 3, 3, 10, tzinfo=UTC)
ANN = {"name": "Ann Lee", "email": "ann@example.com"}

Booked = Callable[[], list[Mapping[str, object]]]
Browsers = Callable[[User], FlaskClient]


@pytest.fixture
def talk(app: Flask, team: Team, bob: User, carol: User) -> EventType:
    """A round robin of Bob and Carol."""
    with app.app_context():
        return factories.create_team_event_type(team, [bob, carol])


def make(app: Flask, event_type: EventType, host: User, hour: int = 10, **values: object) -> str:
    with app.app_context():
        start = TUESDAY_TEN.replace(hour=hour)
        return factories.create_booking(event_type, start, host_id=host.id, **values).uid


def titles(page: TestResponse) -> list[str]:
    return [row.text for row in hooks(page, "booking-item")]


def act(browser: FlaskClient, path: str, uid: str, action: str) -> TestResponse:
    token = pages.csrf_token(browser, "/settings/password")
    return browser.post(path, data={"csrf_token": token, "uid": uid, "action": action}, follow_redirects=True)


def membership_of(app: Flask, user: User) -> int:
    with app.app_context():
        return db.session.query(Membership).filter_by(user_id=user.id).one().id


def test_a_hosts_own_list_has_what_they_host_for_the_team_under_its_name(
    app: Flask, talk: EventType, bob: User, carol: User, browser_of: Browsers
) -> None:
    make(app, talk, bob)
    page = browser_of(bob).get("/bookings/upcoming")
    assert hook(page, "booking-team").text == "Sales"
    assert hook(page, "reassign")
    assert titles(browser_of(carol).get("/bookings/upcoming")) == []


def test_a_hosts_own_list_says_who_else_attends(
    app: Flask, client: FlaskClient, team: Team, alice: User, bob: User, carol: User, browser_of: Browsers
) -> None:
    with app.app_context():
        factories.create_team_event_type(team, [alice, bob, carol], SchedulingType.COLLECTIVE)
    assert pages.submit(client, "/team/sales/talk?slot=2026-03-03T10:00:00Z", ANN).status_code == 303
    for host, words in ((alice, "Sales with Bob and Carol"), (carol, "Sales with Alice and Bob")):
        assert hook(browser_of(host).get("/bookings/upcoming"), "booking-team").text == words


def test_the_teams_list_has_all_with_their_hosts_for_every_member_and_nobody_else(
    app: Flask, team: Team, talk: EventType, alice: User, bob: User, carol: User, dave: User, browser_of: Browsers
) -> None:
    make(app, talk, bob)
    make(app, talk, carol, 11)
    for member in (alice, bob, carol):
        page = browser_of(member).get(f"/teams/{team.id}/bookings/upcoming")
        assert [row.text for row in hooks(page, "booking-hosts")] == ["BHosts: Bob", "CHosts: Carol"]
    for path in ("upcoming", "upcoming/bookings.csv"):
        assert browser_of(dave).get(f"/teams/{team.id}/bookings/{path}").status_code == 404


def test_the_teams_list_offers_changes_to_whom_they_are_allowed(
    app: Flask, team: Team, talk: EventType, alice: User, bob: User, carol: User, browser_of: Browsers
) -> None:
    make(app, talk, bob)
    path = f"/teams/{team.id}/bookings/upcoming"
    offered = {who.username: len(hooks(browser_of(who).get(path), "edit_booking")) for who in (alice, bob, carol)}
    assert offered == {"alice": 1, "bob": 1, "carol": 0}


def test_the_teams_list_is_narrowed_to_a_host_and_an_event_type(
    app: Flask, team: Team, talk: EventType, alice: User, bob: User, carol: User, browser_of: Browsers
) -> None:
    with app.app_context():
        other = factories.create_team_event_type(team, [bob], slug="other", title="Other talk")
    make(app, talk, bob, title="Bobs")
    make(app, talk, carol, 11, title="Carols")
    make(app, other, bob, 12, title="Others")
    browser, path = browser_of(alice), f"/teams/{team.id}/bookings/upcoming"

    def found(query: str) -> list[str]:
        page = browser.get(f"{path}?{query}")
        return [title for title in ("Bobs", "Carols", "Others") if title in page.text.partition("booking-item")[2]]

    bobs, carols = membership_of(app, bob), membership_of(app, carol)
    assert found(f"host={carols}") == ["Carols"]
    assert found(f"host={bobs}") == ["Bobs", "Others"]
    assert found(f"host={bobs}&eventType={other.id}") == ["Others"]
    assert found(f"host={bobs}&q=ann") == ["Bobs", "Others"]
    assert found("host=99") == []
    assert found("host=x") == ["Bobs", "Carols", "Others"]
    table = browser.get(f"{path}/bookings.csv?host={carols}").text
    assert "Carols" in table
    assert "Bobs" not in table


def test_a_hosts_own_list_is_narrowed_to_a_teams_event_type(
    app: Flask, talk: EventType, bob: User, browser_of: Browsers
) -> None:
    with app.app_context():
        own = factories.create_event_type(bob, slug="own", title="Own")
    make(app, talk, bob)
    make(app, own, bob, 12)
    page = browser_of(bob).get(f"/bookings/upcoming?eventType={talk.id}")
    assert "Talk to sales (Sales)" in page.text
    assert len(titles(page)) == 1


def test_the_table_names_team_and_hosts(
    app: Flask, team: Team, talk: EventType, bob: User, browser_of: Browsers
) -> None:
    make(app, talk, bob)
    table = browser_of(bob).get(f"/teams/{team.id}/bookings/upcoming/bookings.csv").text.removeprefix("\ufeff")
    (row,) = csv.DictReader(io.StringIO(table))
    assert (row["team"], row["hosts"]) == ("Sales", "Bob <bob@example.com>")


# Requests


@pytest.mark.parametrize("action", ["confirm", "reject"])
@pytest.mark.parametrize("place", ["own", "team"])
def test_a_host_answers_a_request_in_both_lists(
    app: Flask, team: Team, talk: EventType, bob: User, browser_of: Browsers, booked: Booked, action: str, place: str
) -> None:
    uid = make(app, talk, bob, status=BookingStatus.PENDING)
    path = "/bookings/unconfirmed" if place == "own" else f"/teams/{team.id}/bookings/unconfirmed"
    assert hook(browser_of(bob).get(path), action)
    assert act(browser_of(bob), path, uid, action).status_code == 200
    assert booked()[0]["status"] == {"confirm": "ACCEPTED", "reject": "REJECTED"}[action]


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        ("confirm", "confirm", "Bob has confirmed it already."),
        ("confirm", "reject", "Bob has confirmed it already."),
        ("reject", "confirm", "Bob has rejected it already."),
    ],
)
def test_the_first_who_answers_decides_and_the_second_is_told_who_it_was(
    app: Flask,
    team: Team,
    talk: EventType,
    alice: User,
    bob: User,
    browser_of: Browsers,
    first: str,
    second: str,
    sentence: str,
) -> None:
    uid = make(app, talk, bob, status=BookingStatus.PENDING)
    path = f"/teams/{team.id}/bookings/unconfirmed"
    act(browser_of(bob), path, uid, first)
    assert sentence in act(browser_of(alice), path, uid, second).text


def test_whoever_answers_twice_is_not_told_of_themselves(app: Flask, talk: EventType, bob: User) -> None:
    uid = make(app, talk, bob, status=BookingStatus.PENDING)
    with app.app_context():
        with writing() as session:
            confirm(session, uid, bob)
        with pytest.raises(NotAllowed, match="This booking has been confirmed already"), writing() as session:
            confirm(session, uid, bob)


@pytest.mark.parametrize("action", ["confirm", "reject", "no-show"])
def test_a_member_who_does_not_host_it_may_not_answer(
    app: Flask, team: Team, talk: EventType, bob: User, carol: User, browser_of: Browsers, booked: Booked, action: str
) -> None:
    uid = make(app, talk, bob, status=BookingStatus.PENDING)
    path, carols = f"/teams/{team.id}/bookings/unconfirmed", browser_of(carol)
    assert not hooks(carols.get(path), "confirm")
    answer = act(carols, path, uid, action)
    assert answer.status_code == 403
    assert "Only this booking’s hosts" in answer.text
    assert carols.get(f"{path}?reject={uid}").status_code == 403
    assert act(carols, "/bookings/unconfirmed", uid, action).status_code == 404
    assert booked()[0]["status"] == "PENDING"


def test_requests_are_counted_for_those_who_may_answer_them(
    app: Flask, team: Team, talk: EventType, alice: User, bob: User, carol: User, browser_of: Browsers
) -> None:
    make(app, talk, bob, status=BookingStatus.PENDING)

    def counted(who: User, path: str) -> str:
        return browser_of(who).get(path).text.partition('class="tab-count">')[2].partition("<")[0]

    counts = {who.username: counted(who, f"/teams/{team.id}/bookings/upcoming") for who in (alice, bob, carol)}
    assert counts == {"alice": "1", "bob": "1", "carol": ""}
    assert [counted(who, "/bookings/upcoming") for who in (alice, bob, carol)] == ["", "1", ""]


def test_an_owner_notes_who_did_not_come(
    app: Flask, team: Team, talk: EventType, alice: User, bob: User, browser_of: Browsers, watch: Watch
) -> None:
    make(app, talk, bob)
    watch.now = TUESDAY_TEN + timedelta(hours=1)
    path, alices = f"/teams/{team.id}/bookings/past", browser_of(alice)
    form = next(form for form in pages.forms(alices.get(path)) if form.fields.get("action") == "no-show")
    alices.post(form.path, data=form.fields)
    assert "Ann Lee did not come" in alices.get(path).text


def test_the_list_of_cancelled_ones_says_who_cancelled(
    app: Flask, team: Team, talk: EventType, alice: User, bob: User, carol: User, browser_of: Browsers
) -> None:
    uid = make(app, talk, bob)
    pages.submit(browser_of(alice), f"/booking/{uid}?cancel=true")
    assert "Cancelled by you" in browser_of(alice).get(f"/teams/{team.id}/bookings/cancelled").text
    assert "Cancelled by Alice" in browser_of(carol).get(f"/teams/{team.id}/bookings/cancelled").text
    assert "Cancelled by Alice" in browser_of(bob).get("/bookings/cancelled").text


def test_who_has_left_sees_nothing_of_it(
    app: Flask, team: Team, talk: EventType, bob: User, browser_of: Browsers
) -> None:
    uid = make(app, talk, bob)
    with app.app_context(), writing() as session:
        session.delete(session.query(Membership).filter_by(user_id=bob.id).one())
    bobs = browser_of(bob)
    assert titles(bobs.get("/bookings/upcoming")) == []
    assert bobs.get(f"/teams/{team.id}/bookings/upcoming").status_code == 404
    assert bobs.get(f"/bookings/history/{uid}").status_code == 404
    assert act(bobs, "/bookings/upcoming", uid, "confirm").status_code == 404


# History


def test_the_history_says_why_it_went_to_its_host_and_who_did_what(
    client: FlaskClient, app: Flask, team: Team, talk: EventType, alice: User, bob: User, browser_of: Browsers
) -> None:
    uid = pages.submit(client, "/team/sales/talk?slot=2026-03-03T10:00:00Z", ANN).location.rpartition("/")[2]
    for who, path in ((bob, f"/bookings/history/{uid}"), (alice, f"/teams/{team.id}/bookings/history/{uid}")):
        page = browser_of(who).get(path)
        assert hook(page, "why-chosen").text.startswith("It went to Bob: No free host was further behind")
    link = f"/team/sales/talk?rescheduleUid={uid}&slot=2026-03-04T10:00:00Z"
    moved = pages.submit(browser_of(alice), link).location.rpartition("/")[2]
    page = browser_of(bob).get(f"/bookings/history/{moved}")
    assert "Alice</span> moved it" in page.text
    # Who keeps a meeting was chosen once.
    assert hook(page, "why-chosen").text.startswith("It went to Bob")


def test_the_history_still_says_why_the_first_host_was_chosen_after_a_reassignment(
    client: FlaskClient, talk: EventType, alice: User, monkeypatch: pytest.MonkeyPatch, browser_of: Browsers
) -> None:
    uid = pages.submit(client, "/team/sales/talk?slot=2026-03-03T10:00:00Z", ANN).location.rpartition("/")[2]
    later = clock.now() + timedelta(minutes=5)
    monkeypatch.setattr(clock, "now", lambda: later)
    browser = browser_of(alice)
    pages.submit(browser, f"/bookings/{uid}/reassign")
    page = browser.get(f"/teams/{talk.team_id}/bookings/history/{uid}")
    assert [each.text.split(":")[0] for each in hooks(page, "why-chosen")] == ["It went to Bob", "It went to Carol"]


def test_the_history_follows_a_booking_from_host_to_host(
    client: FlaskClient, app: Flask, talk: EventType, bob: User, carol: User, browser_of: Browsers
) -> None:
    uid = pages.submit(client, "/team/sales/talk?slot=2026-03-03T10:00:00Z", ANN).location.rpartition("/")[2]
    with app.app_context():
        start = datetime(2026, 3, 4, 10, tzinfo=UTC)
        factories.create_booking(factories.create_event_type(bob, slug="private"), start)
    link = f"/team/sales/talk?rescheduleUid={uid}&slot=2026-03-04T10:00:00Z"
    moved = pages.submit(client, link).location.rpartition("/")[2]
    page = browser_of(carol).get(f"/bookings/history/{moved}")
    sentences = [each.text for each in hooks(page, "why-chosen")]
    assert [each.split(":")[0] for each in sentences] == ["It went to Bob", "It went to Carol"]
    assert sentences[1] == "It went to Carol: Carol was the only host free."
    assert "booked it" in page.text


def test_every_change_that_can_be_noted_has_its_words(
    app: Flask, talk: EventType, bob: User, browser_of: Browsers
) -> None:
    from calhooks.scheduling.models.bookings import BookingChange, ChangeAction

    uid = make(app, talk, bob)
    with app.app_context(), writing() as session:
        booking = session.query(Booking).filter_by(uid=uid).one()
        booking.changes += [BookingChange(at=TUESDAY_TEN, action=action) for action in ChangeAction]
    page = browser_of(bob).get(f"/bookings/history/{uid}")
    assert page.status_code == 200
    assert "reassigned it" in page.text

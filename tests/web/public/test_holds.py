"""A time that somebody is about to book is left out of other people's lists for five minutes, and of nothing else."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks.accounts.models import User
from calhooks.db import db
from calhooks.scheduling.models.event_types import EventType
from tests import factories
from tests.scheduling.bookings.prepared import statements
from tests.web import pages
from tests.web.conftest import NOW, Watch
from tests.web.markup import hooks

pytestmark = pytest.mark.usefixtures("event_type")

PAGE = "/rick/quick-chat"
DAY = f"{PAGE}?date=2026-03-03"
ANN = {"name": "Ann Lee", "email": "ann@example.com"}


@pytest.fixture
def second(app: Flask) -> FlaskClient:
    """Another visitor's browser."""
    return app.test_client()


def link(hour: int) -> str:
    return f"{PAGE}?slot=2026-03-03T{hour}:00:00Z"


def hold(client: FlaskClient, hour: int) -> int:
    """Choose a time as the page's script does."""
    form = pages.post_form(client.get(link(hour)))
    said = {"csrf_token": form.fields["csrf_token"], "start": form.fields["start"]}
    return client.post(f"{PAGE}/hold", data=said).status_code


def times(client: FlaskClient) -> list[str]:
    return [time.text for time in hooks(client.get(DAY), "time")]


def test_a_chosen_time_is_left_out_for_others_for_five_minutes(
    client: FlaskClient, second: FlaskClient, watch: Watch
) -> None:
    assert hold(client, 10) == 204
    assert "10:00" in times(client)
    assert "10:00" not in times(second)
    watch.now = NOW + timedelta(minutes=5)
    assert "10:00" in times(second)


def test_a_visitor_holds_one_time(client: FlaskClient, second: FlaskClient, watch: Watch) -> None:
    hold(client, 10)
    hold(client, 11)
    assert "10:00" in times(second)
    assert "11:00" not in times(second)


def test_the_link_of_a_held_time_still_opens_the_form_and_books(
    client: FlaskClient, second: FlaskClient, watch: Watch
) -> None:
    hold(client, 10)
    assert pages.submit(second, link(10), ANN).status_code == 303
    assert pages.submit(client, link(11), ANN).status_code == 303
    assert "11:30" in times(second)


def test_booking_lets_go_of_what_was_held(client: FlaskClient, second: FlaskClient, watch: Watch) -> None:
    hold(client, 10)
    pages.submit(client, link(12), ANN)
    assert "10:00" in times(second)


def test_who_moves_a_meeting_holds_as_long_as_it_lasts(
    app: Flask, client: FlaskClient, second: FlaskClient, watch: Watch, rick: User
) -> None:
    with app.app_context():
        event_type = factories.create_event_type(rick, slug="choice", other_lengths=[60])
        uid = factories.create_booking(event_type, NOW + timedelta(days=7), length=60).uid
    link = f"/rick/choice?rescheduleUid={uid}"
    form = pages.post_form(client.get(f"{link}&slot=2026-03-03T10:00:00Z"))
    said = {"csrf_token": form.fields["csrf_token"], "start": form.fields["start"]}
    assert client.post(link.replace("?", "/hold?"), data=said).status_code == 204
    assert not {"10:00", "10:30"} & set(times(second))
    assert "11:00" in times(second)


def test_looking_holds_nothing(client: FlaskClient, second: FlaskClient, watch: Watch) -> None:
    client.get(link(10))
    assert client.get(f"{PAGE}/hold").status_code in (404, 405)
    assert "10:00" in times(second)


@pytest.mark.parametrize("start", ["", "soon", "2020-01-01T00:00:00Z", "2026-03-03T03:00:00Z"])
def test_nothing_is_held_that_cannot_be_booked(client: FlaskClient, watch: Watch, start: str) -> None:
    form = pages.post_form(client.get(link(10)))
    answer = client.post(f"{PAGE}/hold", data={"csrf_token": form.fields["csrf_token"], "start": start})
    assert answer.status_code == 204


def test_a_form_of_another_site_holds_nothing(client: FlaskClient, second: FlaskClient, watch: Watch) -> None:
    assert client.post(f"{PAGE}/hold", data={"start": "2026-03-03T10:00:00Z"}).status_code == 400
    assert "10:00" in times(second)


def test_holding_is_limited(client: FlaskClient, watch: Watch, event_type: EventType) -> None:
    assert {hold(client, 10) for _ in range(25)} == {204, 429}


@pytest.mark.parametrize("moves", [False, True])
def test_booking_locks_the_host_before_it_lets_go_of_what_was_held(
    app: Flask, client: FlaskClient, watch: Watch, event_type: EventType, moves: bool
) -> None:
    """Holding locks the host first. In another order, the two could wait for each other on PostgreSQL."""
    with app.app_context():
        uid = factories.create_booking(event_type, NOW + timedelta(days=7)).uid
        db.session.remove()
    hold(client, 10)
    with app.app_context(), statements() as seen:
        assert pages.submit(client, f"{link(10)}{f'&rescheduleUid={uid}' if moves else ''}", ANN).status_code == 303
    let_go = next(number for number, each in enumerate(seen) if each.startswith("DELETE FROM slot_holds"))
    locked = [number for number, each in enumerate(seen) if each.startswith("SELECT users.calendar_version")]
    assert locked
    assert locked[-1] < let_go

"""Twenty people who press at the same instant on the page of a team with three hosts."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Team
from calhooks.db import db
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import SchedulingType
from tests import factories
from tests.web import pages
from tests.web.markup import hook

pytestmark = pytest.mark.usefixtures("watch")

PEOPLE = 20
SLOT = "slot=2026-03-03T10:00:00Z"


def press_at_once(app: Flask, links: list[str]) -> list[TestResponse]:
    """Have as many browsers as links, each in a network of its own, open their page, fill in the form and send it."""
    together = Barrier(len(links))

    def visit(number: int) -> TestResponse:
        browser = app.test_client()
        network = {"REMOTE_ADDR": f"192.0.2.{number}"}
        form = pages.post_form(browser.get(links[number], environ_base=network))
        typed = {"name": f"Person {number}", "email": f"person{number}@example.com", "notes": f"I am {number}."}
        together.wait()
        return browser.post(form.path, data=form.fields.to_dict() | typed, environ_base=network)

    with ThreadPoolExecutor(len(links)) as threads:
        return list(threads.map(visit, range(len(links))))


def test_three_get_a_host_each_and_the_others_their_form_back(
    app: Flask, team: Team, alice: User, bob: User, carol: User
) -> None:
    with app.app_context():
        factories.create_team_event_type(team, [alice, bob, carol], slug="talk")
    answers = press_at_once(app, [f"/team/sales/talk?{SLOT}"] * PEOPLE)
    assert Counter(answer.status_code for answer in answers) == {303: 3, 409: PEOPLE - 3}
    with app.app_context():
        booked = db.session.scalars(select(Booking)).all()
        assert {booking.host_id for booking in booked} == {alice.id, bob.id, carol.id}
        served = {booking.attendees[0].email for booking in booked}
    for number, answer in enumerate(answers):
        email = f"person{number}@example.com"
        assert (answer.status_code == 303) is (email in served)
        if answer.status_code == 409:
            assert f'value="{email}"' in answer.text
            assert f"I am {number}." in answer.text
            assert hook(answer, "booking-fail").text


def test_of_a_team_and_its_hosts_own_pages_each_host_is_booked_once(
    app: Flask, team: Team, alice: User, bob: User, carol: User
) -> None:
    with app.app_context():
        factories.create_team_event_type(team, [alice, bob, carol], slug="talk")
        factories.create_team_event_type(team, [alice, bob], SchedulingType.COLLECTIVE, slug="both")
        factories.create_event_type(alice, slug="own")
    links = [f"/team/sales/talk?{SLOT}", f"/team/sales/both?{SLOT}", f"/alice/own?{SLOT}"]
    answers = press_at_once(app, links * 5)
    statuses = Counter(answer.status_code for answer in answers)
    with app.app_context():
        booked = db.session.scalars(select(Booking)).all()
        hosts = Counter(host.id for booking in booked for host in booking.hosts)
    # With both at one meeting, there are two; else one for each host.
    assert hosts == {alice.id: 1, bob.id: 1, carol.id: 1}
    assert statuses == {303: len(booked), 409: 15 - len(booked)}

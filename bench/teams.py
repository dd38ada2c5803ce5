"""A round robin of twenty hosts, and how many bookings it takes a second beside a host's own event type."""

import time
from datetime import timedelta
from itertools import count
from statistics import median

from bench.bookings import always_bookable, tomorrow
from bench.figures import Line
from bench.place import Place
from calhooks.db import db, writing
from calhooks.scheduling.bookings.prepared import book_prepared, prepare_booking
from calhooks.scheduling.bookings.submission import Submission
from calhooks.scheduling.models.event_types import EventType
from tests import factories

HOSTS = 20
ZONES = ("Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Sydney")
MINUTES = 5
BOOKINGS = 400
WARM_UP = 20
NOBODY = "http://127.0.0.1:9/"


def round_robin(hosts: int, minutes: int) -> EventType:
    """Make /team/sales/talk, with hosts in four time zones who can be booked around the clock.

    Each has an event type of their own besides.
    """
    people = [factories.create_user(time_zone=ZONES[number % len(ZONES)]) for number in range(hosts)]
    for person in people:
        always_bookable(person, minutes)
    team = factories.create_team(people[0], members=people[1:], time_zone="UTC")
    return factories.create_team_event_type(team, people, length=minutes, minimum_notice=0)


def team_bookings(place: Place) -> list[Line]:
    """The bookings that one process makes a second, with one webhook: a team's and a host's own, in turns."""
    with place.stage():
        own, shared = always_bookable(factories.create_user("alone"), MINUTES), round_robin(HOSTS, MINUTES)
        for owner in (own.owner, shared.team):
            assert owner is not None
            factories.create_webhook(owner, NOBODY, "a secret of some length")
        numbers = [own.id, shared.id]
        seconds: list[list[float]] = [[], []]
        starts = (tomorrow() + timedelta(minutes=MINUTES * number) for number in count())
        for _ in range(WARM_UP + place.some(BOOKINGS)):
            form = Submission(start=next(starts), time_zone="UTC", name="Ann Lee", email="ann@example.com")
            for number, taken in zip(numbers, seconds, strict=True):
                began = time.perf_counter()
                _book(number, form)
                taken.append(time.perf_counter() - began)
    alone, team = (1 / median(taken[WARM_UP:]) for taken in seconds)
    return [
        Line(
            figure=f"bookings a second of a round robin of {HOSTS} hosts, one process, against a host's own",
            ours=f"{team:.0f}/s",
            baseline=f"{alone:.0f}/s",
            ratio=team / alone,
            must_reach="0.25",
            ok=team >= alone / 4,
            limit=f"judging the calendars of {HOSTS} hosts while they are locked.",
        )
    ]


def _book(number: int, form: Submission) -> None:
    prepared = prepare_booking(db.session(), number, form, metadata={}, visitor="")
    with writing() as session:
        book_prepared(session, prepared)
    db.session.remove()

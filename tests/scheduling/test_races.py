"""Processes that have all judged their bookings before the first of them writes."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from calhooks.delivery.models.deliveries import Delivery
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventType
from tests import factories

RACERS = 6
# The processes go by the real clock.
MORNING = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=7)
Racer = subprocess.Popen[str]


@pytest.fixture
def racers(environ: dict[str, str]) -> Iterator[list[Racer]]:
    """Six processes, each with its own connection to the test's database."""
    command = [sys.executable, "-m", "tests.scheduling.racer"]
    with ExitStack() as ends:
        started = [
            ends.enter_context(
                subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(RACERS)
        ]
        yield started
        for racer in started:
            racer.kill()


def tell(racer: Racer, what: str) -> None:
    assert racer.stdin
    racer.stdin.write(what + "\n")
    racer.stdin.flush()


def answer(racer: Racer) -> str:
    assert racer.stdout
    return racer.stdout.readline().strip()


def race(
    racers: Sequence[Racer],
    event_type: int | Sequence[int],
    starts: Sequence[datetime],
    between: Callable[[], object] = lambda: None,
) -> Counter[str]:
    """Have all prepare, do what comes between, have all book, and count what became of it.

    `event_type` is one for all of them, or each one's.
    """
    wanted = [event_type] * len(racers) if isinstance(event_type, int) else event_type
    for number, (racer, start) in enumerate(zip(racers, starts, strict=True)):
        asked = {"event_type": wanted[number], "start": start.isoformat(), "email": f"person{number}@example.com"}
        tell(racer, json.dumps(asked))
    assert {answer(racer) for racer in racers} == {"ready"}
    between()
    for racer in racers:
        tell(racer, "go")
    return Counter(answer(racer) for racer in racers)


def always_open(**values: object) -> int:
    host = factories.create_user(time_zone="UTC")
    factories.create_webhook(host)
    schedule = factories.create_schedule(host, hours=(0, 24), days=range(7))
    return factories.create_event_type(host, schedule=schedule, **values).id


def test_of_six_who_were_all_offered_a_slot_one_gets_it(racers: list[Racer], session: Session) -> None:
    event_type = always_open()
    assert race(racers, event_type, [MORNING] * RACERS) == {"booked": 1, "SlotTaken": RACERS - 1}
    # Apart from the slot they are in nobody's way.
    later = [MORNING + timedelta(hours=number) for number in range(1, RACERS + 1)]
    assert race(racers, event_type, later) == {"booked": RACERS}
    assert session.scalar(select(func.count()).select_from(Delivery)) == RACERS + 1


def test_a_limit_holds_for_all_who_were_below_it(racers: list[Racer], session: Session) -> None:
    event_type = always_open(limit_day=2)
    starts = [MORNING + timedelta(hours=number) for number in range(RACERS)]
    assert race(racers, event_type, starts) == {"booked": 2, "SlotNotOffered": RACERS - 2}
    assert session.scalar(select(func.count()).select_from(Booking)) == 2


def test_a_buffer_is_kept_between_those_who_were_offered_times_in_a_row(racers: list[Racer], session: Session) -> None:
    event_type = always_open(buffer_after=30)
    starts = [MORNING + timedelta(minutes=30 * number) for number in range(RACERS)]
    found = race(racers, event_type, starts)
    # Whoever comes first: of six slots in a row at least every third is booked and no two next to each other.
    assert found["booked"] in (2, 3)
    assert found["booked"] + found["SlotTaken"] == RACERS


def test_a_webhook_that_is_added_in_between_hears_of_all(racers: list[Racer], session: Session) -> None:
    event_type = always_open()
    owner = session.get_one(EventType, event_type).owner
    starts = [MORNING + timedelta(hours=number) for number in range(RACERS)]
    found = race(racers, event_type, starts, lambda: factories.create_webhook(owner, "http://127.0.0.1:9/added"))
    assert found == {"booked": RACERS}
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Delivery)) == 2 * RACERS


def test_of_a_team_and_its_hosts_as_many_are_served_as_hosts_are_free(racers: list[Racer], session: Session) -> None:
    own = [always_open() for _ in range(3)]
    people = [session.get_one(EventType, number).holder for number in own]
    team = factories.create_team(people[0], members=people[1:], time_zone="UTC")
    factories.create_webhook(team)
    shared = factories.create_team_event_type(team, people).id
    # Three come from the hosts' own pages and three from the team's.
    assert race(racers, [*own, shared, shared, shared], [MORNING] * RACERS) == {"booked": 3, "SlotTaken": 3}
    session.rollback()
    assert len(set(session.scalars(select(Booking.host_id)))) == 3

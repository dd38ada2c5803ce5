"""Ten thousand bookings by chance: whether each host of a round robin gets their share of them."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Membership, Team
from calhooks.db import writing
from calhooks.scheduling.assignment.attendance import attend, give_back
from calhooks.scheduling.availability.hosts import Host
from calhooks.scheduling.bookings.cancel import cancel
from calhooks.scheduling.models.bookings import Booking, BookingHost, BookingStatus
from calhooks.scheduling.models.event_types import EventType, EventTypeHost, Priority
from tests import factories
from tests.scheduling.conftest import Watch
from tests.scheduling.helpers import at, book_at

BOOKINGS = 10_000
FIRST = datetime(2026, 3, 1, tzinfo=UTC)
MONTH = timedelta(days=31)
# Sums of ten thousand thirds and sevenths differ in their last digits.
ROUNDING = 1e-6


@dataclass
class Round:
    """A round robin without pages or times: who is free is said, and the bookings that stand are counted."""

    session: Session
    event_type: EventType
    hosts: list[Host]
    now: datetime = FIRST
    had: Counter[int] = field(default_factory=Counter)
    owed: Counter[int] = field(default_factory=Counter)
    standing: list[Booking] = field(default_factory=list)

    def book(self, free: Collection[int] | None = None) -> int:
        """Book when the hosts of these places are free, all by default, and return the place of who is chosen."""
        among = [host for place, host in enumerate(self.hosts) if free is None or place in free]
        chosen = attend(self.event_type, among, self.now)
        booking = Booking(
            event_type_id=self.event_type.id,
            event_type=self.event_type,
            assignment=chosen.assignment,
            status=BookingStatus.ACCEPTED,
        )
        self.standing.append(booking)
        self._count(booking, 1)
        self.now += timedelta(minutes=1)
        return next(place for place, host in enumerate(self.hosts) if host.user is chosen.organizer)

    def cancel(self, booking: Booking) -> None:
        """Cancel a booking that stands."""
        self.standing.remove(booking)
        give_back(self.session, booking, self.now)
        self._count(booking, -1)

    def off_by(self) -> list[float]:
        """Return how far each host is from their share of the bookings that stand."""
        return [self.had[host.user.id] - self.owed[host.user.id] for host in self.hosts]

    def _count(self, booking: Booking, number: int) -> None:
        assert booking.assignment
        self.had[booking.assignment["host"]] += number
        for key, share in booking.assignment["shares"].items():
            self.owed[int(key)] += number * share  # type: ignore[assignment]


@pytest.fixture
def a_round(session: Session) -> Callable[..., Round]:
    """Make a round robin of as many hosts as weights."""

    def make(weights: Sequence[int], priorities: Sequence[Priority] = ()) -> Round:
        users = [factories.create_user() for _ in weights]
        team = factories.create_team(users[0], members=users[1:], time_zone="UTC")
        event_type = factories.create_team_event_type(team, users)
        session.add(event_type)
        session.refresh(event_type)
        for number, place in enumerate(event_type.hosts):
            place.weight = weights[number]
            if priorities:
                place.priority = priorities[number]
        return Round(
            session,
            event_type,
            [Host(place.membership.user, None, place, attends_always=False) for place in event_type.hosts],
        )

    return make


Rounds = Callable[..., Round]


@pytest.mark.parametrize("count", [1, 3, 20])
def test_equal_hosts_who_are_always_free_differ_by_at_most_one(a_round: Rounds, count: int) -> None:
    turns, had = a_round([100] * count), [0] * count
    for _ in range(BOOKINGS):
        had[turns.book()] += 1
        assert max(had) - min(had) <= 1


@pytest.mark.parametrize("weights", [[100, 50, 25], [1, 1, 1, 97], [300, 200, 100, 100, 7], [33, 33, 34]])
def test_weighted_hosts_are_less_than_one_from_their_share(a_round: Rounds, weights: list[int]) -> None:
    turns, had = a_round(weights), [0] * len(weights)
    for number in range(1, BOOKINGS + 1):
        had[turns.book()] += 1
        off = [abs(each - number * weight / sum(weights)) for each, weight in zip(had, weights, strict=True)]
        assert max(off) <= 1 + ROUNDING


@pytest.mark.parametrize("weights", [[100] * 4, [100, 100, 50, 200, 25]])
def test_hosts_who_are_free_by_chance_get_their_share_of_what_they_were_free_for(
    a_round: Rounds, weights: list[int]
) -> None:
    turns, chance, worst = a_round(weights), Random(5), 0.0
    for _ in range(BOOKINGS):
        places = [place for place in range(len(weights)) if chance.random() < 0.2 + 0.15 * place]
        turns.book(places or [0])
        worst = max(worst, *map(abs, turns.off_by()))
    assert worst <= 2, worst


def test_who_comes_back_from_two_weeks_off_is_not_flooded(a_round: Rounds) -> None:
    turns = a_round([100] * 4)
    for _ in range(101):
        turns.book()
    for _ in range(500):
        turns.book({0, 1, 2})
    back = [turns.book() for _ in range(40)]
    assert back.count(3) in (9, 10, 11)
    assert all(back[start : start + 3].count(3) <= 2 for start in range(38))


def test_who_joins_late_is_not_flooded(a_round: Rounds) -> None:
    turns = a_round([100] * 3 + [300])
    for _ in range(1_000):
        turns.book({0, 1, 2})
    joined = [turns.book() for _ in range(60)]
    assert abs(joined.count(3) - 30) <= 1
    assert all(joined[start : start + 4].count(3) <= 3 for start in range(57))


def test_a_new_month_begins_from_nothing_and_goes_on_in_turn(a_round: Rounds) -> None:
    turns, had = a_round([100] * 3), [0, 0, 0]
    for number in range(700):
        had[turns.book()] += 1
        assert max(had) - min(had) <= 1
        if number % 100 == 99:
            turns.now += MONTH
    # What somebody was behind by in the old month is nobody's debt in the new one.
    for _ in range(50):
        turns.book({0})
    turns.cancel(turns.standing[-1])
    turns.now += MONTH
    month = Counter(turns.book() for _ in range(30))
    assert set(month.values()) == {10}


def test_the_highest_priority_among_the_free_is_booked(a_round: Rounds) -> None:
    turns, chance = a_round([100] * 4, [Priority.HIGH, Priority.HIGH, Priority.MEDIUM, Priority.LOWEST]), Random(6)
    seen = Counter[tuple[int, ...]]()
    for _ in range(BOOKINGS // 10):
        free = {place for place in range(4) if chance.random() < 0.5} or {3}
        chosen = turns.book(free)
        assert chosen in ({0, 1} & free or {min(free)})
        seen[tuple(sorted(free))] += 1
    assert len(seen) == 15
    assert max(map(abs, turns.off_by())) <= 2


@pytest.mark.parametrize("weights", [[100] * 5, [100, 200, 300]])
def test_cancelled_bookings_are_given_back(a_round: Rounds, weights: list[int]) -> None:
    turns, chance = a_round(weights), Random(7)
    for _ in range(BOOKINGS // 10):
        turns.book()
        if turns.standing and chance.random() < 0.4:
            turns.cancel(chance.choice(turns.standing))
    # Whoever lost more than others catches up, and then nobody is more than one from their share.
    for _ in range(20 * len(weights)):
        turns.book()
    assert max(map(abs, turns.off_by())) <= 1 + ROUNDING


def test_meetings_that_move_and_choose_anew_take_one_turn_each(a_round: Rounds) -> None:
    turns, chance = a_round([100] * 4), Random(8)
    for _ in range(BOOKINGS // 10):
        turns.book()
        if chance.random() < 0.3:
            turns.cancel(chance.choice(turns.standing))
            turns.book({place for place in range(4) if chance.random() < 0.7} or {1})
    for _ in range(80):
        turns.book()
    assert max(map(abs, turns.off_by())) <= 2


def test_bookings_through_the_service_are_shared_alike(
    session: Session, watch: Watch, team: Team, alice: User, bob: User, carol: User
) -> None:
    """Some hundred of them, with cancellations and other times, on days on which everybody is free at first."""
    event_type, chance = factories.create_team_event_type(team, [alice, bob, carol]), Random(9)
    uids: list[str] = []
    for number in range(120):
        start = at(9 + number % 8, 30 * (number // 8 % 2), day=3 + number // 16)
        if start.weekday() < 5:
            uids.append(book_at(event_type, start, email=f"{number}@example.com").uid)
        if uids and chance.random() < 0.1:
            with writing() as inner:
                cancel(inner, uids.pop(chance.randrange(len(uids))), reason="", by=None)
    session.rollback()
    standing = select(BookingHost.host_id).where(BookingHost.status == BookingStatus.ACCEPTED)
    had = Counter(session.scalars(standing))
    assert max(had.values()) - min(had.values()) <= 3
    credits = session.scalars(select(EventTypeHost.credit).join(Membership).order_by(Membership.user_id)).all()
    # What each is behind by is what the bookings say.
    assert credits == pytest.approx([sum(had.values()) / 3 - had[host.id] for host in (alice, bob, carol)])

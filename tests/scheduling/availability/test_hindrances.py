from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.db import writing
from calhooks.scheduling.availability.absences import add_absence
from calhooks.scheduling.availability.hindrances import (
    BetweenStarts,
    Full,
    Held,
    Hindrance,
    OutsideHours,
    OutsideWindow,
    Passed,
    Taken,
    TimeOff,
    TooSoon,
    Wanted,
    hindrances,
)
from calhooks.scheduling.availability.hosts import Host, hosts_of
from calhooks.scheduling.availability.openings import free_times, require_offered
from calhooks.scheduling.availability.slots import Days
from calhooks.scheduling.availability.why_not_free import reasons
from calhooks.scheduling.bookings.confirm import confirm
from calhooks.scheduling.errors import NotAllowed, SlotNotOffered
from calhooks.scheduling.models.event_types import EventType, WindowKind
from tests import factories
from tests.scheduling.availability.situations import MINUTE, Situation
from tests.scheduling.helpers import NOW, at, book_at, statements

pytestmark = pytest.mark.usefixtures("watch")


def found(session: Session, event_type: EventType, start: datetime, *hosts: Host) -> list[Hindrance]:
    return list(hindrances(session, event_type, hosts or hosts_of(session, event_type), start, Wanted(now=NOW)))


def away(host: User, first: str, last: str = "") -> None:
    with writing() as session:
        add_absence(session, host, first=first, last=last, note="")


def around_the_clock(**values: Any) -> EventType:
    host = factories.create_user()
    hours = factories.create_schedule(host, (0, 24), range(7))
    return factories.create_event_type(host, schedule=hours, minimum_notice=0, **values)


def test_each_is_a_value_that_says_whose_it_is(session: Session) -> None:
    event_type = factories.create_event_type(
        factories.create_user(), length=60, slot_interval=30, buffer_after=15, limit_day=1
    )
    host, schedule = event_type.owner, event_type.schedule
    booking = factories.create_booking(event_type, at(11))
    away(host, "2026-03-05")
    assert found(session, event_type, at(10, day=4)) == []
    assert found(session, event_type, at(7, day=2)) == [Passed()]
    assert found(session, event_type, at(9, day=2)) == [TooSoon(120)]
    assert found(session, event_type, at(17, day=4)) == [OutsideHours(host, schedule, overridden=False)]
    assert found(session, event_type, at(9, 10, day=4)) == [BetweenStarts(host, schedule, 30)]
    assert found(session, event_type, at(11)) == [Full("day"), Taken(host, booking.id, only_near=False)]
    assert found(session, event_type, at(10)) == [Full("day"), Taken(host, booking.id, only_near=True)]
    assert found(session, event_type, at(10, day=5)) == [TimeOff(host, only_near=False)]
    event_type.window_kind, event_type.window_days = WindowKind.ROLLING, 3
    assert found(session, event_type, at(10, day=6)) == [OutsideWindow()]
    held = (int(at(11, day=4).timestamp()), int(at(12, day=4).timestamp()))
    wanted, hosts = Wanted(now=NOW, held={host.id: [held]}), hosts_of(session, event_type)
    assert list(hindrances(session, event_type, hosts, at(10, day=4), wanted)) == [Held(host)]
    assert list(hindrances(session, event_type, hosts, at(12, day=4), wanted)) == []


def test_each_host_is_judged_by_their_own_hours_zone_time_off_and_bookings(session: Session) -> None:
    event_type = factories.create_event_type(factories.create_user(), length=60, minimum_notice=0)
    other = factories.create_user(time_zone="America/New_York")
    hosts = [*hosts_of(session, event_type), Host(other, factories.create_schedule(other))]
    one, two = (host.user for host in hosts)
    # From 9 to 17 in London and in New York, that is from 14 to 22.
    assert found(session, event_type, at(15), *hosts) == []
    assert found(session, event_type, at(10), *hosts) == [OutsideHours(two, hosts[1].schedule, overridden=False)]
    assert found(session, event_type, at(18), *hosts) == [OutsideHours(one, hosts[0].schedule, overridden=False)]
    theirs = factories.create_event_type(other, schedule=hosts[1].schedule, length=30, buffer_before=15)
    booking = factories.create_booking(theirs, at(16))
    assert found(session, event_type, at(16), *hosts) == [Taken(two, booking.id, only_near=False)]
    assert found(session, event_type, at(15), *hosts) == [Taken(two, booking.id, only_near=True)]
    away(two, "2026-03-04")
    assert found(session, event_type, at(15, day=4), *hosts) == [TimeOff(two, only_near=False)]
    away(one, "2026-03-04")
    assert found(session, event_type, at(15, day=4), *hosts) == [
        TimeOff(one, only_near=False),
        TimeOff(two, only_near=False),
    ]


def test_a_refusal_reads_no_more_than_it_took_to_find_it(session: Session) -> None:
    event_type = around_the_clock(limit_day=1)
    assert event_type.owner
    away(event_type.owner, "2026-03-05")
    for count, start in ((0, at(7, day=2)), (1, at(10, day=5))):
        # What the session has read already counts for nothing.
        hosts = hosts_of(session, event_type)
        assert hosts[0].user.time_zone
        assert hosts[0].schedule
        assert hosts[0].schedule.id
        with statements() as read:
            assert next(hindrances(session, event_type, hosts, start, Wanted(now=NOW)), None)
        assert len(read) == count


def test_twenty_hosts_take_as_many_statements_as_one(session: Session) -> None:
    event_type = around_the_clock(limit_day=1)
    hosts = [*hosts_of(session, event_type)]
    hosts += [Host(user, factories.create_schedule(user)) for user in (factories.create_user() for _ in range(19))]
    factories.create_booking(event_type, at(11))
    # What the session has read already counts for nothing.
    assert all(host.user.time_zone and host.schedule and host.schedule.time_zone for host in hosts)
    assert event_type.slot_interval is None
    counts = []
    for some in (hosts[:1], hosts):
        with statements() as read:
            list(hindrances(session, event_type, some, at(11), Wanted(now=NOW)))
        counts.append(len(read))
    assert counts == [counts[0], counts[0]]


def test_buffers_are_kept_beside_time_off_on_the_page_by_the_form_and_in_the_answer(session: Session) -> None:
    event_type = around_the_clock(length=60, buffer_before=30, buffer_after=15)
    away(event_type.owner, "2026-03-04")
    days = Days(date(2026, 3, 3), date(2026, 3, 5), UTC)
    listed = free_times(session, event_type, days, Wanted(now=NOW))
    for start, free in (
        (at(22), True),
        (at(23), False),
        (at(0, day=4), False),
        (at(0, day=5), False),
        (at(1, day=5), True),
    ):
        assert (start in listed) == free
        assert (reasons(session, event_type, start, NOW) == []) == free
        if not free:
            with pytest.raises(SlotNotOffered, match="This time is not offered"):
                book_at(event_type, start)
    for start in (at(23), at(0, day=5)):
        assert reasons(session, event_type, start, NOW) == [
            "It is so close to your time off that a buffer between the two is missing."
        ]
    assert reasons(session, event_type, at(12, day=4), NOW) == ["You are out of office on this day."]
    assert book_at(event_type, at(22))
    assert book_at(event_type, at(1, day=5))


def test_a_host_may_confirm_a_request_for_a_day_away(session: Session) -> None:
    event_type = around_the_clock(length=60, requires_confirmation=True)
    request = book_at(event_type, at(10))
    away(event_type.owner, "2026-03-03")
    with writing() as inner:
        assert confirm(inner, request.uid, event_type.owner).status == "ACCEPTED"


def test_what_starts_this_minute_has_passed_on_the_page_too(session: Session) -> None:
    event_type = around_the_clock(length=60)
    today = Days(NOW.date(), NOW.date(), UTC)
    assert found(session, event_type, NOW) == [Passed()]
    assert free_times(session, event_type, today, Wanted(now=NOW))[0] == NOW + 60 * MINUTE
    assert free_times(session, event_type, today, Wanted(now=NOW - MINUTE))[0] == NOW


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_a_time_is_listed_exactly_when_it_has_no_hindrance(session: Session, seed: int) -> None:
    situation = Situation(seed)
    event_type, wanted, days = situation.event_type, situation.wanted, situation.days
    listed = set(free_times(session, event_type, days, wanted))
    hosts = hosts_of(session, event_type)
    chosen = situation.chance.sample(sorted(listed), min(20, len(listed)))
    chosen += [moment() for moment in (situation.moment, situation.edge) for _ in range(40)]
    for start in chosen:
        if days.first <= start.astimezone(days.zone).date() <= days.last:
            hindered = list(hindrances(session, event_type, hosts, start, wanted))
            assert (start in listed) == (hindered == []), (start, hindered)
            length = wanted.length or event_type.length
            try:
                require_offered(session, event_type, start, length, wanted.now, wanted.replaced)
                refused = False
            except NotAllowed:
                refused = True
            assert refused == any(not isinstance(each, Held) for each in hindered)

"""Attempts counted by hour and response time, and what is drawn of them."""

from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import CursorResult, delete, func, select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import writing
from calhooks.delivery.counting.statistics import NO_RESPONSE, RESPONSE_MS, DeliveryStatistic, bucket_of, hour_of
from calhooks.delivery.models.deliveries import INTERRUPTED, Attempt
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.pump.pump import Pump
from calhooks.delivery.status.picture import picture
from calhooks.delivery.upkeep.purge import purge_step
from tests import factories
from tests.delivery.conftest import MovingClock
from tests.delivery.helpers import happen
from tests.delivery.receivers import Receiver, answer


def counted(session: Session, endpoint: Endpoint) -> list[tuple[int, int, int, int]]:
    session.rollback()
    columns = (DeliveryStatistic.hour, DeliveryStatistic.bucket, DeliveryStatistic.delivered, DeliveryStatistic.failed)
    query = select(*columns).where(DeliveryStatistic.endpoint_id == endpoint.id).order_by(*columns)
    return [tuple(row) for row in session.execute(query)]  # type: ignore[misc]  # rows of four numbers


def test_attempts_are_counted_with_what_became_of_them(
    session: Session, owner: User, pump: Pump, receiver: Receiver, time: MovingClock
) -> None:
    endpoint = factories.create_endpoint(owner, receiver.url)
    for _ in range(3):
        happen(owner, [endpoint])
    pump.run()
    receiver.reply = answer(500)
    happen(owner, [endpoint])
    pump.run()
    assert [sum(row[place] for row in counted(session, endpoint)) for place in (2, 3)] == [3, 1]
    receiver.reply = answer()
    time.advance(hours=1)
    pump.run()
    assert [sum(row[place] for row in counted(session, endpoint)) for place in (2, 3)] == [4, 1]
    assert len({row[0] for row in counted(session, endpoint)}) == 2


def test_a_receiver_that_cannot_be_reached_has_no_response_time(session: Session, owner: User, pump: Pump) -> None:
    endpoint = factories.create_endpoint(owner, "http://127.0.0.1:9/")
    happen(owner, [endpoint])
    pump.run()
    assert [row[1:] for row in counted(session, endpoint)] == [(NO_RESPONSE, 0, 1)]
    shown = picture(session, endpoint.id, clock.now(), "Europe/London")
    assert (shown.last_day.failed, shown.last_day.p95_ms) == (1, None)


def test_a_refusal_is_not_counted(session: Session, owner: User, pump: Pump, receiver: Receiver) -> None:
    endpoint = factories.create_endpoint(owner, receiver.url)
    receiver.reply = answer(429)
    happen(owner, [endpoint])
    pump.run()
    assert session.scalar(select(func.count()).select_from(Attempt))
    assert counted(session, endpoint) == []


@pytest.mark.parametrize(
    ("milliseconds", "bucket"), [(0, 0), (10, 0), (11, 1), (15_777, 33), (15_778, 34), (99_999, 34)]
)
def test_a_bucket_holds_what_took_at_most_its_end(milliseconds: int, bucket: int) -> None:
    assert bucket_of(milliseconds, has_response=True) == bucket
    assert bucket_of(milliseconds, has_response=False) == NO_RESPONSE


def test_percentiles_are_right_to_within_a_bucket(session: Session, owner: User) -> None:
    endpoint, hour = factories.create_endpoint(owner), hour_of(clock.now())
    times = sorted((17 * number) % 1000 + 1 for number in range(1000))
    with writing() as writer:
        for bucket in range(len(RESPONSE_MS)):
            count = sum(bucket_of(each, has_response=True) == bucket for each in times)
            row = DeliveryStatistic(endpoint_id=endpoint.id, hour=hour, bucket=bucket, delivered=count, failed=0)
            writer.add(row)
    whole = picture(session, endpoint.id, clock.now(), "Europe/London").last_day
    for shown, true in ((whole.p50_ms, times[500]), (whole.p95_ms, times[950])):
        assert shown is not None
        assert bucket_of(shown, has_response=True) == bucket_of(true, has_response=True)


@pytest.mark.parametrize("zone", ["Europe/London", "Asia/Kolkata", "Pacific/Kiritimati", "America/St_Johns"])
def test_every_hour_and_day_is_in_the_picture_once(session: Session, owner: User, zone: str) -> None:
    endpoint, now = factories.create_endpoint(owner), clock.now()
    with writing() as writer:
        for back in range(24 * 29):
            writer.add(
                DeliveryStatistic(endpoint_id=endpoint.id, hour=hour_of(now) - back, bucket=0, delivered=1, failed=0)
            )
    shown = picture(session, endpoint.id, now, zone)
    assert [period.delivered for period in shown.hours] == [1] * 24
    assert sum(period.delivered for period in shown.days) == 24 * 29
    assert len(shown.days) == 30
    assert max(period.delivered for period in shown.days) <= 25


def test_the_days_of_a_picture_are_added_up_by_the_database(
    session: Session, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, now = factories.create_endpoint(owner), clock.now()
    with writing() as writer:
        for back in range(24 * 29):
            for bucket in range(3):
                slot = {"endpoint_id": endpoint.id, "hour": hour_of(now) - back, "bucket": bucket}
                writer.add(DeliveryStatistic(**slot, delivered=1, failed=0))
    session.rollback()
    loaded = 0
    read = CursorResult.__iter__

    def counting(result: Any) -> Iterator[Any]:
        nonlocal loaded
        for row in read(result):
            loaded += 1
            yield row

    monkeypatch.setattr(CursorResult, "__iter__", counting)
    shown = picture(session, endpoint.id, now, "Europe/London")
    assert sum(period.delivered for period in shown.days) == 24 * 29 * 3
    assert 0 < loaded <= (24 + 30) * 3


def test_statistics_are_forgotten_with_the_log(session: Session, owner: User) -> None:
    endpoint, now = factories.create_endpoint(owner), clock.now()
    with writing() as writer:
        for days in (5, 95):
            hour = hour_of(now - timedelta(days=days))
            writer.add(DeliveryStatistic(endpoint_id=endpoint.id, hour=hour, bucket=0, delivered=1, failed=0))
    with writing() as writer:
        purge_step(writer, now, 0)
    assert len(counted(session, endpoint)) == 2
    with writing() as writer:
        purge_step(writer, now, 90)
    assert [row[0] for row in counted(session, endpoint)] == [hour_of(now - timedelta(days=5))]
    with writing() as writer:
        writer.execute(delete(Endpoint).where(Endpoint.id == endpoint.id))
    assert counted(session, endpoint) == []


def test_an_upgrade_counts_the_attempts_of_the_last_days_as_they_are_counted_now(
    session: Session, owner: User, pump: Pump, receiver: Receiver, time: MovingClock
) -> None:
    endpoint = factories.create_endpoint(owner, receiver.url)
    unreachable = factories.create_endpoint(owner, "http://127.0.0.1:9/")
    for status in (200, 500, 204, 503):
        receiver.reply = answer(status)
        happen(owner, [endpoint, unreachable])
        pump.run()
        time.advance(minutes=40)
    now = {each.id: counted(session, each) for each in (endpoint, unreachable)}
    assert all(now.values())
    with writing() as writer:
        # Those that were refused, those that are too old, and one whose worker died.
        for delivery in happen(owner, [endpoint]):
            for number, (days, code) in enumerate([(0, 429), (40, 200)], 1):
                writer.add(_attempt(delivery.id, number, days, code))
            cut_off = _attempt(delivery.id, 3, 0, 0)
            cut_off.status, cut_off.error = None, INTERRUPTED
            writer.add(cut_off)
        writer.execute(delete(DeliveryStatistic))
    with writing() as writer, Operations.context(MigrationContext.configure(writer.connection())):
        import_module("calhooks.migrations.versions.0023_delivery_statistics").count_the_last_days()
    assert {each.id: counted(session, each) for each in (endpoint, unreachable)} == now


def _attempt(delivery_id: int, number: int, days: int, status: int) -> Attempt:
    return Attempt(
        delivery_id=delivery_id,
        number=number,
        started_at=clock.now() - timedelta(days=days),
        duration_ms=1,
        url="https://example.com/",
        request_headers=[],
        status=status,
        response_headers=[],
        response_body=b"",
        error=None if status == 200 else "status",
    )

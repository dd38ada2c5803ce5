"""What follows from how an attempt ended."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks import clock, ids
from calhooks.accounts.models import User
from calhooks.config import current_config
from calhooks.db import writing
from calhooks.delivery import outbox
from calhooks.delivery.counting import counters
from calhooks.delivery.counting.statistics import DeliveryStatistic
from calhooks.delivery.models.deliveries import Attempt
from calhooks.delivery.pump.claim import Claim, claim_deliveries
from calhooks.delivery.pump.ended import Finished
from calhooks.delivery.pump.pump import Pump
from calhooks.delivery.pump.record import record_attempts
from calhooks.delivery.sending.sender import Result
from calhooks.egress.failures import Failure
from tests import factories
from tests.delivery.conftest import MovingClock
from tests.delivery.helpers import by_plan, fresh, happen, query_plans, states
from tests.delivery.pump.test_claim import Room
from tests.delivery.receivers import Receiver


def take(room: Room | None = None) -> list[Claim]:
    with writing() as session:
        return claim_deliveries(
            session.connection(), now=clock.now(), token=ids.new_token()[:32], room=room or Room()
        ).claims


def end(claims: list[Claim], status: int | None = 200, *headers: tuple[str, str], detail: str | None = None) -> None:
    """Record that these attempts were answered with `status`, or not at all."""
    failure = None if status and 200 <= status < 300 else Failure.STATUS if status else Failure.REFUSED
    result = Result(
        started_at=clock.now(),
        duration_ms=12,
        request_headers=(("Host", "127.0.0.1"),),
        status=status,
        headers=headers,
        body=b"said",
        failure=failure,
        detail=detail,
    )
    with writing() as session:
        waits = current_config().retry_schedule
        finished = [Finished(each, result, slot_ms=15) for each in claims]
        record_attempts(session.connection(), finished, waits=waits, now=clock.now())


def test_a_success_ends_a_delivery_and_is_in_the_log(session: Session, owner: User) -> None:
    endpoint = factories.create_endpoint(owner, "http://127.0.0.1:9/a")
    (delivery,) = happen(owner, [endpoint])
    end(take(), 204, ("X-Id", "7"))
    row = fresh(session, delivery)
    assert (row.state, row.attempt_count, row.last_status, row.due_at) == ("delivered", 1, 204, None)
    assert row.finished_at is not None
    (attempt,) = session.scalars(select(Attempt)).all()
    assert (attempt.number, attempt.url, attempt.status, attempt.duration_ms) == (1, "http://127.0.0.1:9/a", 204, 12)
    assert (attempt.request_headers, attempt.response_headers) == ([["Host", "127.0.0.1"]], [["X-Id", "7"]])
    assert (attempt.response_body, attempt.error) == (b"said", None)
    healthy = fresh(session, endpoint)
    assert healthy.last_success_at is not None
    assert (healthy.consecutive_failures, healthy.failing_since) == (0, None)


def test_failures_are_tried_again_by_the_schedule_until_it_is_used_up(
    session: Session, owner: User, time: MovingClock
) -> None:
    endpoint = factories.create_endpoint(owner)
    (delivery,) = happen(owner, [endpoint])
    for wait in current_config().retry_schedule:
        end(take(), 500)
        row = fresh(session, delivery)
        assert row.state == "due"
        assert 0.8 * wait - 1 <= (row.due_at - clock.now()).total_seconds() <= 1.2 * wait
        time.advance(seconds=1.2 * wait)
    end(take(), None)
    row = fresh(session, delivery)
    assert (row.state, row.due_at, row.attempt_count, row.last_status) == ("failed", None, 10, None)
    assert len(session.scalars(select(Attempt)).all()) == 10


@pytest.mark.parametrize("status", [500, 404])
def test_retry_after_is_honoured_in_full_on_any_failure(session: Session, owner: User, status: int) -> None:
    (delivery,) = happen(owner, [factories.create_endpoint(owner)])
    end(take(), status, ("Retry-After", "7200"))
    assert fresh(session, delivery).due_at - clock.now() > timedelta(seconds=7199)


def test_retry_after_may_be_a_date(session: Session, owner: User) -> None:
    (delivery,) = happen(owner, [factories.create_endpoint(owner)])
    moment = (datetime.now(UTC) + timedelta(hours=2)).replace(microsecond=0)
    end(take(), 503, ("Retry-After", moment.strftime("%a, %d %b %Y %H:%M:%S GMT")))
    assert fresh(session, delivery).due_at == moment


def test_only_the_holder_of_the_lease_records(session: Session, owner: User, time: MovingClock) -> None:
    endpoint = factories.create_endpoint(owner)
    (delivery,) = happen(owner, [endpoint])
    late = take()
    time.advance(seconds=31)
    current = take()
    end(late, 200)
    assert fresh(session, delivery).state == "due"
    assert fresh(session, endpoint).last_success_at is None
    end(current, 500)
    end(current, 200)
    assert fresh(session, delivery).last_status == 500


def test_a_result_that_comes_after_the_webhook_was_deleted_changes_nothing(session: Session, owner: User) -> None:
    endpoint = factories.create_endpoint(owner)
    happen(owner, [endpoint])
    claims = take()
    with writing() as inner:
        outbox.drop_waiting(inner, fresh(inner, endpoint))
    end(claims, 200)
    assert states(session) == ["dropped"]
    # The receiver has it all the same.
    assert session.scalars(select(Attempt.status)).all() == [200]
    assert session.scalars(select(DeliveryStatistic.delivered)).all() == [1]


def test_the_next_of_a_booking_goes_out_when_the_earlier_one_has_succeeded(session: Session, owner: User) -> None:
    endpoint, other = factories.create_endpoint(owner), factories.create_endpoint(owner)
    for _ in range(3):
        happen(owner, [endpoint, other], sequence="booking")
    end([each for each in take() if each.endpoint_id == endpoint.id])
    assert states(session) == ["delivered", "due", "due", "blocked", "blocked", "blocked"]
    assert [each.endpoint_id for each in take()] == [endpoint.id]


def test_the_next_of_a_booking_goes_out_when_the_earlier_one_is_given_up(
    session: Session, owner: User, time: MovingClock
) -> None:
    endpoint = factories.create_endpoint(owner)
    happen(owner, [endpoint], sequence="booking")
    happen(owner, [endpoint], sequence="booking")
    for wait in (*current_config().retry_schedule, 0):
        assert states(session) == ["due", "blocked"]
        end(take(), 500)
        time.advance(seconds=1.2 * wait)
    assert states(session) == ["failed", "due"]


def test_an_answer_of_410_switches_the_endpoint_off_and_what_waits_stays(session: Session, owner: User) -> None:
    endpoint = factories.create_endpoint(owner)
    happen(owner, [endpoint])
    end(take(), 410)
    row = fresh(session, endpoint)
    assert (row.active, row.inactive_reason) == (False, "gone")
    assert row.inactive_since is not None
    happen(owner, [endpoint])
    assert take() == []
    assert states(session) == ["due", "due"]


def test_five_days_of_nothing_but_failures_switch_the_endpoint_off(
    session: Session, owner: User, time: MovingClock
) -> None:
    endpoint = factories.create_endpoint(owner)
    for day in range(6):
        assert fresh(session, endpoint).active, f"switched off on day {day}"
        happen(owner, [endpoint])
        end(take(Room(each=1)), 500)
        time.advance(days=1)
    row = fresh(session, endpoint)
    assert (row.active, row.inactive_reason) == (False, "failing")


def test_a_success_in_between_starts_the_five_days_again(session: Session, owner: User, time: MovingClock) -> None:
    endpoint = factories.create_endpoint(owner)
    for status in (500, 500, 500, 200, 500, 500, 500, 500, 500):
        happen(owner, [endpoint])
        end(take(Room(slots=1)), status)
        time.advance(days=1)
    assert fresh(session, endpoint).active


def test_two_failures_with_nothing_tried_for_weeks_between_them_are_no_five_days(
    session: Session, owner: User, time: MovingClock
) -> None:
    endpoint = factories.create_endpoint(owner)
    happen(owner, [endpoint])
    end(take(), 500)
    time.advance(days=30)
    end(take(), 500)
    assert fresh(session, endpoint).active


def test_what_is_counted_is_what_was_recorded(session: Session, owner: User, time: MovingClock) -> None:
    endpoint = factories.create_endpoint(owner)
    for _ in range(2):
        happen(owner, [endpoint])
    end(take(), 200)
    happen(owner, [endpoint])
    end(take(), None)
    time.advance(seconds=60)
    end(take(), 503)
    with writing() as writer:
        outbox.drop_waiting(writer, fresh(writer, endpoint))
    session.rollback()
    counted = counters.read_counters(session)
    assert counted["attempts"] == {"2xx": 2, "5xx": 1, "none": 1}
    assert counted["deliveries"] == {"delivered": 2, "dropped": 1}
    assert sum(counted["latency"].values()) == 2
    assert counted["slot_ms"] == {"": 4 * 15}


@by_plan
def test_what_waits_behind_a_success_is_found_however_much_else_waits(
    session: Session, owner: User, pump: Pump, receiver: Receiver
) -> None:
    endpoint = factories.create_endpoint(owner, receiver.url)
    for _ in range(2):
        happen(owner, [endpoint], sequence="booking")
    steps = query_plans(session, pump.run)
    for name in ("later", "deliveries"):
        assert f"SEARCH {name} USING INDEX ix_deliveries_open_sequence (endpoint_id=? AND sequence_key=?)" in steps
    assert not [step for step in steps if "ix_deliveries_log" in step or step.startswith("SCAN deliveries")]

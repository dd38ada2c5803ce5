"""How an endpoint is doing, and why."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import writing
from calhooks.delivery import endpoints
from calhooks.delivery.models.deliveries import DeliveryState
from calhooks.delivery.models.endpoints import InactiveReason
from calhooks.delivery.pump.pump import Pump
from calhooks.delivery.status.endpoint_status import EndpointCondition, NextAttempt, diagnose, endpoint_status
from calhooks.delivery.status.tones import Tone
from tests import factories
from tests.delivery.conftest import MovingClock
from tests.delivery.helpers import fresh, happen
from tests.delivery.receivers import Receiver, answer

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def test_an_endpoint_says_where_it_stands(
    session: Session, owner: User, pump: Pump, receiver: Receiver, time: MovingClock
) -> None:
    endpoint = factories.create_endpoint(owner, receiver.url)
    assert endpoint_status(endpoint).condition is EndpointCondition.NEVER_CALLED

    happen(owner, [endpoint])
    pump.run()
    status = endpoint_status(fresh(session, endpoint))
    assert status.condition is EndpointCondition.DELIVERED
    assert status.delivered_at is not None

    receiver.reply = answer(500)
    happen(owner, [endpoint])
    failed_at = clock.now()
    pump.run()
    time.advance(seconds=7)
    pump.run()
    status = endpoint_status(fresh(session, endpoint))
    assert (status.condition, status.failures) == (EndpointCondition.RETRYING, 2)
    assert status.failing_since is not None
    assert abs(status.failing_since - failed_at) < timedelta(seconds=5)
    assert status.next_attempt_at is not None
    assert timedelta(seconds=200) < status.next_attempt_at - clock.now() < timedelta(seconds=400)

    with writing() as inner:
        endpoints.switch_endpoint_off(fresh(inner, endpoint), InactiveReason.OWNER)
    status = endpoint_status(fresh(session, endpoint))
    assert (status.condition, status.off_reason) == (EndpointCondition.OFF, InactiveReason.OWNER)
    assert status.off_since is not None


def test_an_endpoint_whose_deliveries_were_all_given_up_is_failing_without_a_next_try(
    session: Session, owner: User
) -> None:
    endpoint = factories.create_endpoint(owner, failing_since=clock.now(), consecutive_failures=10)
    status = endpoint_status(endpoint)
    assert (status.condition, status.next_attempt_at) == (EndpointCondition.FAILING, None)


@pytest.mark.parametrize(
    ("columns", "tone"),
    [
        ({}, Tone.NEUTRAL),
        ({"last_success_at": NOON}, Tone.SUCCESS),
        ({"failing_since": NOON, "next_due_at": NOON}, Tone.WARNING),
        ({"failing_since": NOON}, Tone.DANGER),
        ({"active": False}, Tone.NEUTRAL),
        ({"active": False, "inactive_reason": "owner"}, Tone.NEUTRAL),
        ({"active": False, "inactive_reason": "gone"}, Tone.DANGER),
        ({"active": False, "inactive_reason": "failing"}, Tone.DANGER),
        ({"active": False, "inactive_reason": "secret_lost"}, Tone.DANGER),
    ],
)
def test_the_tone_says_whether_something_is_to_be_done(
    session: Session, owner: User, columns: dict[str, Any], tone: Tone
) -> None:
    endpoint = factories.create_endpoint(owner, **columns)
    assert endpoint_status(endpoint).tone is tone


def test_a_diagnosis_tells_the_next_attempt_from_one_that_is_under_way(session: Session, owner: User) -> None:
    endpoint = factories.create_endpoint(owner, failing_since=NOON, consecutive_failures=2)
    delivery = factories.create_delivery(endpoint, factories.create_event(owner), due_at=NOON, attempt_count=2, tries=2)
    waits = diagnose(session, endpoint)
    assert (waits.next_attempt, waits.is_being_tried) == (NextAttempt(delivery.id, 3, NOON), False)
    assert (waits.is_not_getting_through, waits.tone, waits.waiting) == (True, Tone.WARNING, 1)

    with writing():
        delivery.lease_token = "a pump"
    under_way = diagnose(session, endpoint)
    assert (under_way.next_attempt, under_way.is_being_tried, under_way.tone) == (None, True, Tone.DANGER)

    with writing():
        delivery.lease_token, delivery.state, endpoint.next_due_at = None, DeliveryState.FAILED, None
    given_up = diagnose(session, endpoint)
    assert (given_up.next_attempt, given_up.is_being_tried, given_up.tone) == (None, False, Tone.DANGER)
    assert (given_up.is_not_getting_through, given_up.waiting, given_up.failed) == (True, 0, 1)

"""How an endpoint is doing, and the log of what was sent to it."""

from datetime import timedelta
from functools import partial

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import writing
from calhooks.delivery import endpoints
from calhooks.delivery.models import DeliveryState, InactiveReason
from calhooks.delivery.pump.pump import Pump
from calhooks.delivery.status import log
from calhooks.delivery.status.health import Condition, endpoint_health
from calhooks.delivery.status.standing import standing
from tests import factories
from tests.delivery.conftest import MovingClock
from tests.delivery.helpers import fresh, happen, query_plans
from tests.delivery.receivers import Receiver, answer


def test_an_endpoint_says_where_it_stands(
    session: Session, owner: User, pump: Pump, receiver: Receiver, time: MovingClock
) -> None:
    endpoint = factories.create_endpoint(owner, receiver.url)
    assert endpoint_health(endpoint).condition is Condition.NEVER_CALLED

    happen(owner, [endpoint])
    pump.run()
    health = endpoint_health(fresh(session, endpoint))
    assert health.condition is Condition.DELIVERED
    assert health.delivered_at is not None

    receiver.reply = answer(500)
    happen(owner, [endpoint])
    failed_at = clock.now()
    pump.run()
    time.advance(seconds=7)
    pump.run()
    health = endpoint_health(fresh(session, endpoint))
    assert (health.condition, health.failures) == (Condition.RETRYING, 2)
    assert health.failing_since is not None
    assert abs(health.failing_since - failed_at) < timedelta(seconds=5)
    assert health.next_try_at is not None
    assert timedelta(seconds=200) < health.next_try_at - clock.now() < timedelta(seconds=400)

    with writing() as inner:
        endpoints.switch_off(fresh(inner, endpoint), InactiveReason.OWNER)
    health = endpoint_health(fresh(session, endpoint))
    assert (health.condition, health.off_reason) == (Condition.OFF, InactiveReason.OWNER)
    assert health.off_since is not None


def test_an_endpoint_whose_deliveries_were_all_given_up_is_failing_without_a_next_try(
    session: Session, owner: User
) -> None:
    endpoint = factories.create_endpoint(owner, failing_since=clock.now(), consecutive_failures=10)
    health = endpoint_health(endpoint)
    assert (health.condition, health.next_try_at) == (Condition.FAILING, None)


def test_the_log_lists_the_newest_first_page_by_page_without_loading_bodies(session: Session, owner: User) -> None:
    endpoint, other = factories.create_endpoint(owner), factories.create_endpoint(owner)
    ids = [happen(owner, [endpoint, other])[0].id for _ in range(5)]
    endpoint_id = endpoint.id
    session.expunge_all()
    first = log.page(session, endpoint_id, size=2)
    second = log.page(session, endpoint_id, before=first.older, size=2)
    third = log.page(session, endpoint_id, before=second.older, size=2)
    shown = [delivery.id for page in (first, second, third) for delivery in page.deliveries]
    assert shown == ids[::-1]
    assert third.older is None
    assert "body" in inspect(first.deliveries[0]).unloaded
    assert "payload" in inspect(first.deliveries[0].event).unloaded


def test_what_was_not_delivered_is_not_looked_for_through_the_whole_log(session: Session, owner: User) -> None:
    endpoint = factories.create_endpoint(owner, failing_since=clock.now(), consecutive_failures=1)
    ids = [happen(owner, [endpoint])[0].id for _ in range(3)]
    waiting = (DeliveryState.DUE, DeliveryState.BLOCKED)
    first = log.page(session, endpoint.id, states=waiting, size=2)
    second = log.page(session, endpoint.id, states=waiting, before=first.older, size=2)
    assert [delivery.id for page in (first, second) for delivery in page.deliveries] == ids[::-1]
    for states in (waiting, (DeliveryState.FAILED,)):
        steps = query_plans(session, partial(log.page, session, endpoint.id, states=states))
        assert any("ix_deliveries_claim" in step for step in steps)
    steps = query_plans(session, lambda: standing(session, endpoint))
    assert not any("ix_deliveries_log" in step for step in steps)


def test_one_delivery_is_shown_with_all_its_attempts_to_its_own_endpoint_alone(
    session: Session, owner: User, pump: Pump, receiver: Receiver, time: MovingClock
) -> None:
    receiver.reply = answer(500)
    endpoint, other = factories.create_endpoint(owner, receiver.url), factories.create_endpoint(owner)
    (delivery,) = happen(owner, [endpoint])
    pump.run()
    receiver.reply = answer()
    time.advance(seconds=7)
    pump.run()
    session.rollback()
    shown = log.find(session, endpoint.id, delivery.id)
    assert shown is not None
    assert [(attempt.number, attempt.status) for attempt in shown.attempts] == [(1, 500), (2, 200)]
    assert log.find(session, other.id, delivery.id) is None

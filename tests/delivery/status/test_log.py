"""The log of what was sent to an endpoint."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.delivery.models.deliveries import DeliveryState, Event
from calhooks.delivery.pump.pump import Pump
from calhooks.delivery.status import log, log_query
from calhooks.delivery.status.endpoint_status import diagnose
from calhooks.delivery.status.log_query import LogQuery
from tests import factories
from tests.delivery.conftest import MovingClock
from tests.delivery.helpers import by_plan, happen, query_plans
from tests.delivery.receivers import Receiver, answer


def test_the_log_lists_the_newest_first_page_by_page_without_loading_bodies(session: Session, owner: User) -> None:
    endpoint, other = factories.create_endpoint(owner), factories.create_endpoint(owner)
    ids = [happen(owner, [endpoint, other])[0].id for _ in range(5)]
    endpoint_id = endpoint.id
    session.expunge_all()
    first = log.page(session, LogQuery(endpoint_ids=[endpoint_id]), size=2)
    second = log.page(session, LogQuery(endpoint_ids=[endpoint_id]), before=first.older, size=2)
    third = log.page(session, LogQuery(endpoint_ids=[endpoint_id]), before=second.older, size=2)
    shown = [delivery.id for page in (first, second, third) for delivery in page.deliveries]
    assert shown == ids[::-1]
    assert third.older is None
    assert "body" in inspect(first.deliveries[0]).unloaded
    assert "payload" in inspect(first.deliveries[0].event).unloaded


@by_plan
def test_what_was_not_delivered_is_not_looked_for_through_the_whole_log(session: Session, owner: User) -> None:
    endpoint = factories.create_endpoint(owner, failing_since=clock.now(), consecutive_failures=1)
    ids = [happen(owner, [endpoint])[0].id for _ in range(3)]
    waiting = (DeliveryState.DUE, DeliveryState.BLOCKED)
    first = log.page(session, LogQuery(endpoint_ids=[endpoint.id], states=waiting), size=2)
    second = log.page(session, LogQuery(endpoint_ids=[endpoint.id], states=waiting), before=first.older, size=2)
    assert [delivery.id for page in (first, second) for delivery in page.deliveries] == ids[::-1]
    for states, index in ((waiting, "ix_deliveries_claim"), ((DeliveryState.FAILED,), "ix_deliveries_not_delivered")):
        asked = LogQuery(endpoint_ids=[endpoint.id], states=states)
        steps = query_plans(session, partial(log.page, session, asked))
        assert any(index in step for step in steps)
        assert not any("ix_deliveries_log" in step for step in steps)
    steps = query_plans(session, lambda: diagnose(session, endpoint))
    assert not any("ix_deliveries_log" in step for step in steps)


def test_a_search_goes_through_the_newest_and_goes_on_from_there(
    session: Session, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_query, "MAX_SEARCHED", 4)
    one, other = factories.create_endpoint(owner), factories.create_endpoint(owner)
    wanted = happen(owner, [one, other], body=b'{"a": "needle"}')
    for _ in range(3):
        happen(owner, [one, other])
    asked = LogQuery(endpoint_ids=[one.id, other.id], words="NEEDLE")
    found, pages = log.first_page(session, asked)[0], 1
    while found.older is not None and not found.deliveries:
        assert found.is_cut
        found, pages = log.page(session, asked, before=found.older), pages + 1
    assert [delivery.id for delivery in found.deliveries] == [each.id for each in wanted][::-1]
    assert pages == 2


@pytest.mark.parametrize("states", [(), (DeliveryState.FAILED,)])
def test_the_newest_of_a_busy_day_are_counted_and_all_of_it_is_listed(
    session: Session, owner: User, time: MovingClock, monkeypatch: pytest.MonkeyPatch, states: list[DeliveryState]
) -> None:
    monkeypatch.setattr(log_query, "MAX_SEARCHED", 4)
    endpoint, begins = factories.create_endpoint(owner), time.now()
    made = [
        factories.create_delivery(endpoint, factories.create_event(owner), state=state).id
        for state in [DeliveryState.FAILED] * 6 + [DeliveryState.DELIVERED] * 6
    ]
    time.advance(days=1)
    factories.create_delivery(endpoint, factories.create_event(owner))
    asked = LogQuery(endpoint_ids=[endpoint.id], states=states, made=(begins, begins + timedelta(days=1)))

    page, counts = log.first_page(session, asked)
    assert counts == {DeliveryState.DELIVERED: 4} | dict.fromkeys(states, 4)

    shown = [delivery.id for delivery in page.deliveries]
    while page.older is not None:
        page = log.page(session, asked, before=page.older)
        shown += [delivery.id for delivery in page.deliveries]
    assert shown == (made[:6] if states else made)[::-1]


def test_a_webhook_id_is_found_however_old_it_is(
    session: Session, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_query, "MAX_SEARCHED", 2)
    endpoint = factories.create_endpoint(owner)
    (wanted,) = happen(owner, [endpoint])
    for _ in range(5):
        happen(owner, [endpoint])
    named = session.get_one(Event, wanted.event_id)
    for words in (named.message_id, named.subject):
        page, counts = log.first_page(session, LogQuery(endpoint_ids=[endpoint.id], words=words))
        assert [delivery.id for delivery in page.deliveries] == [wanted.id]
        assert sum(counts.values()) == 1


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
    shown = log.find_delivery(session, endpoint.id, delivery.id)
    assert shown is not None
    assert [(attempt.number, attempt.status) for attempt in shown.attempts] == [(1, 500), (2, 200)]
    assert log.find_delivery(session, other.id, delivery.id) is None

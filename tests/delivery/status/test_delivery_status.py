"""How a delivery is doing, as a value that pages and programs put into words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.delivery.models.deliveries import Delivery
from calhooks.delivery.status.delivery_status import DeliveryCondition, DeliveryStatus, delivery_status
from calhooks.delivery.status.tones import Tone
from tests import factories

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
RETRIED = {"state": "due", "due_at": NOON, "tries": 2, "attempt_count": 2}


def one(owner: User, *, active: bool = True, **columns: Any) -> Delivery:
    endpoint = factories.create_endpoint(owner, active=active)
    return factories.create_delivery(endpoint, factories.create_event(owner), **columns)


@pytest.mark.parametrize(
    ("columns", "condition", "tone"),
    [
        ({"state": "delivered", "due_at": None}, DeliveryCondition.DELIVERED, Tone.SUCCESS),
        ({"state": "failed", "due_at": None}, DeliveryCondition.FAILED, Tone.DANGER),
        ({"state": "dropped", "due_at": None}, DeliveryCondition.DROPPED, Tone.NEUTRAL),
        ({"state": "blocked", "due_at": None}, DeliveryCondition.WAITING, Tone.NEUTRAL),
        ({"state": "due"}, DeliveryCondition.SENDING, Tone.INFO),
        # Resend starts the schedule again, and the count goes on.
        ({"state": "due", "tries": 0, "attempt_count": 10}, DeliveryCondition.SENDING, Tone.INFO),
        (RETRIED | {"lease_token": "a pump"}, DeliveryCondition.SENDING, Tone.INFO),
        (RETRIED, DeliveryCondition.RETRYING, Tone.WARNING),
    ],
)
def test_a_delivery_says_how_it_is_doing(
    session: Session, owner: User, columns: dict[str, Any], condition: DeliveryCondition, tone: Tone
) -> None:
    status = delivery_status(one(owner, **columns))
    assert (status.condition, status.tone) == (condition, tone)


def test_only_a_delivery_that_is_retried_says_when_its_next_attempt_is(session: Session, owner: User) -> None:
    assert delivery_status(one(owner, **RETRIED)).next_attempt_at == NOON
    assert delivery_status(one(owner, **RETRIED | {"lease_token": "a pump"})).next_attempt_at is None
    assert delivery_status(one(owner, state="due", due_at=NOON)).next_attempt_at is None


@pytest.mark.parametrize(
    ("columns", "condition"),
    [
        ({"state": "due"}, DeliveryCondition.QUEUED),
        (RETRIED, DeliveryCondition.QUEUED),
        (RETRIED | {"due_at": clock.now() + timedelta(hours=3)}, DeliveryCondition.RETRYING),
    ],
)
def test_while_its_endpoint_is_paused_a_delivery_says_until_when(
    session: Session, owner: User, columns: dict[str, Any], condition: DeliveryCondition
) -> None:
    delivery, until = one(owner, **columns), clock.now() + timedelta(hours=6)
    delivery.endpoint.held_until = until
    assert delivery_status(delivery) == DeliveryStatus(condition, next_attempt_at=until)


@pytest.mark.parametrize("state", ["due", "blocked"])
def test_what_waits_for_an_endpoint_that_is_off_is_held_back(session: Session, owner: User, state: str) -> None:
    held_back = DeliveryStatus(DeliveryCondition.HELD_BACK)
    assert delivery_status(one(owner, active=False, **RETRIED | {"state": state})) == held_back


def test_what_is_over_stays_so_while_the_endpoint_is_off(session: Session, owner: User) -> None:
    over = delivery_status(one(owner, active=False, state="delivered", due_at=None))
    assert over.condition is DeliveryCondition.DELIVERED
